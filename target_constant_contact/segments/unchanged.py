"""Members who need not be sent: the account has of them what would be sent."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Final
from zlib import crc32

from target_constant_contact.segments.flags import DAY, DAYS, FINGERPRINT, LEFT, PUT
from target_constant_contact.segments.gate import Withheld
from target_constant_contact.segments.memory import Memory
from target_constant_contact.segments.parts import SHIFT

if TYPE_CHECKING:
    from array import array
    from collections.abc import Callable, Iterator

    from target_constant_contact.batches.batch import Destination
    from target_constant_contact.segments.gate import Rows
    from target_constant_contact.store.segments import SegmentRows

_MARKS: Final = 38
"""How far a hash is shifted to get its place among the marks: 26 bits are left."""


class Unchanged:
    """Withholds rows that say what has landed before, as `segments.gate.Rule` describes it.

    Of two rows of one person the later one counts, also when it is the same as on the last night
    and the earlier one is not: whoever is sent once in a run is sent again.

    Args:
        segments: The segments of the account in the store.
        days: Tells for how many days a member of a stream that has not changed is not sent.
        today: The day, since 2020.
    """

    says: Final = Withheld("unchanged", "")

    def __init__(self, segments: SegmentRows, days: Callable[[str], float], today: int) -> None:
        self._segments = segments
        self._days = days
        self._today = today
        self._known: dict[tuple[str, str], Known] = {}
        self._ways: dict[Destination, tuple[float, list[Known]]] = {}
        # Who was sent, by a part of the hash. That somebody else has it too costs one more row.
        self._marks = bytearray(1 << (64 - _MARKS - 3))

    def withheld(self, rows: Rows) -> Iterator[int]:
        """Positions of rows that need not be sent."""
        marks, said = self._marks, map(crc32, rows.bodies)
        latest: Destination | None = None
        oldest, lists = 0.0, list[Known]()
        for place, (one, fingerprint, destination) in enumerate(
            zip(rows.hashes, said, rows.destinations, strict=True)
        ):
            # Mostly all rows of a chunk go the same way.
            if destination is not latest:
                latest = destination
                oldest, lists = self._way(destination)
            mark = one >> _MARKS
            if not marks[mark >> 3] >> (mark & 7) & 1:
                if lists and all(each.landed(one, fingerprint, oldest) for each in lists):
                    yield place
                else:
                    marks[mark >> 3] |= 1 << (mark & 7)

    def _way(self, destination: Destination) -> tuple[float, list[Known]]:
        """The last day of which what has landed is sent again, and who is known of the lists."""
        found = self._ways.get(destination)
        if found is None:
            days = self._days(destination.stream)
            lists = [self._list(destination.stream, each) for each in destination.list_ids]
            found = self._ways[destination] = self._today - days, lists if days else []
        return found

    def _list(self, stream: str, list_id: str) -> Known:
        known = self._known.get((stream, list_id))
        if known is None:
            memory = Memory(self._segments.members(stream, list_id))
            known = self._known[stream, list_id] = Known(memory)
        return known


class Known:
    """The people of a memory, 16 bytes each, to look them up one by one.

    Args:
        memory: The memory.
    """

    def __init__(self, memory: Memory) -> None:
        self._parts: list[tuple[array[int], array[int]]] = [*memory.columns()]

    def landed(self, one: int, fingerprint: int, oldest: float) -> bool:
        """Whether just this was the last that has landed on the list of a person.

        Args:
            one: Hash of the person.
            fingerprint: Of what is said of them.
            oldest: A day since 2020; what has landed until then does not count.
        """
        hashes, values = self._parts[one >> SHIFT]
        place = bisect_left(hashes, one)
        if place == len(hashes) or hashes[place] != one:
            return False
        value = values[place]
        is_there = value >> FINGERPRINT == fingerprint and value & (PUT | LEFT) == PUT
        day = (value & DAYS) >> DAY
        return is_there and day > 0 and day > oldest
