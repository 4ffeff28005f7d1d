"""Rejected rows as CSV for a spreadsheet, and the corrected CSV as Singer messages."""

from __future__ import annotations

import csv
import io
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from target_constant_contact.exceptions import CorrectionError
from target_constant_contact.mapping.paths import types_of
from target_constant_contact.reports.cells import (
    UnfitCellError,
    cell_of,
    is_formula,
    is_nullable,
    marked,
    value_of,
)
from target_constant_contact.reports.rejects import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from target_constant_contact.reports.rejected_rows import RejectedStream

BYTE_ORDER_MARK: Final = "\ufeff"
"""Excel takes a file without it for one of the machine's old encoding."""
DELIMITERS: Final = (",", ";", "\t")
_LONGEST_CELL: Final = 1 << 24


def as_csv(
    stream: RejectedStream,
    records: Iterable[Mapping[str, Any]],
    encode: Callable[[object], str],
    delimiter: str,
) -> Iterator[str]:
    """Rejected rows as the lines of a CSV file, with a byte order mark and a header.

    Args:
        stream: Their stream.
        records: The rows.
        encode: Encodes arrays and objects as JSON.
        delimiter: What stands between two cells.
    """
    yield BYTE_ORDER_MARK + _line(map(_heading, stream.columns), delimiter)
    for record in records:
        cells = []
        for name in stream.columns:
            value = record.get(name)
            cells.append(_said(value) if name in COLUMNS else cell_of(value, encode))
        yield _line(cells, delimiter)


def from_csv(path: Path, content: bytes, stream: RejectedStream) -> Iterator[dict[str, Any]]:
    """The rows of a corrected CSV file as Singer messages, SCHEMA first.

    Args:
        path: The file, for errors.
        content: What is in it, as a spreadsheet has saved it.
        stream: The stream of the rejects file that it was made from.

    Raises:
        CorrectionError: It cannot be read, or cells are not what their columns take.
    """
    faults: list[str] = []
    records = list(_Reading(path, content, stream).records(faults))
    if faults:
        raise CorrectionError(path, faults)
    if not records:
        raise CorrectionError(path, ["there is no row in it"])
    yield stream.schema
    name = stream.schema["stream"]
    yield from ({"type": "RECORD", "stream": name, "record": record} for record in records)


class _Reading:
    """A CSV file that is read.

    Args:
        path: The file, for errors.
        content: What is in it.
        stream: The stream whose rows it holds.
    """

    def __init__(self, path: Path, content: bytes, stream: RejectedStream) -> None:
        self._path = path
        self._stream = stream
        self._known = {_heading(name): name for name in stream.columns}
        self._known |= {name: name for name in COLUMNS}
        self._text = _decoded(path, content)
        self._delimiter = max(DELIMITERS, key=self._known_headings)

    def records(self, faults: list[str]) -> Iterator[dict[str, Any]]:
        """The rows; what is wrong with them goes to ``faults``."""
        rows = iter(self._rows())
        names = self._header(next(rows, []))
        for number, cells in enumerate(rows, start=2):
            if any(cells):
                yield self._record(number, names, cells, faults)

    def _rows(self) -> list[list[str]]:
        limit = csv.field_size_limit(_LONGEST_CELL)
        # Strictly, because else a quote that is never closed would swallow the rows behind it.
        reader = csv.reader(
            io.StringIO(self._text, newline=""), delimiter=self._delimiter, strict=True
        )
        try:
            return list(reader)
        except csv.Error:
            fault = f"line {reader.line_num:,} is no CSV: a quote is not closed, or not doubled"
            raise CorrectionError(self._path, [fault]) from None
        finally:
            # It is one for the whole process.
            csv.field_size_limit(limit)

    def _known_headings(self, delimiter: str) -> int:
        first = csv.reader(io.StringIO(self._text, newline=""), delimiter=delimiter)
        try:
            return sum(self._heading_in(cell) in self._known for cell in next(first, []))
        except csv.Error:
            return 0

    def _heading_in(self, cell: str) -> str:
        """What a cell of the first row says; a name can have blanks at its ends itself."""
        return cell if cell in self._known else cell.strip()

    def _header(self, cells: list[str]) -> list[str]:
        """The names of the columns; blank for one that has neither name nor values.

        Raises:
            CorrectionError: A column is not one of the stream's, or there twice.
        """
        headings = [self._heading_in(cell) for cell in cells]
        if not any(heading in self._known for heading in headings):
            fault = (
                "its first row names no field of the rejected rows; keep that row as rejects --csv "
                "has written it, and name the run that the file is of"
            )
            raise CorrectionError(self._path, [fault])
        faults = [
            f"column {number:,} of the first row is no field of the rejected rows, which are "
            f"{', '.join(dict.fromkeys(self._known.values()))}; correct the heading, or name the "
            "run that the file is of"
            for number, heading in enumerate(headings, start=1)
            if heading and heading not in self._known
        ]
        names = [self._known.get(heading, "") for heading in headings]
        faults += [
            f"column {name} is there twice"
            for name in dict.fromkeys(filter(None, names))
            if names.count(name) > 1
        ]
        if faults:
            raise CorrectionError(self._path, faults)
        return names

    def _record(
        self, number: int, names: list[str], cells: list[str], faults: list[str]
    ) -> dict[str, Any]:
        record: dict[str, Any] = {}
        if any(islice(cells, len(names), None)):
            faults.append(f"row {number:,} has more cells than the first row")
        for name, cell in zip(names, cells, strict=False):
            if not name and cell:
                faults.append(f"row {number:,} has a value in a column without a heading")
            if not name or name in COLUMNS:
                continue
            try:
                self._read(record, name, cell)
            except UnfitCellError as error:
                faults.append(f"row {number:,}, column {name}: {error}")
        return record

    def _read(self, record: dict[str, Any], name: str, cell: str) -> None:
        described = self._stream.fields[name]
        if cell:
            comma = self._delimiter == ";"
            record[name] = value_of(cell, described, decimal_comma=comma)
        elif is_nullable(described):
            record[name] = None
        elif "string" in types_of(described):
            record[name] = ""


def _heading(name: str) -> str:
    """A name as the heading of a column."""
    return marked(name) if is_formula(name) else name


def _said(value: object) -> str:
    """What the file says of a row: it is not read back, so only formulas are marked."""
    text = "" if value is None else str(value)
    return marked(text) if is_formula(text) else text


def _line(cells: Iterable[str], delimiter: str) -> str:
    written = io.StringIO(newline="")
    csv.writer(written, delimiter=delimiter).writerow(list(cells))
    return written.getvalue()


def _decoded(path: Path, content: bytes) -> str:
    is_utf16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        return content.decode("utf-16" if is_utf16 else "utf-8-sig")
    except UnicodeDecodeError:
        fault = "it is not UTF-8; save it as CSV UTF-8 in the spreadsheet"
        raise CorrectionError(path, [fault]) from None
