"""Records that are taken together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

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
    """

    routes: Sequence[Route]
    keys: Sequence[str]
    bodies: Sequence[bytes]
    unfit: Sequence[int]
    dropped: Mapping[int, Sequence[Rejection]] = field(default_factory=dict)
