"""Columns of dates that show both orders of day and month, or not that of their stream."""

from __future__ import annotations

import dataclasses
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from target_constant_contact.log_fields import Line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from target_constant_contact.mapping.calendar_days import DateOrder, ShownOrder
    from target_constant_contact.mapping.dates import OfDay

STRAY_PERCENT: Final = 5
"""Share of the dates that show their order which may show the other one, as slips of the pen."""

_IN_WORDS: Final = {"mdy": "month-day-year", "dmy": "day-month-year"}
_OTHER: Final[dict[DateOrder, DateOrder]] = {"mdy": "dmy", "dmy": "mdy"}


@dataclass(slots=True)
class DateColumn:
    """The dates with slashes or dashes that one record field of a stream has had.

    Attributes:
        stream: Name of the stream.
        field: The record field.
        read: Says what a value shows, and in which order such dates are read.
        of_stream: What the dates of all fields of the stream show; they have one ``date_order``.
        shown: Dates by what they show; one that is the same day in both orders shows nothing.
    """

    stream: str
    field: str
    read: OfDay[Any]
    of_stream: Counter[ShownOrder] = dataclasses.field(default_factory=Counter)
    shown: Counter[ShownOrder] = dataclasses.field(default_factory=Counter)

    def count(self, values: Iterable[Any]) -> None:
        """Count some values, of which only texts show an order."""
        for text, times in Counter(value for value in values if type(value) is str).items():
            if order := self.read.shown_order(text):
                self.shown[order] += times
                self.of_stream[order] += times

    @property
    def is_doubtful(self) -> bool:
        """Whether a date was read in the configured order though others show the other one."""
        if self._shows_nothing:
            return self.is_misread
        return bool(self.shown[self._other] and self.shown["either"])

    @property
    def is_misread(self) -> bool:
        """Whether so many show the other order that it is that of the column.

        Where the column itself shows none, the stream's other columns tell.
        """
        shown = self.of_stream if self._shows_nothing else self.shown
        other, own = shown[self._other], shown[self.read.order]
        is_other = other * 100 > STRAY_PERCENT * (own + other)
        return bool(self.shown["either"]) and is_other

    def line(self) -> str:
        """How many were read which way, and what to do."""
        shown, order = self.shown, self.read.order
        right = f"set date_order: {self._other} for this stream, or have the tap write YYYY-MM-DD"
        advice = f"If these are no slips of the pen, {right}"
        if self.is_misread:
            advice = (
                f"They are likely to be wrong: {right}, and run again, with the tap's full refresh "
                "if STATE has moved"
            )
        read = f"{shown['either']:,} that could be either were read as {_IN_WORDS[order]}"
        if self._shows_nothing:
            return (
                f"Field {self.field!r} of stream {self.stream!r} is of a stream that has another "
                f"order of dates: {_shown(self.of_stream)}, and {read} (date_order: {order}). "
                f"{advice}"
            )
        return (
            f"Field {self.field!r} of stream {self.stream!r} mixes two orders of dates: "
            f"{_shown(shown)}, and {read} (date_order: {order}). {advice}"
        )

    @property
    def _shows_nothing(self) -> bool:
        return not (self.shown["mdy"] or self.shown["dmy"])

    @property
    def _other(self) -> DateOrder:
        return _OTHER[self.read.order]


def _shown(counts: Counter[ShownOrder]) -> str:
    return f"{counts['dmy']:,} can only be day-month-year, {counts['mdy']:,} only month-day-year"


class DateOrders:
    """What the dates of a run show of their order. The main thread counts; others may look."""

    def __init__(self) -> None:
        self._columns: dict[tuple[str, str], DateColumn] = {}
        self._streams: dict[str, Counter[ShownOrder]] = {}

    def __iter__(self) -> Iterator[DateColumn]:
        """The columns that have had any date with slashes or dashes."""
        return iter([each for each in list(self._columns.values()) if each.shown])

    def know(self, stream: str, name: str, read: OfDay[Any]) -> None:
        """Note a record field that dates are read from; what was counted of it stays."""
        of_stream = self._streams.setdefault(stream, Counter())
        new = DateColumn(stream, name, read, of_stream)
        column = self._columns.setdefault((stream, name), new)
        column.read = read

    def count(self, stream: str, name: str, values: Iterable[Any]) -> None:
        """Count values of a field that is known."""
        self._columns[stream, name].count(values)

    def doubtful(self) -> list[DateColumn]:
        """Columns that show both orders."""
        return [column for column in self if column.is_doubtful]

    def lines(self) -> list[str]:
        """A line for each of these columns."""
        return [
            Line(column.line(), stream=column.stream, field=column.field)
            for column in self.doubtful()
        ]

    def misread(self) -> list[DateColumn]:
        """Columns that are likely to be in the other order; a run must not succeed with one."""
        return [column for column in self if column.is_misread]

    def as_list(self) -> list[dict[str, Any]]:
        """What is counted, for ``report.json``."""
        return [
            {
                "stream": column.stream,
                "field": column.field,
                "date_order": column.read.order,
                "day_first": column.shown["dmy"],
                "month_first": column.shown["mdy"],
                "either": column.shown["either"],
            }
            for column in self
        ]
