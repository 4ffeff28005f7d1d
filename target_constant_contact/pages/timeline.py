"""When imports were sent, how many were in flight, and when the run waited, as a picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from target_constant_contact.pages.places import WIDTH
from target_constant_contact.reports.waits import MOST_WAITS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from target_constant_contact.reports.imported import ImportRecord
    from target_constant_contact.reports.past_run import PastRun
    from target_constant_contact.reports.waits import WaitRecord

HEIGHT: Final = 100
"""Units from the bottom of the picture to its top."""

MOST_IMPORTS: Final = 40
"""That are shown one by one; of more, those that took longest."""

_COLUMNS: Final = 200
"""The picture has at most so many steps."""
_NARROWEST: Final = 3
_LONGEST_RUN: Final = 10.0**9


@dataclass(frozen=True, slots=True)
class Span:
    """A time on the picture.

    Attributes:
        x: Where it begins.
        width: How long it is.
    """

    x: int
    width: int


@dataclass(frozen=True, slots=True)
class ShownImport:
    """An import with its time on the picture.

    Attributes:
        record: The import.
        sent_at: When it was sent, in seconds from the beginning of the run.
        settled_at: When it had come to its end.
        span: The same on the picture.
    """

    record: ImportRecord
    sent_at: float
    settled_at: float
    span: Span


@dataclass(frozen=True, slots=True)
class ShownWait:
    """Waits for a limit on the picture.

    Attributes:
        wait: The waits.
        span: Their time on the picture.
    """

    wait: WaitRecord
    span: Span


@dataclass(frozen=True, slots=True)
class Timeline:
    """The imports of a run over its time.

    Attributes:
        seconds: How long the picture is.
        outline: Points of the line that shows how many were in flight, as SVG takes them.
        most: How many were in flight at the most.
        imports: The imports that are shown one by one, in the order in which they were sent.
        waits: When the run waited; no more than a report of ours has.
        imports_in_all: How many imports there are.
        without_time: How many of them do not tell when they were sent.
    """

    seconds: float
    outline: str
    most: int
    imports: tuple[ShownImport, ...]
    waits: tuple[ShownWait, ...]
    imports_in_all: int
    without_time: int


def timeline_of(past: PastRun) -> Timeline:
    """The timeline of a run."""
    timed = [
        (record, max(record.sent_at, 0.0), record.sent_at + max(record.seconds, 0.0))
        for record in past.imports
        if record.sent_at is not None and abs(record.sent_at) < _LONGEST_RUN > record.seconds
    ]
    waits = [wait for wait in past.waits if 0 <= wait.begun_at <= wait.ended_at < _LONGEST_RUN]
    ends = [settled for _, _, settled in timed] + [wait.ended_at for wait in waits]
    seconds = max([float(past.seconds or 0), *ends, 0.1])
    longest = sorted(timed, key=lambda each: each[1] - each[2])[:MOST_IMPORTS]
    most, outline = _in_flight([(sent, settled) for _, sent, settled in timed], seconds)
    return Timeline(
        seconds,
        outline,
        most,
        tuple(
            ShownImport(record, sent, settled, _span(sent, settled, seconds))
            for record, sent, settled in sorted(longest, key=lambda each: each[1])
        ),
        tuple(
            ShownWait(wait, _span(wait.begun_at, wait.ended_at, seconds))
            for wait in waits[:MOST_WAITS]
        ),
        len(past.imports),
        len(past.imports) - len(timed),
    )


def _span(begin: float, end: float, seconds: float) -> Span:
    x = min(max(round(WIDTH * begin / seconds), 0), WIDTH - _NARROWEST)
    return Span(x, min(max(round(WIDTH * (end - begin) / seconds), _NARROWEST), WIDTH - x))


def _in_flight(times: Iterable[tuple[float, float]], seconds: float) -> tuple[int, str]:
    """The most that were in flight, and the points of a line with steps; of each step the most."""
    changes = sorted(
        change for begin, end in times for change in ((begin, 1), (max(begin, end), -1))
    )
    most, now = [0] * _COLUMNS, 0
    column = 0
    for at, change in changes:
        reached = min(max(int(_COLUMNS * at / seconds), 0), _COLUMNS - 1)
        for passed in range(column, reached + 1):
            most[passed] = max(most[passed], now)
        column, now = reached, now + change
        most[column] = max(most[column], now)
    highest = max(most)
    return highest, _points(most, highest)


def _points(heights: Sequence[int], highest: int) -> str:
    points = [(0, HEIGHT)]
    for index, height in enumerate(heights):
        y = HEIGHT - round(HEIGHT * height / max(highest, 1))
        if y != points[-1][1]:
            x = round(WIDTH * index / _COLUMNS)
            points += [(x, points[-1][1]), (x, y)]
    points += [(WIDTH, points[-1][1]), (WIDTH, HEIGHT)]
    return " ".join(f"{x},{y}" for x, y in points)
