"""Columns of numbers: their texts as single converters write them, made all at once."""

from __future__ import annotations

import re
from decimal import Decimal
from types import NoneType
from typing import TYPE_CHECKING, Any, Final

from target_constant_contact.mapping.values import only_text

if TYPE_CHECKING:
    from collections.abc import Sequence

_LONGEST: Final = 50  # characters; no property takes fewer
_WHOLE: Final = {int, NoneType}
_NUMBERS: Final = {int, float, Decimal, NoneType}
_NONE: Final = "None"
# Exponents, NaN and infinity, in the spellings of floats and decimals.
_UNUSUAL: Final = ("E", "e", "N", "n")
# Possessive groups match what they must not in Python 3.11.0 to 3.11.4, so there are none.
_PLAIN_TEXTS: Final = re.compile(r"(?:(?:-?(?:0|[1-9][0-9]{0,19})(?:\.[0-9]{1,20})?)?\n)*")
_ZEROS: Final = re.compile(r"\.0+\n")


def number_column(values: Sequence[Any]) -> list[str] | None:
    """The texts of numbers, as `plain_number` writes them, in about a tenth of the time.

    Returns:
        An empty text for a blank; ``None`` when there is anything unusual among them.
    """
    kinds = set(map(type, values))
    if not kinds <= _NUMBERS:
        return None
    try:
        texts = list(map(str, values))
    except ValueError:
        return None  # thousands of digits
    if len(max(texts, key=len, default="")) > _LONGEST:
        return None
    if kinds <= _WHOLE:
        return ["" if text == _NONE else text for text in texts]
    joined = "\n".join(texts) + "\n"
    if NoneType in kinds:
        joined = joined.replace(f"{_NONE}\n", "\n")
    if any(letter in joined for letter in _UNUSUAL):
        return None
    return _whole_without_point(joined)


def decimal_column(values: Sequence[Any]) -> list[str] | None:
    """The texts of numbers, of which all may be texts already, as `decimal_text` writes them.

    Returns:
        An empty text for a blank; ``None`` when there is anything unusual among them.
    """
    if not only_text(values):
        return number_column(values)
    joined = "\n".join([value or "" for value in values]) + "\n"
    if joined.count("\n") != len(values) or not _PLAIN_TEXTS.fullmatch(joined):
        return None
    return _whole_without_point(joined)


def _whole_without_point(lines: str) -> list[str] | None:
    """The numbers of some lines; a whole number has no decimal point."""
    if ".0" in lines:
        # Nearly all of these have one zero or two, which a pattern takes longer to find.
        lines = lines.replace(".00\n", "\n").replace(".0\n", "\n")
        if ".000" in lines:
            lines = _ZEROS.sub("\n", lines)
    if "-0\n" in lines:
        return None
    return lines.split("\n")[:-1]
