"""Rows of people who were erased are cut out of the files of rejected rows."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from target_constant_contact.data_folder import usable
from target_constant_contact.files import whole_file

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

# What may stand around an address in a text, such as in `Kay <kay@example.com>`, is no part of it.
_ADDRESS: Final = re.compile(r"[^\s@,;:<>()\[\]\"']+@[^\s@,;:<>()\[\]\"']+")


def erase_rows(path: Path, keys: Collection[str]) -> int:
    """Cut the rows out of a file of rejected rows in which an address of a person stands.

    The other lines stay as they are, byte by byte. A file without a row is deleted. No run may be
    writing it.

    Args:
        path: The file; nothing happens where there is none.
        keys: E-mail keys of the people.

    Returns:
        How many rows were cut out.

    Raises:
        StorageError: It cannot be read or written.
    """
    with usable(path):
        if not path.exists():
            return 0
        kinds = [_sort_of(line, keys) for line in _raw_lines(path)]
        erased = kinds.count("erased")
        if not erased:
            return 0
        if "row" not in kinds:
            path.unlink()
            return erased
        with whole_file(path) as file:
            file.writelines(
                line for line, kind in zip(_raw_lines(path), kinds, strict=True) if kind != "erased"
            )
        return erased


def _raw_lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from file


def _sort_of(line: bytes, keys: Collection[str]) -> str:
    """What a line of the file is: a row that stays, one that is erased, or nothing about people."""
    try:
        message = json.loads(line.decode("utf-8-sig"))
        found = _texts_in(message["record"]) if message["type"] == "RECORD" else iter(())
    except (ValueError, KeyError, TypeError, RecursionError):
        # A person may have edited it.
        found = iter((line.decode(errors="replace"),)) if line.strip() else iter(())
    texts = [*found]
    if any(_is_about(text, keys) for text in texts):
        return "erased"
    return "row" if texts else ""


def _is_about(text: str, keys: Collection[str]) -> bool:
    lower = text.lower()
    return lower.strip() in keys or any(
        each.rstrip(".") in keys for each in _ADDRESS.findall(lower)
    )


def _texts_in(value: Any) -> Iterator[str]:
    """All texts in a value, those that are names of fields as well."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, part in value.items():
            yield name
            yield from _texts_in(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts_in(part)
