"""What the streams of a run bring, for the memories of the lists that they go to.

Rows are noted in the store before they are sent: whoever was sent by a run that is interrupted may
be on the list, and is not forgotten. When all imports are settled, what was noted is merged into
the memories, and those of lists that follow segments are sealed.
"""

from __future__ import annotations

import logging
from array import array
from collections import defaultdict
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Final
from zlib import crc32

from target_constant_contact.exceptions import DataError
from target_constant_contact.segments import seals
from target_constant_contact.segments.flags import FINGERPRINT, IN_SEGMENT, SENT
from target_constant_contact.segments.stream_load import ListLoad, StreamLoad, absorb
from target_constant_contact.store.segment_row import SegmentRow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from target_constant_contact.batches.batch import Destination
    from target_constant_contact.segments.gate import Rows, Withheld
    from target_constant_contact.segments.people import PeopleKey
    from target_constant_contact.settings.streams import StreamSettings
    from target_constant_contact.store.segments import SegmentRows

FIRST_DAY: Final = date(2020, 1, 1)
"""The day from which days are counted."""

_logger = logging.getLogger("target-constant-contact")


class Loads:
    """The loads of a run.

    Args:
        segments: The segments of the account in the store.
        people: Makes keyed hashes.
        run: Name of the run.
        today: The day, since 2020.
        names: Tells the names of the lists by id.

    Raises:
        TargetError: From every method: the store cannot be used.
    """

    def __init__(
        self,
        segments: SegmentRows,
        people: PeopleKey,
        run: str,
        today: int,
        names: Callable[[], Mapping[str, str]],
    ) -> None:
        self._segments = segments
        self._people = people
        self._run = run
        self._today = today
        self._names = names
        self._streams: dict[str, StreamLoad] = {}
        self._refused: set[int] = set()
        self._proven: dict[str, list[SegmentRow]] = {}

    @property
    def is_idle(self) -> bool:
        """Whether no stream that has come has to be remembered."""
        return not self._streams

    @property
    def overwriting(self) -> list[str]:
        """Streams that have come whose lists follow them."""
        return [stream for stream, found in self._streams.items() if found.overwrites]

    def begin(
        self,
        stream: str,
        list_ids: Sequence[str],
        settings: StreamSettings,
        *,
        is_replay: bool = False,
    ) -> None:
        """Note that a stream has come, which voids what earlier loads of it have proven.

        Args:
            stream: Name of the stream.
            list_ids: Lists of all rows that name none themselves.
            settings: The settings of the stream.
            is_replay: It only adds to what the latest load has brought, whose proof stays.

        Raises:
            DataError: One of the lists follows another stream.
        """
        if stream in self._streams:
            return
        # What other settings send to other lists under this name is another export.
        reached = None if settings.lists_field else list_ids
        if not settings.overwrites and not is_replay:
            self._segments.begin(stream, self._run, seals.VOID, seals.ADDED_TO, reached)
        if not settings.remembers:
            return
        load = StreamLoad(settings.overwrites and not is_replay)
        if load.overwrites:
            for list_id in list_ids:
                self._own(stream, list_id)
            self._segments.begin(stream, self._run, seals.LOADING, "", reached)
        for list_id, run in self._segments.unfinished_loads(stream, self._run):
            absorb(self._segments.members(stream, list_id, self._name(list_id)), run)
        for list_id in list_ids:
            self._meet(stream, load, list_id, is_named=True)
        self._streams[stream] = load

    def note(self, rows: Rows, withheld: Mapping[int, Withheld]) -> None:
        """Note rows that are about to be sent, and those that are in the segment all the same.

        Args:
            rows: The rows.
            withheld: Why some are not sent, by their positions.
        """
        hashes, destinations = rows.hashes, rows.destinations
        flags = [IN_SEGMENT | SENT] * len(hashes)
        for place in withheld:
            flags[place] = IN_SEGMENT
        forgotten = {place for place, why in withheld.items() if why.leaves_no_trace}
        values = array("Q", map(_value, map(crc32, rows.bodies), flags))
        if not forgotten and len({id(each) for each in destinations}) == 1:
            self._add(destinations[0], hashes, values)
            return
        places: defaultdict[Destination, list[int]] = defaultdict(list)
        for place, destination in enumerate(destinations):
            if place not in forgotten:
                places[destination].append(place)
        for destination, some in places.items():
            chosen = [array("Q", [column[place] for place in some]) for column in (hashes, values)]
            self._add(destination, chosen[0], chosen[1])

    def keep(self, destination: Destination, key: str) -> None:
        """Note somebody who is in the segment though their row cannot be sent.

        Args:
            destination: Stream and lists of the row; no lists when they are not known: then all.
            key: E-mail key of the person.
        """
        if destination.stream not in self._streams:
            return
        person = self._people.hash(key)
        if destination.list_ids:
            self._add(destination, array("Q", [person]), array("Q", [IN_SEGMENT]))
        else:
            self._streams[destination.stream].elsewhere.append(person)

    def leave(self, destination: Destination, person: int) -> None:
        """Note somebody whom the tap has named as a leaver: they are not in the segment.

        Args:
            destination: Stream and lists that they have left.
            person: Their keyed hash.
        """
        self._add(destination, array("Q", [person]), array("Q", [0]))

    def refuse(self, stream: str, key: str) -> None:
        """Note that what was to be sent of somebody has not landed; in any thread."""
        if stream in self._streams:
            self._refused.add(self._people.hash(key))

    def doubt(self, destination: Destination) -> None:
        """Note that it is not known which rows have landed; in any thread."""
        if found := self._streams.get(destination.stream):
            found.doubtful.update(destination.list_ids)

    def void(self, stream: str, reason: str) -> None:
        """Note that a stream does not prove its segment whole.

        Args:
            stream: Name of the stream.
            reason: Why not.
        """
        if found := self._streams.get(stream):
            found.fault = found.fault or reason

    def flush(self, destination: Destination) -> None:
        """Note in the store what has come for some lists, for good when this returns.

        It has to be done before any of that is sent.
        """
        if found := self._streams.get(destination.stream):
            for list_id in destination.list_ids:
                if load := found.lists.get(list_id):
                    load.put()

    def merge(self) -> None:
        """Merge everything into the memories. All imports are settled."""
        for stream, found in self._streams.items():
            self._proven[stream] = [
                SegmentRow(
                    stream, each, self._run, 0, *found.merge(each, self._today, self._refused)
                )
                for each in found.lists
            ]
            for load in found.lists.values():
                load.members.forget_load(self._run)

    def seal(self) -> list[SegmentRow]:
        """Say what the loads of lists that follow segments have proven: the run ends well.

        Returns:
            These loads, but for those that another run has disturbed.
        """
        rows: list[SegmentRow] = []
        for stream, found in self._streams.items():
            if found.overwrites:
                of_stream = [*self._proven[stream], *self._unnamed(stream, found)]
                rows += [
                    replace(row, state=seals.VOID, reason=found.fault) if found.fault else row
                    for row in of_stream
                ]
        return self._conclude(rows) if rows else []

    def _add(self, destination: Destination, hashes: array[int], values: array[int]) -> None:
        found = self._streams.get(destination.stream)
        if found is None:
            return
        for list_id in destination.list_ids:
            load = found.lists.get(list_id)
            if load is None:
                if found.overwrites:
                    self._own(destination.stream, list_id)
                load = self._meet(destination.stream, found, list_id, is_named=False)
            load.add(hashes, values)

    def _meet(self, stream: str, found: StreamLoad, list_id: str, *, is_named: bool) -> ListLoad:
        if found.overwrites:
            self._segments.add(stream, list_id, self._run, seals.LOADING)
        members = self._segments.members(stream, list_id, self._name(list_id))
        load = found.lists[list_id] = ListLoad(members, self._run, is_named)
        return load

    def _own(self, stream: str, list_id: str) -> None:
        owner = self._segments.own(list_id, stream)
        if owner != stream:
            name = self._name(list_id)
            raise DataError(
                f"List {name!r} follows stream {owner!r}, so that stream {stream!r} cannot "
                "overwrite it: no list follows two segments. Set load_method: upsert or another "
                f"list for stream {stream!r}, or let go of the list with: target-constant-contact "
                f"release {name!r}"
            )

    def _unnamed(self, stream: str, found: StreamLoad) -> Iterator[SegmentRow]:
        """Lists that the stream has gone to before, and that no row has named now."""
        for row in self._segments.all():
            if row.stream == stream and row.run == self._run and row.list_id not in found.lists:
                yield SegmentRow(stream, row.list_id, self._run, 0, seals.KEPT)

    def _conclude(self, rows: Sequence[SegmentRow]) -> list[SegmentRow]:
        lost = self._segments.conclude(rows)
        for row in rows:
            if reason := seals.DISTURBED if row in lost else row.reason:
                _logger.warning(
                    "Stream %s does not prove who is in the segment of list %r: %s. Nobody is "
                    "taken off",
                    row.stream,
                    self._name(row.list_id),
                    reason,
                )
        return [row for row in rows if row not in lost]

    def _name(self, list_id: str) -> str:
        return self._names().get(list_id, list_id)


def _value(fingerprint: int, flags: int) -> int:
    return fingerprint << FINGERPRINT | flags
