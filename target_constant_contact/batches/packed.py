"""What adding a row to the open batches has led to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from target_constant_contact.batches.batch import Destination, ImportBatch
    from target_constant_contact.batches.list_group import ListGroup


@dataclass(slots=True)
class Packed:
    """What adding a row has led to.

    Attributes:
        merged: The row joined an earlier row of the same destination.
        too_large: The contact alone exceeds the byte limit; it was not taken.
        opened: Batches that now hold rows, with the earliest row that each may hold.
        sealed: Batches to be sent now, in this order.
        emptied: Numbers of batches that hold nothing any more.
        by_list: Batches to be sent packed by list, after those that are sealed.
        joined: Rows that have turned out to be further ones of people in a batch.
    """

    merged: bool = False
    too_large: bool = False
    opened: list[tuple[int, int]] = field(default_factory=list)
    sealed: list[ImportBatch] = field(default_factory=list)
    emptied: list[int] = field(default_factory=list)
    by_list: list[ListGroup] = field(default_factory=list)
    joined: list[tuple[Destination, int]] = field(default_factory=list)
