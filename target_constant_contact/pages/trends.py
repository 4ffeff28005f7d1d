"""How large a segment was from run to run."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from target_constant_contact.pages.places import WIDTH

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from target_constant_contact.reports.past_parts import PastDestination
    from target_constant_contact.reports.past_run import PastRun

HEIGHT: Final = 100
"""Units from the bottom of a line's picture to its top."""

SHRUNK: Final = -0.5
"""Change from which on a segment has shrunk so much that somebody should look."""

LESS: Final = -0.2
"""Change from which on it is marked."""

_MOST_POINTS: Final = 30
_Key = tuple[str, str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Point:
    """A segment in one run.

    Attributes:
        at: When it started.
        rows: Rows of the segment: those that were read, without leavers and blank rows.
        landed: Those of them that landed, or had before.
    """

    at: datetime
    rows: int
    landed: int


@dataclass(frozen=True, slots=True)
class Trend:
    """A segment over the runs.

    Attributes:
        connection: Name of the connection.
        stream: Name of the stream.
        lists: Names of its lists.
        points: The runs that it came in, the oldest first.
        members: People on its list after the latest sweep; None when none is known.
    """

    connection: str
    stream: str
    lists: tuple[str, ...]
    points: tuple[Point, ...]
    members: int | None = None

    @property
    def latest(self) -> Point:
        """The latest run that it came in."""
        return self.points[-1]

    @property
    def change(self) -> float | None:
        """Its change from the run before, as a share; None when there was none."""
        before = self.points[-2].rows if len(self.points) > 1 else 0
        return (self.latest.rows - before) / before if before > 0 else None

    @property
    def mark(self) -> str:
        """``shrunk``, ``less`` or nothing."""
        change = self.change
        if change is None or change > LESS:
            return ""
        return "shrunk" if change <= SHRUNK else "less"

    @property
    def line(self) -> str:
        """The sizes as points of a line, as SVG takes them."""
        return " ".join(f"{x},{y}" for x, y in self._places)

    @property
    def area(self) -> str:
        """The same with the ground below."""
        first, *_, last = (self._places[0], *self._places)
        return f"{first[0]},{HEIGHT} {self.line} {last[0]},{HEIGHT}"

    @property
    def text(self) -> str:
        """The line in words."""
        return ", ".join(f"{point.rows:,}" for point in self.points[-_MOST_POINTS:]) + " rows"

    @property
    def _places(self) -> list[tuple[int, int]]:
        rows = [max(point.rows, 0) for point in self.points[-_MOST_POINTS:]]
        if len(rows) == 1:
            rows *= 2
        highest, steps = max(*rows, 1), len(rows) - 1
        return [
            (WIDTH * index // steps, HEIGHT - (HEIGHT - 10) * size // highest)
            for index, size in enumerate(rows)
        ]


def trends_of(runs: Iterable[PastRun]) -> list[Trend]:
    """The segments of all loads that have ended well, those that have shrunk most first.

    Args:
        runs: The runs, the newest first.
    """
    points: defaultdict[_Key, list[Point]] = defaultdict(list)
    names: dict[_Key, tuple[str, ...]] = {}
    members: dict[tuple[str, str], int] = {}
    for past in runs:
        if past.status != "completed":
            continue
        for one in past.swept:
            if one.outcome == "swept":
                members.setdefault((one.stream, one.list_id), one.stay + one.not_ours)
        for place in _with_lists(past.destinations):
            key = (past.connection, place.stream, tuple(sorted(i.list_id for i in place.lists)))
            names.setdefault(key, tuple(sorted(i.name or i.list_id for i in place.lists)))
            landed = place.counts.landed + place.counts.unchanged
            points[key].append(Point(past.started_at, place.counts.judged, landed))
    found = [
        Trend(key[0], key[1], names[key], tuple(reversed(there)), _members(members, key))
        for key, there in points.items()
    ]
    return sorted(found, key=_order)


def _with_lists(places: Sequence[PastDestination]) -> Iterable[PastDestination]:
    return (place for place in places if place.lists)


def _members(members: dict[tuple[str, str], int], key: _Key) -> int | None:
    _, stream, lists = key
    return members.get((stream, lists[0])) if len(lists) == 1 else None


def _order(trend: Trend) -> tuple[bool, float, int]:
    change = trend.change or 0.0
    return not trend.mark, change if trend.mark else 0.0, -trend.latest.rows
