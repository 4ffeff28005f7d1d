"""People who have left a list are not put back on it.

Who is on a list is read when its stream has come, and the first row waits for the answer. Only who
was seen on the list after this export had put them there can have left it.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

from target_constant_contact.account.members import exported
from target_constant_contact.log_fields import fields
from target_constant_contact.segments.flags import LEFT
from target_constant_contact.segments.gate import Withheld
from target_constant_contact.segments.hash_set import HashSet
from target_constant_contact.segments.jobs import Jobs
from target_constant_contact.segments.memory import Memory
from target_constant_contact.segments.stored import parts_of
from target_constant_contact.segments.ways import EXPORT
from target_constant_contact.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from target_constant_contact.batches.batch import Destination
    from target_constant_contact.segments.gate import Rows
    from target_constant_contact.segments.reading import Means
    from target_constant_contact.store.segments import MemberRows, SegmentRows

    Start: TypeAlias = Callable[[str], Callable[[], HashSet | None]]

MOST_READ: Final = 20
"""Lists that a run reads, at a handful of requests each."""
_Place = tuple[str, str]
_logger = logging.getLogger("target-constant-contact")


def starting(means: Means) -> Start:
    """How lists are read: by an export each.

    Args:
        means: What they are read with.
    """
    jobs = Jobs(means.api, means.waiting)

    def start(list_id: str) -> Callable[[], HashSet]:
        started = jobs.started(partial(means.api.start_contact_export, [list_id]))
        return lambda: means.people.exported(exported(means.api, started, means.waiting))

    return start


class Departures:  # what it asks, and what it has learnt of each list
    """Withholds rows of people who have left one of their lists, as `segments.gate.Rule` says.

    Args:
        segments: The segments of the account in the store.
        means: What lists are read with.
        names: Tells the name of a list.
        start: Begins to read a list, as `starting` does; what it returns tells who is on it, or
            None where that cannot be known: then what is known from before counts.
    """

    says: Final = Withheld("suppressed", "left the list")

    def __init__(
        self,
        segments: SegmentRows,
        means: Means,
        names: Callable[[str], str],
        *,
        start: Start,
    ) -> None:
        self._segments = segments
        self._means = means
        self._names = names
        self._start_reading = start
        self._streams: dict[str, bool] = {}
        self._reads: dict[_Place, Callable[[], HashSet | None]] = {}
        self._left: dict[_Place, HashSet] = {}
        self._read = 0
        self._is_told = False

    def begin(self, stream: str, list_ids: Iterable[str], *, withholds: bool) -> None:
        """Begin to look who is on the lists of a stream that has come.

        Args:
            stream: Name of the stream.
            list_ids: Lists of all its rows that name none themselves.
            withholds: Whether its rows are withheld.

        Raises:
            TargetError: The service or the store cannot be used.
        """
        self._streams[stream] = withholds
        for list_id in list_ids:
            self._start((stream, list_id))

    def withheld(self, rows: Rows) -> Iterator[int]:
        """Positions of the rows of people who have left one of their lists."""
        latest: Destination | None = None
        left: list[HashSet] = []
        for place, (one, destination) in enumerate(
            zip(rows.hashes, rows.destinations, strict=True)
        ):
            # Mostly all rows of a chunk go the same way.
            if destination is not latest:
                latest, left = destination, self._left_by(destination)
            if left and any(one in each for each in left):
                yield place

    def _left_by(self, destination: Destination) -> list[HashSet]:
        """Who has left each of the lists, where anybody has whose rows are withheld."""
        withholds = self._streams.get(destination.stream)
        if withholds is None:
            return []
        found = []
        for list_id in destination.list_ids:
            key = destination.stream, list_id
            if key not in self._left:
                self._left[key] = self._find(key)
            found.append(self._left[key])
        return [each for each in found if each] if withholds else []

    def _start(self, place: _Place) -> None:
        """Have the service write who is on a list, if that can tell of anybody who has left it."""
        if self._remembered(place).is_empty():
            return
        if self._read >= MOST_READ:
            self._tell(f"{MOST_READ} lists are read in a run")
        elif self._means.requests_left() < EXPORT:
            self._tell("too few requests are left of the day's")
        else:
            self._read += 1
            self._reads[place] = self._start_reading(place[1])

    def _find(self, place: _Place) -> HashSet:
        """Who has left a list."""
        members = self._remembered(place)
        if members.is_empty():
            return HashSet()
        if place not in self._reads:
            # A row has named it.
            self._start(place)
        there = self._there(place)
        if there is not None:
            with parts_of(members) as parts:
                gone = Memory(parts).see(there)
            if gone:
                _logger.info(
                    "%s left list %r since it was seen last",
                    counted(gone, "person has", "people have"),
                    self._names(place[1]),
                    extra=fields(
                        stream=place[0],
                        list_ids=[place[1]],
                        lists=[self._names(place[1])],
                        people=gone,
                    ),
                )
        return HashSet(
            one
            for hashes, values in Memory(members).columns()
            for one, value in zip(hashes, values, strict=True)
            if value & LEFT
        )

    def _there(self, place: _Place) -> HashSet | None:
        """Who is on a list, where that is read."""
        if place not in self._reads:
            return None
        work = f"finding out who has left list {place[1]}"
        with self._means.waiting.events.work(work, "departures"):
            return self._reads.pop(place)()

    def _remembered(self, place: _Place) -> MemberRows:
        stream, list_id = place
        return self._segments.members(stream, list_id, self._names(list_id))

    def _tell(self, why: str) -> None:
        if not self._is_told:
            self._is_told = True
            _logger.warning(
                "Who has left a list since the last run is not found out for all lists (%s); who "
                "has left before is not put back",
                why,
            )
