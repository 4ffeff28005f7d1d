"""Reads the file of an export of contacts."""

from __future__ import annotations

import csv
import io
from itertools import compress
from typing import IO, TYPE_CHECKING, Final

from target_constant_contact.exceptions import ApiError

if TYPE_CHECKING:
    from collections.abc import Iterator

_EMAIL_HEADERS: Final = ("emailaddress", "email")


def read_contacts(file: IO[bytes], what: str) -> Iterator[dict[str, str]]:
    """The contacts of an exported file, under its headers and the address as ``email``.

    Its headers are words for people and not documented; the e-mail column is found by the letters
    of its header, the others keep theirs. Where several have the same letters, as a custom field
    may be called as a property is, nobody knows which is which, and none is told. Contacts without
    an address are left out.

    Args:
        file: CSV.
        what: What error lines call it.

    Raises:
        ApiError: It is not such a file.
    """
    with io.TextIOWrapper(file, encoding="utf-8-sig", errors="replace", newline="") as text:
        try:
            yield from _contacts(csv.reader(text), what)
        except csv.Error:  # its words may quote a row
            raise ApiError(f"{what}: the file is not CSV", status=200) from None


def _contacts(rows: Iterator[list[str]], what: str) -> Iterator[dict[str, str]]:
    header = next(rows, [])
    plain = ["".join(filter(str.isalnum, name.casefold())) for name in header]
    column = next((plain.index(name) for name in _EMAIL_HEADERS if name in plain), None)
    if column is None:
        raise ApiError(f"{what}: the file has no column of e-mail addresses", status=200)
    header[column] = plain[column] = "email"
    told = [plain.count(name) == 1 for name in plain]
    names = [*compress(header, told)]
    for row in rows:
        if len(row) > column and row[column].strip():
            yield dict(zip(names, compress(row, told), strict=False)) | {"email": row[column]}
