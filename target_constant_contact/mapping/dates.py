"""What is sent for a date: as text, as month and day, or with a time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from target_constant_contact.mapping.calendar_days import calendar_day, month_and_day
from target_constant_contact.mapping.values import EDGES, UnfitValueError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_Part = TypeVar("_Part", str, int)

_NO_MOMENT = "is not a date and time; write YYYY-MM-DDTHH:MM:SS"
_LAST_YEAR_REFUSED = 1900
_YEARS_AHEAD = 10
_FIRST_YEAR_OF_CONSENT = 2000
_calendar_part = itemgetter(slice(10))
_PLAIN_DATES = re.compile(
    r"(?:\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9}+)?+)?+(?:Z|[+-]\d\d:?\d\d)?+)?+\n)*+",
    re.ASCII,
)
_DIGITS = str.maketrans("123456789", "000000000")


@dataclass(frozen=True, slots=True)
class OfDay(Generic[_Part]):
    """A converter to which only the calendar day of a value matters, and not its time.

    Attributes:
        convert: Converts one value.
    """

    convert: Callable[[Any], _Part | None]

    def __call__(self, value: Any) -> _Part | None:
        """Convert one value.

        Raises:
            UnfitValueError: It is no such date.
        """
        return self.convert(value)

    @staticmethod
    def shortened(values: Sequence[Any]) -> Sequence[Any]:
        """Leave the time of day out of a column of ISO dates, so that its values repeat.

        Returns:
            The values, if at least one of them is anything else.
        """
        texts = list(filter(None, values))
        try:
            joined = "\n".join(texts) + "\n"
        except TypeError:
            return values
        if joined.count("\n") != len(texts) or not _are_plain_dates(joined):
            return values
        if len(texts) == len(values):
            return list(map(_calendar_part, values))
        return [value and _calendar_part(value) for value in values]


def _are_plain_dates(lines: str) -> bool:
    """Whether every line is an ISO date, with or without a time."""
    # Nearly always, all of them are written in the same way: only one has to be looked at.
    shapes = lines.translate(_DIGITS)
    first = shapes[: shapes.index("\n") + 1]
    same = first * (len(shapes) // len(first)) == shapes
    return _PLAIN_DATES.fullmatch(first if same else lines) is not None


def _day_text(value: Any) -> str | None:
    day = calendar_day(value)
    return None if day is None else day.isoformat()


day_text: Final = OfDay(_day_text)
"""A date as ``YYYY-MM-DD``, the one shape that nothing misreads; ``None`` for a blank."""


def birthday_part(index: int) -> OfDay[int]:
    """A converter from one date to its month (0) or its day (1)."""

    def convert(value: Any) -> int | None:
        found = month_and_day(value)
        return None if found is None else found[index]

    return OfDay(convert)


def consent_day(today: date) -> OfDay[str]:
    """A converter for days of consent to text messages: from 2000 on, and not after today.

    Any other day is that of a missing value, such as 1970-01-01 or 9999-12-31, and no consent. It
    may be tomorrow, where the day begins earlier.
    """
    latest = today.toordinal() + 1

    def convert(value: Any) -> str | None:
        day = calendar_day(value)
        if day is None:
            return None
        if day.year < _FIRST_YEAR_OF_CONSENT or day.toordinal() > latest:
            raise UnfitValueError(
                "is not between 2000 and today, so no consent can be claimed; correct or clear it"
            )
        return day.isoformat()

    return OfDay(convert)


def anniversary(today: date) -> OfDay[str]:
    """A converter for anniversaries, which must lie after 1900 and at most ten years ahead.

    The rule is that of the V2 API. A sentinel such as 9999-12-31 would be an error that the
    service counts without naming the row.
    """
    # Compared as parts: ten years after 29 February there is no such date.
    latest = (today.year + _YEARS_AHEAD, today.month, today.day)

    def convert(value: Any) -> str | None:
        day = calendar_day(value)
        if day is None:
            return None
        if day.year <= _LAST_YEAR_REFUSED or (day.year, day.month, day.day) > latest:
            raise UnfitValueError("is not between 1901 and ten years from today")
        return day.isoformat()

    return OfDay(convert)


def moment_text(value: Any) -> str | None:
    """A date with a time of day in ISO form; ``None`` for a blank.

    Raises:
        UnfitValueError: It is neither a date-time nor ISO text of one.
    """
    if isinstance(value, date):
        return value.isoformat()
    if not isinstance(value, str):
        raise UnfitValueError(_NO_MOMENT)
    text = value.strip(EDGES)
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).isoformat()
    except ValueError:
        raise UnfitValueError(_NO_MOMENT) from None
