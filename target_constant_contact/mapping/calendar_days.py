"""The day that a value means, in the shapes of dates that taps emit.

The calendar date as it is written counts: no time zone is applied. Day and month are never
guessed. ``12/25/1980`` is read the US way, as Constant Contact documents it; ``25/12/1980`` is
refused, because the rest of such a column would be misread without anybody noticing.

A number is read by its size, since no tap says which unit it uses:

- eight digits are ``YYYYMMDD``;
- nine digits and more, up to 4,102,444,800 (the year 2100), are seconds since 1970 in UTC;
- larger ones, up to the year 2100, are milliseconds;
- anything else is refused, and so is a number that falls on midnight in both units. Shorter
  numbers may be days, ``MMDDYY`` or a year.
"""

from __future__ import annotations

import math
import re
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, TypeAlias

from target_constant_contact.mapping.values import EDGES, UnfitValueError, not_a_scalar

_Written: TypeAlias = tuple[int, int, int]
"""Year, month and day as written, possible or not; the year is 0 when there is none."""

_NO_DATE = "cannot be read as a date; write YYYY-MM-DD"
_IMPOSSIBLE = "is not a date of the calendar; write YYYY-MM-DD"
_DAY_FIRST = "is written day first, which is easily misread; write YYYY-MM-DD"
_EITHER_UNIT = "may be seconds or milliseconds; write YYYY-MM-DD"

_LONGEST = 64  # characters; bounds the time and the memory that one text can take
# A column of dates repeats itself: a century has 36,525 days. Bounded, because a column of times
# does not.
_REMEMBERED = 40_000
_EPOCH = date(1970, 1, 1)
_DAY_SECONDS = 86_400
_EIGHT_DIGITS = range(10_000_000, 100_000_000)
_SHORTEST_EPOCH = 100_000_000
_YEAR_2100 = 4_102_444_800  # seconds
_LATEST = _YEAR_2100 * 1000  # milliseconds
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
_SHAPES = tuple(
    re.compile(shape, re.ASCII | re.IGNORECASE)
    # Day and month by the separator: "-" and "/" are the US way, "." is the European one.
    for shape in (
        rf"(?P<y>\d{{4}})(?P<s>[-/.])(?P<m>\d{{1,2}})(?P=s)(?P<d>\d{{1,2}}){_TAIL}",
        rf"(?P<m>\d{{1,2}})(?P<us>[-/])(?P<d>\d{{1,2}})(?P=us)(?P<y>\d{{4}}){_TAIL}",
        rf"(?P<y>\d{{4}})(?P<m>\d{{2}})(?P<d>\d{{2}})(?:{_CLOCK}|T\d{{4,6}}(?:[.,]\d+)?){_ZONE}",
        rf"(?P<d>\d{{1,2}})\.\s?(?P<m>\d{{1,2}})\.\s?(?P<y>\d{{4}}){_TAIL}",
        rf"{_WEEKDAY}{_DAY_NAME}[\s-]+{_MONTH_NAME},?[\s-]+(?P<y>\d{{4}}){_TAIL}",
        rf"{_WEEKDAY}{_MONTH_NAME}\s+{_DAY_NAME},?\s+(?P<y>\d{{4}}){_TAIL}",
    )
)
_YEARLESS = tuple(
    re.compile(shape, re.ASCII | re.IGNORECASE)
    for shape in (
        r"--(?P<m>\d{2})-?(?P<d>\d{2})",
        r"(?P<m>\d{1,2})(?P<us>[-/])(?P<d>\d{1,2})",
        rf"{_DAY_NAME}[\s-]+{_MONTH_NAME}",
        rf"{_MONTH_NAME}\s+{_DAY_NAME}",
    )
)
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?", re.ASCII)


def calendar_day(value: Any) -> date | None:
    """The date that a value holds; ``None`` for a blank.

    Raises:
        UnfitValueError: It is no date, an impossible one, or one that can be read in two ways.
    """
    if isinstance(value, str) and len(value) <= _LONGEST:
        found = _day_of_text(value)
    else:
        found = _day(_written(value))
    if isinstance(found, str):
        raise UnfitValueError(found)
    return found


def month_and_day(value: Any) -> tuple[int, int] | None:
    """Month and day of a birthday, whose year may be missing or made up; ``None`` for a blank.

    Raises:
        UnfitValueError: As for `calendar_day`; 29 February is possible in every year.
    """
    if isinstance(value, str) and len(value) <= _LONGEST:
        found = _month_and_day_of_text(value)
    else:
        found = _month_and_day(_written(value))
    if isinstance(found, str):
        raise UnfitValueError(found)
    return found


def is_month_and_day(month: int, day: int) -> bool:
    """Whether some year has this day."""
    try:
        # A leap year: 29 February is a birthday.
        date(2000, month, day)
    except (ValueError, OverflowError):
        return False
    return True


# Faults are returned and not raised, since only results are remembered.
@lru_cache(maxsize=_REMEMBERED)
def _day_of_text(text: str) -> date | str | None:
    return _day(_written(text))


@lru_cache(maxsize=_REMEMBERED)
def _month_and_day_of_text(text: str) -> tuple[int, int] | str | None:
    return _month_and_day(_written(text))


def _day(written: _Written | str | None) -> date | str | None:
    if not isinstance(written, tuple):
        return written
    try:
        return date(*written)
    except ValueError:
        return _IMPOSSIBLE


def _month_and_day(written: _Written | str | None) -> tuple[int, int] | str | None:
    if not isinstance(written, tuple):
        return written
    _, month, day = written
    return (month, day) if is_month_and_day(month, day) else _IMPOSSIBLE


def _written(value: Any) -> _Written | str | None:
    """The date as written, or what is wrong with it, or ``None`` for a blank."""
    if isinstance(value, str):
        text = value.strip(EDGES)
        return _read(text) if text else None
    if isinstance(value, date):
        return value.year, value.month, value.day
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        return _read_number(value)
    if isinstance(value, (list, tuple, dict)):
        return str(not_a_scalar(value))
    return _NO_DATE


def _read(text: str) -> _Written | str:
    if len(text) > _LONGEST:
        return _NO_DATE
    for shape in (*_SHAPES, *_YEARLESS):
        if match := shape.fullmatch(text):
            return _ordered(match.groupdict())
    return _read_number(Decimal(text)) if _NUMBER.fullmatch(text) else _NO_DATE


def _ordered(parts: dict[str, str | None]) -> _Written | str:
    month = _month(parts)
    if month is None:
        return _NO_DATE
    day = int(parts["d"] or 0)
    if parts.get("us") and day <= len(_MONTHS) < month:
        return _DAY_FIRST
    return int(parts.get("y") or 0), month, day


def _month(parts: dict[str, str | None]) -> int | None:
    """Number of the month as written; ``None`` for a word that is no month."""
    name = (parts.get("name") or "").lower()
    if not name:
        return int(parts["m"] or 0)
    names = (number for number, month in enumerate(_MONTHS, start=1) if month.startswith(name))
    return next(names, None)


def _read_number(number: float | Decimal) -> _Written | str:
    if not _is_finite(number) or not -_LATEST <= number <= _LATEST:
        return _NO_DATE
    whole: int = math.floor(number)
    if whole in _EIGHT_DIGITS and whole == number:
        return whole // 10_000, whole // 100 % 100, whole % 100
    if abs(whole) < _SHORTEST_EPOCH:
        return _NO_DATE
    if abs(whole) > _YEAR_2100:
        whole //= 1000
    elif whole % (_DAY_SECONDS * 1000) == 0:
        # Midnight as milliseconds too, so its size tells nothing.
        return _EITHER_UNIT
    day = _EPOCH + timedelta(days=whole // _DAY_SECONDS)
    return day.year, day.month, day.day


def _is_finite(number: float | Decimal) -> bool:
    # math.isfinite raises for a signalling NaN and for integers beyond the range of floats.
    if isinstance(number, Decimal):
        return number.is_finite()
    return isinstance(number, int) or math.isfinite(number)
