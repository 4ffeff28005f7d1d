"""Contacts as rows of a CSV file, each behind a hash of its columns.

A contact is one line: the hash, a NUL character, the row. The columns are all properties that a
mapping can make, so the same values are always the same bytes, and most rows can be put into a
file as they are. What would not be one line, or cannot be told from that, has no such form. Which
columns a hash stands for is known to the process that has made the row; none is kept for another.
"""

from __future__ import annotations

import csv
import re
from base64 import b64encode
from collections import defaultdict
from functools import lru_cache
from hashlib import blake2b
from itertools import compress, repeat
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from target_constant_contact.contacts.contact import Properties

EOL: Final = "\n"
"""The end of a line of a CSV file."""

_END: Final = b"\0"
_names: Final[dict[bytes, tuple[str, ...]]] = {}
# The columns in which a row has had a value: a mapping may have some that are always blank, which
# need not be looked for in every row.
_used: Final[defaultdict[tuple[str, ...], set[int]]] = defaultdict(set)
_UNFIT: Final = re.compile("[\0\r\n]")
_UNFIT_BYTES: Final = (b"\0", b"\r", b"\n")
_NUMBERS: Final = ("birthday_month", "birthday_day")
_TEXT_OF: Final[dict[Any, str]] = {None: "", "": "", **{day: str(day) for day in range(1, 32)}}


def csv_line(values: Iterable[object]) -> str:
    """One row of a CSV file without its end, quoted where the csv module quotes."""
    written: list[str] = []
    # The writer hands over every row in one piece.
    csv.writer(SimpleNamespace(write=written.append), lineterminator=EOL).writerow(values)
    return written[0].removesuffix(EOL)


@lru_cache(maxsize=64)
def head_of(names: tuple[str, ...]) -> bytes | None:
    """What a row of these columns begins with, in every process; None when there can be none.

    A mobile number is looked for in a row as in JSON, so its name is there as in JSON.
    """
    if _UNFIT.search(csv_line(names)):
        return None
    shown = b'"sms_number"' if "sms_number" in names else b""
    digest = blake2b(EOL.join(names).encode(), digest_size=9).digest()
    head = shown + b64encode(digest) + _END
    _names[head] = names
    return head


def names_of(head: bytes) -> tuple[str, ...]:
    """The columns of rows that begin with this, which this process has made."""
    return _names[head]


def common_head(contacts: Sequence[bytes]) -> bytes | None:
    """What all of these contacts begin with; None when not all of them are rows of one kind."""
    head = head_in(contacts[0]) if contacts else None
    same = head is not None and all(map(bytes.startswith, contacts, repeat(head)))
    return head if same else None


def head_in(contact: bytes) -> bytes | None:
    """What a contact begins with; None when it is no row."""
    head, end, _ = contact.partition(b"\0")
    return head + end if end else None


def columns_in(contacts: Iterable[bytes], head: bytes) -> dict[str, None]:
    """The columns in which one of these rows has a value; nearly always, a few rows show all."""
    names = names_of(head)
    used = _used[names]
    missing: Collection[int] = used
    for cells in _cells((contact[len(head) :] for contact in contacts), len(names)):
        missing = [place for place in missing if not cells[place]]
        if not missing:
            break
    return {
        name: None for place, name in enumerate(names) if place in used and place not in missing
    }


def without_columns(lines: Iterable[bytes], has: Sequence[bool]) -> Iterator[bytes]:
    """Rows without some of their columns."""
    for cells in _cells(lines, len(has)):
        yield b",".join(compress(cells, has))


def encode_row(properties: Properties, names: tuple[str, ...]) -> bytes | None:
    """Encode a contact of these columns; None when it has no such form."""
    head = head_of(names)
    if head is None or not properties.keys() <= set(names):
        return None
    values = [properties.get(name, "") for name in names]
    line = csv_line(values)
    if _UNFIT.search(line):
        return None
    _used[names].update(place for place, value in enumerate(values) if value)
    return head + line.encode()


def encode_rows(columns: Sequence[Sequence[Any]], names: tuple[str, ...]) -> list[bytes] | None:
    """Encode many contacts, column by column, as `encode_row` does; None when one has no such form.

    Args:
        columns: The values of each column, ``None`` where a contact has none.
        names: Names of the columns.
    """
    head = head_of(names)
    if head is None:
        return None
    texts = [_texts(name, column) for name, column in zip(names, columns, strict=True)]
    lines = _lines(texts)
    joined = b"".join(lines)
    if b'"' in joined or joined.count(b",") != len(lines) * (len(names) - 1):
        lines = _lines([_quoted(column) for column in texts])
    if any(each in joined for each in _UNFIT_BYTES):
        return None
    used = _used[names]
    used.update(place for place, column in enumerate(texts) if place not in used and any(column))
    return [head + line for line in lines]


def decode_row(contact: bytes) -> dict[str, str | int]:
    """The properties of a contact that was encoded as a row."""
    head, end, line = contact.partition(b"\0")
    (values,) = csv.reader([line.decode()])
    named = zip(names_of(head + end), values, strict=True)
    return {name: int(value) if name in _NUMBERS else value for name, value in named if value}


def _cells(lines: Iterable[bytes], columns: int) -> Iterator[list[bytes]]:
    """The cells of rows as they are written."""
    for line in lines:
        cells = line.split(b",")
        if len(cells) > columns:
            # There are commas in some of them.
            (values,) = csv.reader([line.decode()])
            cells = [csv_line([value]).encode() if value else b"" for value in values]
        yield cells


def _texts(name: str, column: Sequence[Any]) -> Sequence[str]:
    if name in _NUMBERS:
        return list(map(_TEXT_OF.__getitem__, column))
    return ["" if value is None else value for value in column] if None in column else column


def _lines(texts: Sequence[Sequence[str]]) -> list[bytes]:
    return list(map(str.encode, map(",".join, zip(*texts, strict=True))))


def _quoted(column: Sequence[str]) -> Sequence[str]:
    joined = EOL.join(column)
    if "," not in joined and '"' not in joined:
        return column
    return [
        '"' + text.replace('"', '""') + '"' if "," in text or '"' in text else text
        for text in column
    ]
