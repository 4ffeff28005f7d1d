"""Contacts as rows of a CSV file, each behind a hash of its columns.

A contact is one line: the hash, a NUL character, a comma, the row. The columns are all properties
that a mapping can make, so the same values are always the same bytes, and most rows can be put into
a file as they are. What would not be one line, or cannot be told from that, has no such form. Which
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

_END: Final = b"\0,"
_COMMA: Final = b","
_QUOTE: Final = b'"'
_names: Final[dict[bytes, tuple[str, ...]]] = {}
# The columns in which a row has had a value: a mapping may have some that are always blank, which
# need not be looked for in every row.
_used: Final[defaultdict[tuple[str, ...], set[int]]] = defaultdict(set)
_UNFIT_MARKS: Final = ("\0", "\r", "\n")
_UNFIT: Final = re.compile(f"[{''.join(_UNFIT_MARKS)}]")
_NUMBERS: Final = ("birthday_month", "birthday_day")
_TEXT_OF: Final[dict[Any, str]] = {"": "", **{day: str(day) for day in range(1, 32)}}


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
    if head is None:
        return None
    # What lies between two that begin with the same begins with it, too.
    return head if min(contacts).startswith(head) and max(contacts).startswith(head) else None


def head_in(contact: bytes) -> bytes | None:
    """What a contact begins with; None when it is no row."""
    head, end, _ = contact.partition(_END)
    return head + end if end else None


def columns_in(contacts: Iterable[bytes], head: bytes) -> dict[str, None]:
    """The columns in which one of these rows has a value; nearly always, a few rows show all."""
    names = names_of(head)
    used = _used[names]
    missing: Collection[int] = used
    for contact in contacts:
        line = contact[len(head) :]
        cells = _values(line) if _QUOTE in line else line.split(_COMMA)
        missing = [place for place in missing if not cells[place]]
        if not missing:
            break
    return {
        name: None for place, name in enumerate(names) if place in used and place not in missing
    }


def without_columns(lines: Iterable[bytes], has: Sequence[bool]) -> Iterator[bytes]:
    """Rows without some of their columns."""
    for line in lines:
        if _QUOTE in line:
            yield csv_line(compress(_values(line), has)).encode()
        else:
            yield _COMMA.join(compress(line.split(_COMMA), has))


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
        columns: The values of each column, an empty text where a contact has none.
        names: Names of the columns.
    """
    head = head_of(names)
    if head is None:
        return None
    written = [_written(name, column) for name, column in zip(names, columns, strict=True)]
    if None in written:
        return None
    used = _used[names]
    used.update(place for place, column in enumerate(columns) if place not in used and any(column))
    # The head comes as a column of its own, without the comma that joining puts behind it.
    heads = repeat(head[:-1].decode(), len(columns[0]))
    return list(map(str.encode, map(",".join, zip(heads, *written, strict=True))))


def decode_row(contact: bytes) -> dict[str, str | int]:
    """The properties of a contact that was encoded as a row."""
    head, end, line = contact.partition(_END)
    named = zip(names_of(head + end), _values(line), strict=True)
    return {name: int(value) if name in _NUMBERS else value for name, value in named if value}


def _values(line: bytes) -> list[str]:
    """The values of a row; without a quotation mark in it, they are what is between commas."""
    (values,) = csv.reader([line.decode()])
    return values


def _written(name: str, column: Sequence[Any]) -> Sequence[str] | None:
    """The cells of a column as they are written; None when one of them is no part of a line."""
    if name in _NUMBERS:
        return list(map(_TEXT_OF.__getitem__, column))
    joined = "".join(column)
    if any(mark in joined for mark in _UNFIT_MARKS):
        return None
    if '"' in joined:
        column = [text.replace('"', '""') for text in column]
    elif "," not in joined:
        return column
    return [f'"{text}"' if "," in text or '"' in text else text for text in column]
