"""Records that are taken together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from target_constant_contact.batches.batch import Route
    from target_constant_contact.contacts.contact import Rejection


@dataclass(frozen=True, slots=True)
class Chunk:
    """Records in the order in which they came, mapped.

    Attributes:
        routes: Where each of them goes.
        keys: E-mail keys.
        bodies: Encoded contacts.
        unfit: Positions of those that cannot be sent, in ascending order.
        dropped: Values that are left out, by the position of their record.
        dates: Columns of dates whose order of day and month has to be looked at, by stream and
            record field.
    """

    routes: Sequence[Route]
    keys: Sequence[str]
    bodies: Sequence[bytes]
    unfit: Sequence[int]
    dropped: Mapping[int, Sequence[Rejection]] = field(default_factory=dict)
    dates: Mapping[tuple[str, str], Sequence[Any]] = field(default_factory=dict)
