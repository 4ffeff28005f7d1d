"""Values of records as cells of a spreadsheet, and back; pure.

A spreadsheet does not leave cells alone: what begins with ``=`` it executes, ``01234`` loses its
zero, ``04/05/1980`` becomes a date and is saved in another order, ``1.10`` is the first of October
in Germany. So everything that it could take for something else than text has an apostrophe before
it, which is taken off on the way back.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from target_constant_contact.mapping.paths import branches, types_of
from target_constant_contact.mapping.values import UnfitValueError, plain_text

if TYPE_CHECKING:
    from collections.abc import Callable

_MARK: Final = "'"
_FORMULA: Final = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
"""What a cell begins with that is executed: https://owasp.org/www-community/attacks/CSV_Injection.
"""
_PLAIN: Final = re.compile(r"0|-?[1-9][0-9]{0,10}", re.ASCII)
"""Whole numbers that every spreadsheet saves as it has read them."""
_DIGIT: Final = re.compile(r"\d")
_BOOLEANS: Final = {"true": True, "false": False, "1": True, "0": False}
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,400}(\.[0-9]{1,400})?(e[+-]?[0-9]{1,3})?", re.ASCII)
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_MEANT: Final = {
    "array": "an array as JSON, such as [1, 2]",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "object": 'an object as JSON, such as {"a": 1}',
}


class UnfitCellError(Exception):
    """A cell is not what its column takes; the message says what that is, and does not quote it."""


def is_formula(text: str) -> bool:
    """Whether a spreadsheet would execute a text."""
    return text.lstrip(" ").startswith(_FORMULA)


def marked(text: str) -> str:
    """A text as a cell that a spreadsheet leaves alone."""
    return f"{_MARK}{text}" if _is_in_danger(text) else text


def unmarked(cell: str) -> str:
    """The text of a cell, as :func:`marked` has got it."""
    return cell[1:] if cell.startswith(_MARK) and _is_in_danger(cell[1:]) else cell


def _is_in_danger(text: str) -> bool:
    # Apostrophes do not count, so that those of the text itself are told from the mark.
    core = text.lstrip(_MARK)
    if _PLAIN.fullmatch(core) or core.startswith(("[", "{")):
        return False
    if is_formula(core) or core.strip().lower() in _BOOLEANS:
        return True
    # Where there is an at sign further on, it is an address, and stays one.
    return "@" not in core and bool(_DIGIT.search(core))


def cell_of(value: Any, encode: Callable[[object], str]) -> str:
    """A value of a record as a cell.

    Args:
        value: The value.
        encode: Encodes arrays and objects as JSON.
    """
    if value is None:
        return ""
    text = encode(value) if isinstance(value, (dict, list)) else _text(value)
    # UTF-8 has no halves of characters.
    return marked(_SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text))


def _text(value: Any) -> str:
    # A number of a column that takes texts comes back as a text: as the one that would be sent.
    with suppress(UnfitValueError):
        return value if isinstance(value, str) else plain_text(value)
    return str(value)


def value_of(cell: str, described: Any, *, decimal_comma: bool) -> Any:
    """The value that a cell stands for, by what the schema says of its column.

    Args:
        cell: What stands there; not empty.
        described: The schema of the column.
        decimal_comma: Fractions are written with a comma.

    Raises:
        UnfitCellError: The column takes something else.
    """
    text = unmarked(cell)
    types = types_of(described)
    says_nothing = not types & {"string", *_MEANT}
    may_be_json = says_nothing or types & {"array", "object"}
    if may_be_json and text.lstrip().startswith(("[", "{")):
        with suppress(ValueError, RecursionError):
            return json.loads(text, parse_float=Decimal)
    if "string" in types or says_nothing:
        return text
    word = text.strip().lower()
    if "boolean" in types and word in _BOOLEANS:
        return _BOOLEANS[word]
    number = _number(word.replace(",", ".") if decimal_comma else word, types)
    if number is not None:
        return number
    meant = " or ".join(_MEANT[kind] for kind in sorted(types & _MEANT.keys()))
    raise UnfitCellError(f"takes {meant}")


def is_nullable(described: Any) -> bool:
    """Whether a column takes null: its schema says so, or says nothing."""
    kinds = [branch["type"] for branch in branches(described) if branch.get("type")]
    return not kinds or any("null" in ([kind] if isinstance(kind, str) else kind) for kind in kinds)


def _number(word: str, types: set[str]) -> int | Decimal | None:
    if not types & {"integer", "number"} or not _NUMBER.fullmatch(word):
        return None
    number = Decimal(word)
    is_whole = number == number.to_integral_value()
    if is_whole and ("number" not in types or "." not in word):
        return int(number)
    return number if "number" in types else None
