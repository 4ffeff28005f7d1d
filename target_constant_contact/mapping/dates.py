"""What is sent for a date: as text, as month and day, or with a time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from target_constant_contact.mapping.calendar_days import (
    NO_DAYS_OF_YEARS,
    calendar_day,
    month_and_day,
    written_order,
)
from target_constant_contact.mapping.date_numbers import NO_DAY
from target_constant_contact.mapping.values import EDGES, UnfitValueError, only_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from target_constant_contact.mapping.calendar_days import DateOrder, ShownOrder

_Part = TypeVar("_Part", str, int)

_NO_MOMENT = "is not a date and time; write YYYY-MM-DDTHH:MM:SS"
_LAST_YEAR_REFUSED = 1900
_YEARS_AHEAD = 10
_FIRST_YEAR_OF_CONSENT = 2000
_calendar_part = itemgetter(slice(10))
_month_and_day_part = itemgetter(slice(4, 10))  # with the dash before it
_before_year_part = itemgetter(slice(-5))
# Without possessive groups, as in number_columns.
_PLAIN_DATES = re.compile(
    r"(?:\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?\n)*",
    re.ASCII,
)
_YEAR_LAST = re.compile(r"(?:\d\d?([/-])\d\d?\1\d{4}\n)+", re.ASCII)
_DIGITS = bytes.maketrans(b"123456789", b"000000000")
# Years may be made up, but not these: see month_and_day.
_NO_BIRTHDAYS = ("9999-", "0001-01-01", "0000-00-00")
_NO_BIRTHDAYS_YEAR_LAST = ("9999\n", "0001\n", "0000\n")


@dataclass(frozen=True, slots=True)
class OfDay(Generic[_Part]):
    """A converter to which only the calendar day of a value matters, and not its time.

    Attributes:
        convert: Converts one value.
        order: What comes first with slashes or dashes.
        birthday: Whether a year of four digits may be missing.
    """

    convert: Callable[[Any], _Part | None]
    order: DateOrder
    birthday: bool = False

    def __call__(self, value: Any) -> _Part | None:
        """Convert one value.

        Raises:
            UnfitValueError: It is no such date.
        """
        return self.convert(value)

    def shown_order(self, text: str) -> ShownOrder | None:
        """Which order of day and month a text shows, as `written_order` says it."""
        return written_order(text, birthday=self.birthday)

    def shortened(self, values: Sequence[Any]) -> Shortened | None:
        """Leave out what does not matter of a column of dates, so that its values repeat.

        Returns:
            What is left; None if a value is no date, or they are written in several ways.
        """
        texts = list(filter(None, values))
        try:
            joined = "\n".join(texts) + "\n"
        except TypeError:
            return None
        # Unlike a blank, zero and false are values.
        is_text = len(texts) == len(values) or only_text(values)
        if not is_text or joined.count("\n") != len(texts):
            return None
        is_iso = _are_all(_PLAIN_DATES, joined)
        part = self._what_matters(joined, is_iso=is_iso)
        if part is None:
            return None
        return Shortened([part(value) if value else None for value in values], is_iso)

    def _what_matters(self, lines: str, *, is_iso: bool) -> Callable[[str], str] | None:
        """Takes what matters of each of some lines; None when that may be all of it."""
        if not self.birthday:
            return _calendar_part if is_iso else None
        if not is_iso and not _are_all(_YEAR_LAST, lines):
            return None
        no_days = _NO_BIRTHDAYS if is_iso else _NO_BIRTHDAYS_YEAR_LAST
        if any(no_day in lines for no_day in no_days):
            return None
        return _month_and_day_part if is_iso else _before_year_part

    def of_shortened(self, part: str) -> _Part | None:
        """Convert what `shortened` has left of a value.

        Raises:
            UnfitValueError: It is no such date.
        """
        return self.convert(f"-{part}" if part[0] == "-" else part)


@dataclass(frozen=True, slots=True)
class Shortened:
    """What matters of a column of dates.

    Attributes:
        parts: A part of each value that `OfDay.of_shortened` converts as `OfDay` would the value;
            ``None`` for blanks.
        is_iso: Whether they are ISO dates. If not, they show the same order of day and month as
            the values do.
    """

    parts: list[str | None]
    is_iso: bool


def _are_all(pattern: re.Pattern[str], lines: str) -> bool:
    """Whether every line is such a date."""
    if not lines.isascii():
        return False
    # Nearly always, all of them are written in the same way: only one has to be looked at.
    shapes = lines.encode().translate(_DIGITS)
    first = shapes[: shapes.index(b"\n") + 1]
    same = first * (len(shapes) // len(first)) == shapes
    return pattern.fullmatch(lines, 0, len(first) if same else len(lines)) is not None


def day_text(order: DateOrder = "mdy") -> OfDay[str]:
    """A converter to ``YYYY-MM-DD``, the one shape that nothing misreads."""

    def convert(value: Any) -> str | None:
        day = calendar_day(value, order)
        return None if day is None else day.isoformat()

    return OfDay(convert, order)


def birthday_part(index: int, order: DateOrder = "mdy") -> OfDay[int]:
    """A converter from one date to its month (0) or its day (1)."""

    def convert(value: Any) -> int | None:
        found = month_and_day(value, order)
        return None if found is None else found[index]

    return OfDay(convert, order, birthday=True)


def consent_day(today: date, order: DateOrder = "mdy") -> OfDay[str]:
    """A converter for days of consent to text messages: from 2000 on, and not after today.

    Any other day is that of a missing value, such as 1970-01-01 or 9999-12-31, and no consent. It
    may be tomorrow, where the day begins earlier.
    """
    latest = today.toordinal() + 1

    def convert(value: Any) -> str | None:
        day = calendar_day(value, order)
        if day is None:
            return None
        if day.year < _FIRST_YEAR_OF_CONSENT or day.toordinal() > latest:
            raise UnfitValueError(
                "is not between 2000 and today, so no consent can be claimed; correct or clear it"
            )
        return day.isoformat()

    return OfDay(convert, order)


def anniversary(today: date, order: DateOrder = "mdy") -> OfDay[str]:
    """A converter for anniversaries, which must lie after 1900 and at most ten years ahead.

    The rule is that of the V2 API. A sentinel such as 9999-12-31 would be an error that the
    service counts without naming the row.
    """
    # Compared as parts: ten years after 29 February there is no such date.
    latest = (today.year + _YEARS_AHEAD, today.month, today.day)

    def convert(value: Any) -> str | None:
        day = calendar_day(value, order)
        if day is None:
            return None
        if day.year <= _LAST_YEAR_REFUSED or (day.year, day.month, day.day) > latest:
            raise UnfitValueError("is not between 1901 and ten years from today")
        return day.isoformat()

    return OfDay(convert, order)


def moment_text(value: Any) -> str | None:
    """A date with a time of day in ISO form; ``None`` for a blank.

    Raises:
        UnfitValueError: It is neither a date-time nor ISO text of one, or the year 1 or 9999.
    """
    if isinstance(value, str):
        text = value.strip(EDGES)
        if not text:
            return None
        try:
            value = datetime.fromisoformat(text)
        except ValueError:
            raise UnfitValueError(_NO_MOMENT) from None
    if not isinstance(value, date):
        raise UnfitValueError(_NO_MOMENT)
    if value.year in NO_DAYS_OF_YEARS:
        raise UnfitValueError(NO_DAY)
    return value.isoformat()
