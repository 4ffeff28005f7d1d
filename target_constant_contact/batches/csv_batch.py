"""Batches that are sent as a CSV file."""

from __future__ import annotations

import csv
import io
from operator import itemgetter
from typing import TYPE_CHECKING, Final

from typing_extensions import override

from target_constant_contact.batches.open_batch import Load, OpenBatch
from target_constant_contact.contacts.csv_rows import (
    EOL,
    columns_in,
    common_head,
    csv_line,
    names_of,
    without_columns,
)
from target_constant_contact.contacts.encoding import decode_contact

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_MULTIPART_RESERVE: Final = 4_096
"""Room for the parts around a CSV file: boundaries, headers and up to 50 list ids."""


class CsvBatch(OpenBatch):
    """Contacts for ``POST /activities/contacts_file_import``.

    Columns are the properties that its contacts have, so the header grows with them. The size
    is the header, every cell, and for each row its commas and its line end.
    """

    __slots__ = ("_columns", "_own_overhead")

    header_rows = 1

    @override
    def _begin(self) -> None:
        self._columns: dict[str, None] = {}
        self._own_overhead = self.overhead_of(self._columns)

    @override
    @classmethod
    def weigh(cls, contacts: Sequence[bytes]) -> Load:
        head = common_head(contacts)
        if head is None:
            return _weigh_one_by_one(contacts)
        names = names_of(head)
        around = len(head) + len(names) - 1
        weights = [length - around for length in map(len, contacts)]
        return Load(weights, sum(weights), columns_in(contacts, head))

    @override
    def _overhead(self, columns: Mapping[str, None]) -> tuple[int, int]:
        if self._has(columns):
            return self._own_overhead
        return self.overhead_of({**self._columns, **columns})

    def _has(self, columns: Mapping[str, None]) -> bool:
        return columns.keys() <= self._columns.keys()

    @property
    @override
    def columns(self) -> Mapping[str, None]:
        return self._columns

    @override
    def make_room(self, columns: Mapping[str, None]) -> None:
        if not self._has(columns):
            self._columns.update(columns)
            self._own_overhead = self.overhead_of(self._columns)

    @staticmethod
    def overhead_of(columns: Mapping[str, None]) -> tuple[int, int]:
        """Bytes of a file of these columns without rows, and of the separators of each row.

        The room that is kept for the other parts of the request is among the first.
        """
        separators = (len(columns) - 1) + len(EOL)
        header = len(csv_line(columns).encode()) + len(EOL) if columns else 0
        return header + _MULTIPART_RESERVE, separators

    @override
    def _body(self, contacts: list[bytes]) -> bytes:
        head = common_head(contacts)
        names = names_of(head) if head else ()
        if head is None or not self._columns.keys() <= set(names):
            return self._written_one_by_one(contacts)
        rows: Iterable[bytes] = map(itemgetter(slice(len(head), None)), contacts)
        if len(self._columns) < len(names):
            rows = without_columns(rows, [name in self._columns for name in names])
        header = csv_line(name for name in names if name in self._columns)
        return b"\n".join((header.encode(), *rows, b""))

    def _written_one_by_one(self, contacts: list[bytes]) -> bytes:
        file = io.StringIO()
        writer = csv.DictWriter(file, self._columns, lineterminator=EOL)
        writer.writeheader()
        writer.writerows(map(decode_contact, contacts))
        return file.getvalue().encode()

    @override
    def _csv_size(self, contacts: Sequence[bytes]) -> int:
        return 0


def _weigh_one_by_one(contacts: Sequence[bytes]) -> Load:
    properties = list(map(decode_contact, contacts))
    columns = dict.fromkeys(name for each in properties for name in each)
    weights = [len(csv_line(each.values()).encode()) - (len(each) - 1) for each in properties]
    return Load(weights, sum(weights), columns)
