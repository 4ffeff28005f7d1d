"""Batches of contacts that fit one import request to the byte.

A request may carry at most 40,000 rows and less than 4 MB; whatever lies beyond is dropped by the
service without a word, so a batch counts the exact bytes of the body that will be sent.
Source: https://developer.constantcontact.com/api_guide/contacts_import_json.html
"""

from __future__ import annotations

import csv
import io
from abc import ABC, abstractmethod
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, ClassVar, Final, Literal, TypeAlias

import msgspec
from typing_extensions import override

from target_constant_contact.fingerprints import fingerprints

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

MAX_BODY_BYTES: Final = 4_000_000
"""The service's "4 MB", read as the smaller of its two meanings."""
MAX_ROWS: Final = 40_000
"""Contacts in one JSON import; in a CSV import the header line counts as one of them."""

ImportFormat: TypeAlias = Literal["json", "csv"]
SmsPermission: TypeAlias = Literal["explicit"] | None

_MULTIPART_RESERVE: Final = 4_096
"""Room for the parts around a CSV file: boundaries, headers and up to 50 list ids."""
_EOL: Final = "\n"
_SAMPLE: Final = 25
"""Contacts from which the size of a CSV file is estimated."""

encode_contact: Final = msgspec.json.Encoder().encode
"""Encodes contact properties (a mapping, or a struct of them) as compact UTF-8 JSON."""
decode_contact: Final = msgspec.json.Decoder(dict[str, str | int]).decode
"""The properties of an encoded contact."""


def sms_permission(number: str | int | None, consent_date: str | int | None) -> SmsPermission:
    """The SMS permission that a contact needs; it is set for a whole request.

    ``explicit`` is only ever claimed for a person whose date of consent is known. A number
    without one is imported with the service's default, ``not_set``, and gets no messages.
    """
    return "explicit" if number is not None and consent_date is not None else None


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a row goes: one stream's members to one set of lists.

    Attributes:
        stream: Name of the stream, after stream maps.
        list_ids: UUIDs of the lists in a fixed order; empty for a row without a known list.
    """

    stream: str
    list_ids: tuple[str, ...] = ()


Slot: TypeAlias = tuple[Destination, SmsPermission]
"""What all contacts of a batch have in common."""


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """How much one batch may hold.

    Attributes:
        rows: Contacts in a batch.
        size: Bytes of the encoded body.
    """

    rows: int = MAX_ROWS
    size: int = 3_800_000


@dataclass(frozen=True, slots=True, eq=False)
class ImportBatch:
    """A sealed batch, ready to be sent.

    Attributes:
        number: Number of the batch in this run, in the order of opening.
        destination: Stream and lists of all its rows.
        sms_permission: ``explicit`` when its contacts come with a date of consent.
        rows: Number of contacts.
        first_row: Number of the earliest row of the run that it may hold.
        body: The encoded body (JSON) or file (CSV).
        fingerprints: E-mail key to the fingerprint of what is sent for it; tells whether two
            batches say different things about the same person.
        csv_size: About how many bytes its contacts would be as a CSV file; 0 in one.
    """

    number: int
    destination: Destination
    sms_permission: SmsPermission
    rows: int
    first_row: int
    body: bytes
    fingerprints: Mapping[str, int]
    csv_size: int = 0

    def contradicts(self, other: ImportBatch) -> bool:
        """Whether the two batches hold different values for one address."""
        mine, theirs = self.fingerprints, other.fingerprints
        if mine.keys().isdisjoint(theirs.keys()):
            return False
        return any(mine[key] != theirs[key] for key in mine.keys() & theirs.keys())


@dataclass(frozen=True, slots=True)
class Extension:
    """Contacts that could be added to a batch.

    Attributes:
        size: Bytes by which the batch would grow.
        carry_out: Adds them; nothing else may have been added in between.
    """

    size: int
    carry_out: Callable[[], None]


class OpenBatch(ABC):
    """A batch that still takes contacts; one contact per e-mail key.

    Contacts are held as encoded JSON, about a fifth of the memory of a dictionary.
    """

    __slots__ = ("contacts", "destination", "first_row", "limits", "number", "sms_permission")

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
        self.contacts: dict[str, bytes] = {}
        self._begin()

    @abstractmethod
    def _begin(self) -> None:
        """Set up the counting of bytes of an empty batch."""

    @property
    @abstractmethod
    def size(self) -> int:
        """Exact bytes of the body if the batch were sealed now."""

    @property
    def full(self) -> bool:
        """Whether no further contact fits, however small."""
        return len(self.contacts) + self._header_rows >= self.limits.rows

    @abstractmethod
    def fits(self, key: str, contact: bytes) -> bool:
        """Whether the batch stays within its limits with this contact put in (or replaced)."""

    @abstractmethod
    def put(self, key: str, contact: bytes) -> None:
        """Add a contact, or replace the one with the same key."""

    @classmethod
    def growth(cls, rows: int, size: int) -> int | None:  # noqa: ARG003 - for subclasses
        """Bytes by which any batch grows with further contacts.

        Args:
            rows: Contacts.
            size: Bytes of all of them, encoded.

        Returns:
            ``None`` when that depends on the batch and the contacts.
        """
        return None

    def has_room(self, rows: int, growth: int) -> bool:
        """Whether the batch takes so many further contacts and bytes without being full."""
        held = len(self.contacts) + self._header_rows
        return held + rows < self.limits.rows and self.size + growth <= self.limits.size

    @abstractmethod
    def extension(self, contacts: Mapping[str, bytes]) -> Extension | None:
        """Find out whether contacts that the batch does not hold yet fit, all of them.

        Returns:
            ``None`` when they do not fit, or would fill the batch to the last row.
        """

    @abstractmethod
    def remove(self, key: str) -> None:
        """Take a contact out."""

    @abstractmethod
    def _body(self) -> bytes:
        """The body or file of the contacts held now."""

    def _csv_size(self) -> int:
        """About how large the contacts would be in another format."""
        return 0

    def seal(self) -> ImportBatch:
        """Return the batch as it is sent."""
        permission = self.sms_permission
        return ImportBatch(
            number=self.number,
            destination=self.destination,
            sms_permission=permission,
            rows=len(self.contacts),
            first_row=self.first_row,
            body=self._body(),
            fingerprints=fingerprints(self.contacts, permission),
            csv_size=self._csv_size(),
        )


class JsonBatch(OpenBatch):
    """Contacts for ``POST /activities/contacts_json_import``."""

    __slots__ = ("_bytes", "_head")

    @override
    def _begin(self) -> None:
        request: dict[str, object] = {"list_ids": self.destination.list_ids}
        if self.sms_permission:
            request["sms_permission_to_send"] = self.sms_permission
        self._head = encode_contact(request)[:-1] + b',"import_data":['
        self._bytes = len(self._head) + len(b"]}") - len(b",")

    @property
    def size(self) -> int:
        """Exact bytes of the body."""
        return self._bytes

    def fits(self, key: str, contact: bytes) -> bool:
        """Whether rows and bytes stay within the limits."""
        held = self.contacts.get(key)
        if held is not None:
            return self._bytes + len(contact) - len(held) <= self.limits.size
        return (
            len(self.contacts) < self.limits.rows
            and self._bytes + len(contact) + 1 <= self.limits.size
        )

    def put(self, key: str, contact: bytes) -> None:
        """Add or replace a contact."""
        held = self.contacts.get(key)
        self._bytes += len(contact) + 1 if held is None else len(contact) - len(held)
        self.contacts[key] = contact

    @override
    @classmethod
    def growth(cls, rows: int, size: int) -> int:
        """Each brings a comma."""
        return size + rows

    def extension(self, contacts: Mapping[str, bytes]) -> Extension | None:
        """Add up the lengths."""
        size = self.growth(len(contacts), sum(map(len, contacts.values())))
        if not self.has_room(len(contacts), size):
            return None

        def carry_out() -> None:
            self.contacts.update(contacts)
            self._bytes += size

        return Extension(size, carry_out)

    def remove(self, key: str) -> None:
        """Take a contact out."""
        self._bytes -= len(self.contacts.pop(key)) + 1

    def _body(self) -> bytes:
        # The ends go to the first and the last contact, so that the body is copied once.
        contacts = list(self.contacts.values())
        if contacts:
            contacts[0] = self._head + contacts[0]
            contacts[-1] += b"]}"
            return b",".join(contacts)
        return self._head + b"]}"

    @override
    def _csv_size(self) -> int:
        step = max(1, len(self.contacts) // _SAMPLE)
        sample = [decode_contact(item) for item in islice(self.contacts.values(), 0, None, step)]
        columns = dict.fromkeys(name for each in sample for name in each)
        cells = sum(_cells(each.values()) for each in sample) * len(self.contacts)
        return CsvBatch.size_of(columns, len(self.contacts), cells // max(len(sample), 1))


class CsvBatch(OpenBatch):
    """Contacts for ``POST /activities/contacts_file_import``.

    Columns are the properties that its contacts have, so the header grows with them. The size
    is the header, every cell, and for each row its commas and its line end.
    """

    __slots__ = ("_cells", "_columns")

    _header_rows = 1

    @override
    def _begin(self) -> None:
        self._columns: dict[str, None] = {}
        self._cells = 0

    @property
    def size(self) -> int:
        """Exact bytes of the file, plus the room kept for the other parts of the request."""
        return self.size_of(self._columns, len(self.contacts), self._cells)

    def fits(self, key: str, contact: bytes) -> bool:
        """Whether lines (with the header) and bytes stay within the limits."""
        properties = decode_contact(contact)
        held = self.contacts.get(key)
        rows = len(self.contacts) + (held is None)
        cells = self._cells + _cells(properties.values()) - _cells_of(held)
        size = self.size_of(self._columns | dict.fromkeys(properties), rows, cells)
        return rows + self._header_rows <= self.limits.rows and size <= self.limits.size

    def put(self, key: str, contact: bytes) -> None:
        """Add or replace a contact."""
        properties = decode_contact(contact)
        self._cells += _cells(properties.values()) - _cells_of(self.contacts.get(key))
        self._columns.update(dict.fromkeys(properties))
        self.contacts[key] = contact

    def extension(self, contacts: Mapping[str, bytes]) -> Extension | None:
        """Write all of them as one file, to see how long it is."""
        rows = len(self.contacts) + len(contacts)
        if rows + self._header_rows >= self.limits.rows:
            return None
        properties = list(map(decode_contact, contacts.values()))
        columns = self._columns | dict.fromkeys(name for each in properties for name in each)
        cells = self._cells + sum(_cells(each.values()) for each in properties)
        size = self.size_of(columns, rows, cells)
        if size > self.limits.size:
            return None

        def carry_out() -> None:
            self.contacts.update(contacts)
            self._columns = columns
            self._cells = cells

        return Extension(size - self.size, carry_out)

    def remove(self, key: str) -> None:
        """Take a contact out; its columns stay."""
        self._cells -= _cells_of(self.contacts.pop(key))

    @staticmethod
    def size_of(columns: Mapping[str, None], rows: int, cells: int) -> int:
        """Bytes of a file of these columns and rows, whose cells have so many bytes together."""
        separators = (len(columns) - 1) + len(_EOL)
        return _cells(columns) + cells + (rows + 1) * separators + _MULTIPART_RESERVE

    def _body(self) -> bytes:
        file = io.StringIO()
        writer = csv.DictWriter(file, self._columns, lineterminator=_EOL)
        writer.writeheader()
        writer.writerows(map(decode_contact, self.contacts.values()))
        return file.getvalue().encode()


def _cells_of(contact: bytes | None) -> int:
    return 0 if contact is None else _cells(decode_contact(contact).values())


def _cells(values: Iterable[object]) -> int:
    """Bytes of the values as CSV cells, quoted where the csv module quotes, without commas."""
    cells = list(values)
    if not cells:
        return 0
    file = io.StringIO()
    csv.writer(file, lineterminator=_EOL).writerow(cells)
    return len(file.getvalue().encode()) - (len(cells) - 1) - len(_EOL)


BATCH_TYPES: Final[Mapping[ImportFormat, type[OpenBatch]]] = {"json": JsonBatch, "csv": CsvBatch}
