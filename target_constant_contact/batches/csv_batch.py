"""Batches that are sent as a CSV file."""

from __future__ import annotations

import csv
import io
from types import SimpleNamespace
from typing import TYPE_CHECKING, Final

from typing_extensions import override

from target_constant_contact.batches.open_batch import Load, OpenBatch
from target_constant_contact.contacts.encoding import decode_contact

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

_MULTIPART_RESERVE: Final = 4_096
"""Room for the parts around a CSV file: boundaries, headers and up to 50 list ids."""
_EOL: Final = "\n"


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
        properties = list(map(decode_contact, contacts))
        columns = dict.fromkeys(name for each in properties for name in each)
        cells = _cells([each.values() for each in properties])
        return Load(cells, sum(cells), columns)

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
        separators = (len(columns) - 1) + len(_EOL)
        return sum(_cells([columns])) + separators + _MULTIPART_RESERVE, separators

    @override
    def _body(self, contacts: list[bytes]) -> bytes:
        file = io.StringIO()
        writer = csv.DictWriter(file, self._columns, lineterminator=_EOL)
        writer.writeheader()
        writer.writerows(map(decode_contact, contacts))
        return file.getvalue().encode()

    @override
    def _csv_size(self, contacts: Sequence[bytes]) -> int:
        return 0


def _cells(rows: Sequence[Collection[object]]) -> list[int]:
    """Bytes of each row's values as CSV cells, quoted where the csv module quotes."""
    written: list[str] = []
    # The writer hands over every row in one piece.
    csv.writer(SimpleNamespace(write=written.append), lineterminator=_EOL).writerows(rows)
    return [
        len(text.encode()) - max(len(row) - 1, 0) - len(_EOL)
        for text, row in zip(written, rows, strict=True)
    ]
