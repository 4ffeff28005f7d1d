"""How large a segment was from run to run."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from target_constant_contact.pages.places import WIDTH

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from target_constant_contact.reports.counts import Counts
    from target_constant_contact.reports.past_run import PastRun

HEIGHT: Final = 100
"""Units from the bottom of a line's picture to its top."""

SHRUNK: Final = -0.5
"""Change from which on a segment has shrunk so much that somebody should look."""

LESS: Final = -0.2
"""Change from which on it is marked."""

_MOST_POINTS: Final = 30
_Key = tuple[str, str, str]
"""A connection, a stream and a list."""


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
    """What a stream had for one list over the runs.

    Attributes:
        connection: Name of the connection.
        stream: Name of the stream.
        list_name: Name of the list; its id where it has none.
        points: The runs that it came in, the oldest first.
        members: People on its list after the latest sweep; None when none is known.
    """

    connection: str
    stream: str
    list_name: str
    points: tuple[Point, ...]
    members: int | None = None

    @property
    def latest(self) -> Point:
        """The latest run that it came in."""
        return self.points[-1]

    @property
    def change(self) -> float | None:
        """Its change from the run before, as a share; None when there was nobody, or no run."""
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


def trends_of(runs: Sequence[PastRun]) -> list[Trend]:
    """The segments of all loads that have ended well, those that have shrunk most first.

    Args:
        runs: The runs, the newest first.
    """
    points: defaultdict[_Key, list[Point]] = defaultdict(list)
    names: dict[_Key, str] = {}
    members: dict[tuple[str, str], int] = {}
    for past in reversed(runs):
        if past.status != "completed":
            continue
        for one in past.swept:
            if one.outcome == "swept":
                members[one.stream, one.list_id] = one.stay + one.not_ours
        rows = Counter(dict.fromkeys(filter(_is_whole_in(past), points), 0))
        landed: Counter[_Key] = Counter()
        for key, name, counts in _by_list(past):
            names[key] = name
            rows[key] += counts.judged
            landed[key] += counts.landed + counts.unchanged
        for key, size in rows.items():
            points[key].append(Point(past.started_at, size, landed[key]))
    found = [
        Trend(key[0], key[1], names[key], tuple(there), members.get(key[1:]))
        for key, there in points.items()
    ]
    return sorted(found, key=_order)


def _is_whole_in(past: PastRun) -> Callable[[_Key], bool]:
    """Whether a load had a segment as a whole: also that there is nobody says how large it is."""
    streams = {each for each in past.streams if each not in past.replayed}
    streams = {each for each in streams if _overwrites(past, each)}
    return lambda key: key[0] == past.connection and key[1] in streams


def _overwrites(past: PastRun, stream: str) -> bool:
    """Whether the lists of a stream follow it, as far as the settings in the report tell."""
    entries = past.settings.get("segments")
    numbered = dict(enumerate(entries if isinstance(entries, list) else ()))
    places = [use.entry for use in past.segments if stream in use.streams]
    entry = next((numbered.get(place) for place in places if place is not None), None)
    own = entry.get("load_method") if isinstance(entry, dict) else None
    return (own or past.settings.get("load_method")) == "overwrite"


def _by_list(past: PastRun) -> Iterator[tuple[_Key, str, Counts]]:
    """The segments of a load, with the names of their lists; one may come several times.

    Not those of sets of lists: how rows are packed may be another way in each run.
    """
    for place in past.destinations:
        if place.stream not in past.replayed:
            for item in place.lists:
                key = (past.connection, place.stream, item.list_id)
                yield key, item.name or item.list_id, place.counts


def _order(trend: Trend) -> tuple[bool, float, int]:
    change = trend.change or 0.0
    return not trend.mark, change if trend.mark else 0.0, -trend.latest.rows
