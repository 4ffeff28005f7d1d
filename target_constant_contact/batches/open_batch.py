"""Batches that still take contacts, and know the exact bytes of the body that will be sent."""

from __future__ import annotations

import csv
import io
from abc import ABC, abstractmethod
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, ClassVar, Final

from typing_extensions import override

from target_constant_contact.batches.batch import ImportBatch, decode_contact, encode_contact
from target_constant_contact.batches.fingerprints import fingerprints
from target_constant_contact.batches.open_contacts import OpenContacts

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from target_constant_contact.batches.batch import (
        BatchLimits,
        Destination,
        ImportFormat,
        SmsPermission,
    )

_MULTIPART_RESERVE: Final = 4_096
"""Room for the parts around a CSV file: boundaries, headers and up to 50 list ids."""
_EOL: Final = "\n"
_TAIL: Final = b"]}"
_SAMPLE: Final = 25
"""Contacts from which the size of a CSV file is estimated."""


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


class OpenBatch(ABC):
    """A batch that still takes contacts; one contact per e-mail key.

    Contacts are held as encoded JSON, about a fifth of the memory of a dictionary.
    """

    __slots__ = (
        "contacts",
        "destination",
        "first_row",
        "limits",
        "number",
        "sms_permission",
        "weight",
    )

    _header_rows: ClassVar[int] = 0

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

    @abstractmethod
    def _note(self, columns: Mapping[str, None]) -> None:
        """Make room for columns."""

    @property
    def size(self) -> int:
        """Exact bytes of the body if the batch were sealed now."""
        return self._size(len(self.contacts), self.weight, {})

    @property
    def row_overhead(self) -> int:
        """Bytes that each contact takes beside its weight."""
        return self._overhead({})[1]

    @property
    def full(self) -> bool:
        """Whether no further contact fits, however small."""
        return len(self.contacts) + self._header_rows >= self.limits.rows

    def fits(self, contact: bytes, held: bytes | None = None) -> bool:
        """Whether the batch stays within its limits with a contact put in.

        Args:
            contact: The contact.
            held: The one whose place it takes, if any.
        """
        load, rows, weight = self.weigh([contact]), len(self.contacts), self.weight
        if held is None:
            rows += 1
        else:
            weight -= self.weigh([held]).total
        size = self._size(rows, weight + load.total, load.columns)
        return rows + self._header_rows <= self.limits.rows and size <= self.limits.size

    def has_room(self, load: Load) -> bool:
        """Whether it takes new contacts without being full, and without another column."""
        rows = len(self.contacts) + len(load.weights)
        return (
            rows + self._header_rows < self.limits.rows
            and self._has(load.columns)
            and self._size(rows, self.weight + load.total, {}) <= self.limits.size
        )

    def add(self, key: str, contact: bytes) -> None:
        """Add a contact with a new key."""
        load = self.weigh([contact])
        self._note(load.columns)
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

    def replace(self, key: str, contact: bytes) -> None:
        """Put a contact in the place of that with the same key."""
        load, held = self.weigh([contact]), self.contacts.replace(key, contact)
        self._note(load.columns)
        self.weight += load.total - self.weigh([held]).total

    def remove(self, key: str) -> None:
        """Take a contact out; its columns stay."""
        self.weight -= self.weigh([self.contacts.pop(key)]).total

    def _size(self, rows: int, weight: int, columns: Mapping[str, None]) -> int:
        """Bytes of a body of so many rows of this weight, with room for these columns too."""
        empty, row = self._overhead(columns)
        return empty + weight + rows * row

    @abstractmethod
    def _has(self, columns: Mapping[str, None]) -> bool:
        """Whether there is room for these columns."""

    @abstractmethod
    def _body(self, contacts: list[bytes]) -> bytes:
        """The body or file of all contacts."""

    def _csv_size(self, contacts: Sequence[bytes]) -> int:  # noqa: ARG002 - for JSON
        """About how large all contacts would be as CSV; 0 if that is what they are sent as."""
        return 0

    def seal(self) -> ImportBatch:
        """Return the batch as it is sent."""
        permission, contacts = self.sms_permission, self.contacts.encoded
        return ImportBatch(
            number=self.number,
            destination=self.destination,
            sms_permission=permission,
            rows=len(contacts),
            first_row=self.first_row,
            fingerprints=fingerprints(self.contacts.keys, contacts, permission),
            csv_size=self._csv_size(contacts),
            body=self._body(contacts),
        )


class JsonBatch(OpenBatch):
    """Contacts for ``POST /activities/contacts_json_import``.

    The size is that of the head, every contact, the commas between them, and the tail.
    """

    __slots__ = ("_empty", "_head")

    @override
    def _begin(self) -> None:
        request: dict[str, object] = {"list_ids": self.destination.list_ids}
        if self.sms_permission:
            request["sms_permission_to_send"] = self.sms_permission
        self._head = encode_contact(request)[:-1] + b',"import_data":['
        # The last contact has no comma.
        self._empty = len(self._head) + len(_TAIL) - 1

    @override
    @classmethod
    def weigh(cls, contacts: Sequence[bytes]) -> Load:
        lengths = list(map(len, contacts))
        return Load(lengths, sum(lengths), {})

    @override
    def _overhead(self, columns: Mapping[str, None]) -> tuple[int, int]:
        return self._empty, 1

    @override
    def _has(self, columns: Mapping[str, None]) -> bool:
        return True

    @override
    def _note(self, columns: Mapping[str, None]) -> None:
        pass

    @override
    def _body(self, contacts: list[bytes]) -> bytes:
        # The ends go to the first and the last contact, so that the body is copied once.
        first, last = self._head + contacts[0], contacts[-1]
        if len(contacts) == 1:
            return first + _TAIL
        return b",".join((first, *contacts[1:-1], last + _TAIL))

    @override
    def _csv_size(self, contacts: Sequence[bytes]) -> int:
        rows = len(contacts)
        sample = contacts[:: max(1, rows // _SAMPLE)]
        load = CsvBatch.weigh(sample)
        empty, row = CsvBatch.overhead_of(load.columns)
        return empty + rows * row + load.total * rows // len(sample)


class CsvBatch(OpenBatch):
    """Contacts for ``POST /activities/contacts_file_import``.

    Columns are the properties that its contacts have, so the header grows with them. The size
    is the header, every cell, and for each row its commas and its line end.
    """

    __slots__ = ("_columns", "_own_overhead")

    _header_rows = 1

    @override
    def _begin(self) -> None:
        self._columns: dict[str, None] = {}
        self._own_overhead = self.overhead_of(self._columns)

    @override
    @classmethod
    def weigh(cls, contacts: Sequence[bytes]) -> Load:
        properties = list(map(decode_contact, contacts))
        columns = dict.fromkeys(name for each in properties for name in each)
        cells = _cells([each.values() for each in properties])
        return Load(cells, sum(cells), columns)

    @override
    def _overhead(self, columns: Mapping[str, None]) -> tuple[int, int]:
        if self._has(columns):
            return self._own_overhead
        return self.overhead_of({**self._columns, **columns})

    @override
    def _has(self, columns: Mapping[str, None]) -> bool:
        return columns.keys() <= self._columns.keys()

    @override
    def _note(self, columns: Mapping[str, None]) -> None:
        if not self._has(columns):
            self._columns.update(columns)
            self._own_overhead = self.overhead_of(self._columns)

    @staticmethod
    def overhead_of(columns: Mapping[str, None]) -> tuple[int, int]:
        """Bytes of a file of these columns without rows, and of the separators of each row.

        The room that is kept for the other parts of the request is among the first.
        """
        separators = (len(columns) - 1) + len(_EOL)
        return sum(_cells([columns])) + separators + _MULTIPART_RESERVE, separators

    @override
    def _body(self, contacts: list[bytes]) -> bytes:
        file = io.StringIO()
        writer = csv.DictWriter(file, self._columns, lineterminator=_EOL)
        writer.writeheader()
        writer.writerows(map(decode_contact, contacts))
        return file.getvalue().encode()


def _cells(rows: Sequence[Collection[object]]) -> list[int]:
    """Bytes of each row's values as CSV cells, quoted where the csv module quotes."""
    written: list[str] = []
    # The writer hands over every row in one piece.
    csv.writer(SimpleNamespace(write=written.append), lineterminator=_EOL).writerows(rows)
    return [
        len(text.encode()) - max(len(row) - 1, 0) - len(_EOL)
        for text, row in zip(written, rows, strict=True)
    ]


BATCH_TYPES: Final[Mapping[ImportFormat, type[OpenBatch]]] = {"json": JsonBatch, "csv": CsvBatch}
