"""The shapes in which texts write a date."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

NO_DATE: Final = "cannot be read as a date; write YYYY-MM-DD"
LONGEST: Final = 64
"""Characters; bounds the time and the memory that one text can take."""


class Written(NamedTuple):
    """A date as it is written, possible or not.

    Attributes:
        year: All four digits of the year; None when there are two, or none.
        month: The month.
        day: The day.
    """

    year: int | None
    month: int
    day: int


class Unordered(NamedTuple):
    """A date as it is written, of which only ``date_order`` says what is day and what is month.

    Attributes:
        year: As in `Written`.
        first: Month or day.
        second: The other one.
    """

    year: int | None
    first: int
    second: int


_MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july"),
    *("august", "september", "october", "november", "december"),
)
_WEEKDAY = r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?,?\s+)?"
_ZONE = r"\s*(?:Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?(?:\[[\w/+-]+\])?"
_CLOCK = r"(?:(?:T|,?\s+)\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?\s*(?:[AP]M)?)?"
_TAIL = _CLOCK + _ZONE
_DAY_NAME = r"(?P<d>\d{1,2})(?:st|nd|rd|th)?"
_MONTH_NAME = r"(?P<name>[a-z]{3,9})\.?"
_FIRST, _SECOND = r"(?P<first>\d{1,2})", r"(?P<second>\d{1,2})"
_DAY_MONTH = r"(?P<d>\d{1,2})\.\s?(?P<m>\d{1,2})\.\s?"
_TWO_DIGITS = rf"(?:,?[\s-]+\d\d{_TAIL})?"
_SHAPES = tuple(
    re.compile(shape, re.ASCII | re.IGNORECASE)
    for shape in (
        rf"(?P<y>\d{{4}})(?P<s>[-/.])(?P<m>\d{{1,2}})(?P=s)(?P<d>\d{{1,2}}){_TAIL}",
        rf"{_FIRST}(?P<s>[-/]){_SECOND}(?P=s)(?P<y>\d{{4}}){_TAIL}",
        rf"(?P<y>\d{{4}})(?P<m>\d{{2}})(?P<d>\d{{2}})(?:{_CLOCK}|T\d{{4,6}}(?:[.,]\d+)?){_ZONE}",
        rf"{_DAY_MONTH}(?P<y>\d{{4}}){_TAIL}",
        rf"{_WEEKDAY}{_DAY_NAME}[\s-]+{_MONTH_NAME},?[\s-]+(?P<y>\d{{4}}){_TAIL}",
        rf"{_WEEKDAY}{_MONTH_NAME}[\s-]+{_DAY_NAME},?[\s-]+(?P<y>\d{{4}}){_TAIL}",
        # Without a year, or with two digits of it.
        r"--(?P<m>\d{2})-?(?P<d>\d{2})",
        rf"{_FIRST}[-/]{_SECOND}",
        rf"{_FIRST}/{_SECOND}/\d\d{_TAIL}",
        # With dashes the year may come first, unless the last number cannot be a day.
        rf"{_FIRST}-{_SECOND}-(?:3[2-9]|[4-9]\d){_TAIL}",
        rf"{_DAY_MONTH}\d\d{_TAIL}",
        rf"{_WEEKDAY}{_DAY_NAME}[\s-]+{_MONTH_NAME}{_TWO_DIGITS}",
        rf"{_WEEKDAY}{_MONTH_NAME}[\s-]+{_DAY_NAME}{_TWO_DIGITS}",
    )
)


def date_in_text(text: str) -> Written | Unordered | str:
    """What a trimmed text writes, or why it is no date."""
    if len(text) > LONGEST:
        return NO_DATE
    for shape in _SHAPES:
        if match := shape.fullmatch(text):
            return _parts(match.groupdict())
    return NO_DATE


def _parts(parts: dict[str, str]) -> Written | Unordered | str:
    year = int(parts["y"]) if "y" in parts else None
    if "first" in parts:
        return Unordered(year, int(parts["first"]), int(parts["second"]))
    month = _month(parts["name"].lower()) if "name" in parts else int(parts["m"])
    return Written(year, month, int(parts["d"])) if month is not None else NO_DATE


def _month(name: str) -> int | None:
    """Number of a month, also by the beginning of its name; None for another word."""
    names = (number for number, month in enumerate(_MONTHS, start=1) if month.startswith(name))
    return next(names, None)
