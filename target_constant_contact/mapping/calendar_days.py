"""The day that a value means, in the shapes of dates that taps emit.

The calendar date as it is written counts: no time zone is applied. Day and month are never
guessed:

- where the year has four digits and comes first, the month follows;
- with dots, the day comes first;
- with slashes or dashes, ``date_order`` says what comes first: the month (``mdy``, as Constant
  Contact documents it) or the day (``dmy``). What only the other order can read is refused, because
  the rest of such a column is misread; `written_order` tells which order a value shows.

The year of a birthday is not sent, so it may be missing or have two digits. Everywhere else, such a
date is refused.

A number is read by its size, since no tap says which unit it uses:

- eight digits that are whole quarters of an hour in seconds, as midnight is in every time zone, are
  seconds since 1970 in UTC: no such number ends with a day. Those that may be ``MMDDYYYY`` or
  ``DDMMYYYY`` are refused;
- other eight digits are ``YYYYMMDD``;
- smaller numbers below zero are seconds if they are whole quarters of an hour; no other unit has
  any. All others are refused: they may be days, ``MMDDYY``, a year, or seconds;
- nine digits and more, up to 4,102,444,800 (the year 2100), are seconds;
- larger ones, up to the year 2100, are milliseconds;
- anything else is refused, and so is a number that falls on midnight in both units.

The year 1 and the year 9999, also as seconds or milliseconds, and 0000-00-00 are what sources write
for "no date". They are refused. A birthday may lie in the year 1, which some sources make up, but
not on its first day.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, Literal, TypeAlias

from target_constant_contact.mapping.date_numbers import IMPOSSIBLE, NO_DAY, date_in_number, is_day
from target_constant_contact.mapping.date_texts import (
    LONGEST,
    NO_DATE,
    Unordered,
    Written,
    date_in_text,
)
from target_constant_contact.mapping.values import EDGES, UnfitValueError, not_a_scalar

DateOrder: TypeAlias = Literal["mdy", "dmy"]
"""What comes first with slashes or dashes: the month or the day."""

ShownOrder: TypeAlias = Literal["mdy", "dmy", "either"]
"""What a date with slashes or dashes shows of its order."""

NO_DAYS_OF_YEARS: Final = (date.min.year, date.max.year)
"""Years that sources write for "no date"."""

_NO_CENTURY = "has no year of four digits; write YYYY-MM-DD"
_OTHER_ORDER: dict[str, str] = {
    "mdy": "is written day first; set date_order: dmy if the column is, or write YYYY-MM-DD",
    "dmy": "is written month first, and date_order is dmy; set date_order: mdy if the column is, "
    "or write YYYY-MM-DD",
}
# A column of dates repeats itself: a century has 36,525 days. Bounded, because a column of times
# does not.
_REMEMBERED = 40_000
# Eight digits that begin with 0 are a date before the year 1000.
_NUMBER = re.compile(r"(?!0\d{7}\Z)-?\d+(?:\.\d+)?", re.ASCII)


def calendar_day(value: Any, order: DateOrder = "mdy") -> date | None:
    """The date that a value holds; ``None`` for a blank.

    Args:
        value: The value.
        order: What comes first with slashes or dashes.

    Raises:
        UnfitValueError: It is no date, an impossible one, or one that can be read in two ways.
    """
    if isinstance(value, str) and len(value) <= LONGEST:
        found = _day_of_text(value, order)
    else:
        found = _day(_written(value), order)
    if isinstance(found, str):
        raise UnfitValueError(found)
    return found


def month_and_day(value: Any, order: DateOrder = "mdy") -> tuple[int, int] | None:
    """Month and day of a birthday, whose year may be missing or made up; ``None`` for a blank.

    Args:
        value: The value.
        order: What comes first with slashes or dashes.

    Raises:
        UnfitValueError: As for `calendar_day`; 29 February is possible in every year.
    """
    if isinstance(value, str) and len(value) <= LONGEST:
        found = _month_and_day_of_text(value, order)
    else:
        found = _month_and_day(_written(value), order)
    if isinstance(found, str):
        raise UnfitValueError(found)
    return found


def is_month_and_day(month: int, day: int) -> bool:
    """Whether some year has this day."""
    # A leap year: 29 February is a birthday.
    return is_day(2000, month, day)


def written_order(text: str, *, birthday: bool) -> ShownOrder | None:
    """Which order of day and month a text shows.

    Args:
        text: The text, of any length.
        birthday: Whether a year of four digits may be missing.

    Returns:
        The only order that can read it; ``either`` when they read it as different days; ``None``
        when it makes no difference, or when it cannot be read anyway.
    """
    # Long ones are not remembered.
    order_of = _order_of_text if len(text) <= LONGEST else _order_of_text.__wrapped__
    return order_of(text, birthday)


@lru_cache(maxsize=_REMEMBERED)
def _order_of_text(text: str, birthday: bool) -> ShownOrder | None:  # noqa: FBT001
    written = date_in_text(text.strip(EDGES))
    if not isinstance(written, Unordered) or (written.year is None and not birthday):
        return None
    _, first, second = written
    month_first, day_first = is_month_and_day(first, second), is_month_and_day(second, first)
    if month_first and day_first:
        return None if first == second else "either"
    if month_first:
        return "mdy"
    return "dmy" if day_first else None


# Faults are returned and not raised, since only results are remembered.
@lru_cache(maxsize=_REMEMBERED)
def _day_of_text(text: str, order: DateOrder) -> date | str | None:
    return _day(_written(text), order)


@lru_cache(maxsize=_REMEMBERED)
def _month_and_day_of_text(text: str, order: DateOrder) -> tuple[int, int] | str | None:
    return _month_and_day(_written(text), order)


def _day(written: Written | Unordered | str | None, order: DateOrder) -> date | str | None:
    if isinstance(written, Unordered):
        # Without its year, another order does not help.
        written = _NO_CENTURY if written.year is None else _ordered(written, order)
    if not isinstance(written, Written):
        return written
    year, month, day = written
    if year is None:
        return _NO_CENTURY
    if year in NO_DAYS_OF_YEARS or not any(written):
        return NO_DAY
    return date(year, month, day) if is_day(year, month, day) else IMPOSSIBLE


def _month_and_day(
    written: Written | Unordered | str | None, order: DateOrder
) -> tuple[int, int] | str | None:
    if isinstance(written, Unordered):
        written = _ordered(written, order)
    if not isinstance(written, Written):
        return written
    year, month, day = written
    if year == date.max.year or written in ((1, 1, 1), (0, 0, 0)):
        return NO_DAY
    return (month, day) if is_month_and_day(month, day) else IMPOSSIBLE


def _ordered(written: Unordered, order: DateOrder) -> Written | str:
    year, first, second = written
    month, day = (first, second) if order == "mdy" else (second, first)
    if not is_month_and_day(month, day) and is_month_and_day(day, month):
        return _OTHER_ORDER[order]
    return Written(year, month, day)


def _written(value: Any) -> Written | Unordered | str | None:
    """The date as written, or what is wrong with it, or ``None`` for a blank."""
    if isinstance(value, str):
        text = value.strip(EDGES)
        if not text:
            return None
        is_number = len(text) <= LONGEST and _NUMBER.fullmatch(text)
        return date_in_number(Decimal(text)) if is_number else date_in_text(text)
    if isinstance(value, date):
        return Written(value.year, value.month, value.day)
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        return date_in_number(value)
    if isinstance(value, (list, tuple, dict)):
        return str(not_a_scalar(value))
    return NO_DATE
