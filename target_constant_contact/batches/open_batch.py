"""Batches that still take contacts, and know the exact bytes of the body that will be sent."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from target_constant_contact.batches.batch import ImportBatch
from target_constant_contact.batches.fingerprints import Fingerprints
from target_constant_contact.batches.open_contacts import OpenContacts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from target_constant_contact.batches.batch import BatchLimits, Destination
    from target_constant_contact.batches.pieces import Pieces
    from target_constant_contact.contacts.encoding import SmsPermission


@dataclass(frozen=True, slots=True)
class Load:
    """What contacts bring to a batch.

    Attributes:
        weights: Bytes that belong to each contact alone.
        total: Their sum.
        columns: Properties that need room of their own in a batch, in a fixed order.
    """

    weights: Sequence[int]
    total: int
    columns: Mapping[str, None]


NOTHING: Final = Load((), 0, {})
"""A batch without room for that is full."""


class OpenBatch(ABC):
    """A batch that still takes contacts; one contact per e-mail key.

    Contacts are held as encoded JSON, about a fifth of the memory of a dictionary.

    Attributes:
        header_rows: Rows of its body that are no contacts but count as rows.
        contacts: Those in memory; its others are in ``pieces``, if it has some.
        weight: Bytes that belong to all of its contacts alone.
        is_ordered: Contacts are in the order in which their rows came.
    """

    __slots__ = (
        "contacts",
        "destination",
        "first_row",
        "is_ordered",
        "limits",
        "number",
        "pieces",
        "sms_permission",
        "weight",
    )

    header_rows: ClassVar[int] = 0

    def __init__(
        self,
        number: int,
        destination: Destination,
        sms_permission: SmsPermission,
        first_row: int,
        limits: BatchLimits,
    ) -> None:
        self.number = number
        self.destination = destination
        self.sms_permission = sms_permission
        self.first_row = first_row
        self.limits = limits
        self.contacts = OpenContacts()
        self.weight = 0
        self.pieces: Pieces | None = None
        self.is_ordered = True
        self._begin()

    @abstractmethod
    def _begin(self) -> None:
        """Set up what an empty batch has."""

    @classmethod
    @abstractmethod
    def weigh(cls, contacts: Sequence[bytes]) -> Load:
        """Find out what contacts bring to any batch."""

    @abstractmethod
    def _overhead(self, columns: Mapping[str, None]) -> tuple[int, int]:
        """Bytes of an empty body with room for these columns too, and of a row without weight."""

    @property
    @abstractmethod
    def columns(self) -> Mapping[str, None]:
        """Properties that have room of their own."""

    @abstractmethod
    def make_room(self, columns: Mapping[str, None]) -> None:
        """Make room for properties."""

    @property
    def rows(self) -> int:
        """All of its contacts."""
        return len(self.contacts) + (self.pieces.rows if self.pieces else 0)

    @property
    def size(self) -> int:
        """Bytes of the body if the batch were sealed now: exact, unless somebody comes twice."""
        return self._size(self.rows, self.weight, {})

    @property
    def row_overhead(self) -> int:
        """Bytes that each contact takes beside its weight."""
        return self._overhead({})[1]

    def fits(self, contact: bytes) -> bool:
        """Whether the batch stays within its limits with a contact put in."""
        load, rows = self.weigh([contact]), self.rows + 1
        size = self._size(rows, self.weight + load.total, load.columns)
        return rows + self.header_rows <= self.limits.rows and size <= self.limits.size

    def has_room(self, load: Load) -> bool:
        """Whether it takes new contacts without being full, and without another column."""
        rows = self.rows + len(load.weights)
        # Not up to the limit: a batch that is full has to be sealed, which is not done here.
        return (
            rows + self.header_rows < self.limits.rows
            and load.columns.keys() <= self.columns.keys()
            and self._size(rows, self.weight + load.total, {}) <= self.limits.size
        )

    def add(self, key: str, contact: bytes) -> None:
        """Add a contact with a new key."""
        load = self.weigh([contact])
        self.make_room(load.columns)
        self.append(key, contact, load.total)

    def append(self, key: str, contact: bytes, weight: int) -> None:
        """Add a contact with a new key that needs no other column."""
        contacts = self.contacts
        contacts.keys.append(key)
        contacts.encoded.append(contact)
        self.weight += weight

    def extend(self, keys: Sequence[str], contacts: Sequence[bytes], load: Load) -> None:
        """Add contacts with new keys that need no other column."""
        self.contacts.keys += keys
        self.contacts.encoded += contacts
        self.weight += load.total

    def replace(self, key: str, contact: bytes) -> bool:
        """Put a contact in the place of that with the same key, if that fits."""
        load = self.weigh([contact, self.contacts[key]])
        weight = self.weight + load.weights[0] - load.weights[1]
        if self._size(self.rows, weight, load.columns) > self.limits.size:
            return False
        self.contacts.replace(key, contact)
        self.make_room(load.columns)
        self.weight = weight
        return True

    def remove(self, key: str) -> None:
        """Take a contact out; its columns stay."""
        self.weight -= self.weigh([self.contacts.pop(key)]).total

    def _size(self, rows: int, weight: int, columns: Mapping[str, None]) -> int:
        """Bytes of a body of so many rows of this weight, with room for these columns too."""
        empty, row = self._overhead(columns)
        return empty + weight + rows * row

    @abstractmethod
    def _body(self, contacts: list[bytes]) -> bytes:
        """The body or file of all contacts."""

    @abstractmethod
    def _csv_size(self, contacts: Sequence[bytes]) -> int:
        """About how large all contacts would be as CSV; 0 if that is what they are sent as."""

    def seal(
        self, said: Fingerprints | None = None, waits_for: frozenset[int] = frozenset()
    ) -> ImportBatch:
        """Return the batch as it is sent; all of its contacts are in memory.

        Args:
            said: Its fingerprints, if they are known already.
            waits_for: Numbers of the batches that have to be settled before it is sent.
        """
        permission, contacts = self.sms_permission, self.contacts.encoded
        return ImportBatch(
            number=self.number,
            destination=self.destination,
            sms_permission=permission,
            rows=len(contacts),
            first_row=self.first_row,
            fingerprints=said or Fingerprints.of(self.contacts.keys, contacts, permission),
            waits_for=waits_for,
            csv_size=self._csv_size(contacts),
            body=self._body(contacts),
        )
