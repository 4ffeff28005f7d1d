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
        # Who was sent, by a part of the hash. That somebody else has it too costs one more row.
        self._marks = bytearray(1 << (64 - _MARKS - 3))

    def withheld(self, rows: Rows) -> Iterator[int]:
        """Positions of rows that need not be sent."""
        marks = self._marks
        for place, (one, body, destination) in enumerate(
            zip(rows.hashes, rows.bodies, rows.destinations, strict=True)
        ):
            mark = one >> _MARKS
            is_marked = marks[mark >> 3] >> (mark & 7) & 1
            if not is_marked:
                days = self._days(destination.stream)
                if days and self._landed(destination.stream, destination.list_ids, one, body, days):
                    yield place
                else:
                    marks[mark >> 3] |= 1 << (mark & 7)

    def _landed(
        self, stream: str, list_ids: tuple[str, ...], one: int, body: bytes, days: float
    ) -> bool:
        """Whether just this has landed on all of these lists, in so many days."""
        said = crc32(body)
        for list_id in list_ids:
            known = self._known.get((stream, list_id))
            if known is None:
                memory = Memory(self._segments.members(stream, list_id))
                known = self._known[stream, list_id] = Known(memory)
            value = known.of(one)
            day = (value & DAYS) >> DAY
            if value & (PUT | LEFT) != PUT or value >> FINGERPRINT != said or not day:
                return False
            if self._today - day >= days:
                return False
        return bool(list_ids)


class Known:
    """The people of a memory, 16 bytes each, to look them up one by one.

    Args:
        memory: The memory.
    """

    def __init__(self, memory: Memory) -> None:
        self._parts: list[tuple[array[int], array[int]]] = [*memory.columns()]

    def of(self, one: int) -> int:
        """What is known of a person, as `parts.Person` reads it; 0 for nothing."""
        hashes, values = self._parts[one >> SHIFT]
        place = bisect_left(hashes, one)
        if place < len(hashes) and hashes[place] == one:
            return values[place]
        return 0
