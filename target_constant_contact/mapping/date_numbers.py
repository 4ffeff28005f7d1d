"""The date that a number means, by its size: no tap says which unit it uses."""

from __future__ import annotations

import math
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from target_constant_contact.mapping.date_texts import NO_DATE, Written

NO_DAY: Final = "is what sources write for 'no date' (the year 1 or 9999); clear it"
IMPOSSIBLE: Final = "is not a date of the calendar; write YYYY-MM-DD"

_EITHER_UNIT = "may be seconds or milliseconds; write YYYY-MM-DD"
_EITHER_SHAPE = "may be seconds or MMDDYYYY; write YYYY-MM-DD"
_TOO_SHORT = (
    "cannot be read as a date: so small a number may be days, a year, MMDDYY or seconds; "
    "write YYYY-MM-DD"
)
_EPOCH = date(1970, 1, 1)
_DAY = 86_400  # seconds
# All offsets of time zones are multiples of it, and so is midnight in each of them.
_QUARTER_HOUR = 900
_EIGHT_DIGITS = range(10_000_000, 100_000_000)
_SHORTEST_EPOCH = 100_000_000
_YEAR_2100 = 4_102_444_800  # seconds
_LATEST = _YEAR_2100 * 1000  # milliseconds
_BOUND = 10**15  # beyond the year 9999 in milliseconds
_FIRST_DAY, _LAST_DAY = ((day - _EPOCH).days for day in (date.min, date.max))
# Days since 1970; one more on each side, because time zones shift them.
_NO_DAYS = {
    *range(_FIRST_DAY - 1, _FIRST_DAY + 2),
    *range(_LAST_DAY - 1, _LAST_DAY + 2),
    (date(9999, 1, 1) - _EPOCH).days,
}


def date_in_number(number: float | Decimal) -> Written | str:
    """What a number writes, or why it is no date."""
    if not _is_finite(number) or not -_BOUND <= number <= _BOUND:
        return NO_DATE
    whole: int = math.floor(number)
    if {whole // _DAY, whole // (_DAY * 1000)} & _NO_DAYS:
        return NO_DAY
    if not -_LATEST <= number <= _LATEST:
        return NO_DATE
    if abs(whole) < _SHORTEST_EPOCH:
        return _read_short(whole) if whole == number else _TOO_SHORT
    if abs(whole) > _YEAR_2100:
        return _day_after(whole // (_DAY * 1000))
    return _seconds(whole)


def _read_short(whole: int) -> Written | str:
    """A number of eight digits or fewer: YYYYMMDD, or seconds of 1966 to 1973."""
    if whole in _EIGHT_DIGITS:
        # No quarter of an hour is a date YYYYMMDD: in seconds, it ends with 00.
        if whole % _QUARTER_HOUR:
            return Written(whole // 10_000, whole // 100 % 100, whole % 100)
        head, year = divmod(whole, 10_000)
        parts = divmod(head, 100)
        if 1900 <= year < 2100 and (is_day(year, *parts) or is_day(year, *parts[::-1])):  # noqa: PLR2004
            return _EITHER_SHAPE
        return _seconds(whole)
    # No other unit has negative numbers.
    is_time = whole < 0 and whole % _QUARTER_HOUR == 0
    return _seconds(whole) if is_time else _TOO_SHORT


def is_day(year: int, month: int, day: int) -> bool:
    """Whether the calendar has this day."""
    try:
        date(year, month, day)
    except (ValueError, OverflowError):
        return False
    return True


def _seconds(whole: int) -> Written | str:
    if whole % (_DAY * 1000) == 0:
        # Midnight as milliseconds too, so its size tells nothing.
        return _EITHER_UNIT
    return _day_after(whole // _DAY)


def _day_after(days: int) -> Written:
    day = _EPOCH + timedelta(days=days)
    return Written(day.year, day.month, day.day)


def _is_finite(number: float | Decimal) -> bool:
    # math.isfinite raises for a signalling NaN and for integers beyond the range of floats.
    if isinstance(number, Decimal):
        return number.is_finite()
    return isinstance(number, int) or math.isfinite(number)
