"""People as a set of 64-bit hashes, 8 bytes each, however many they are.

They are in parts by the first bits of their hashes. Only one part at a time is in memory as a set
of Python's, which needs ten times as much.
"""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left
from typing import TYPE_CHECKING, Final, Self

from target_constant_contact.segments.parts import PARTS, SHIFT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_MOST_CHANGES: Final = 2_048
"""Of one part that are kept beside it: to bring them in costs as much as the part is long."""
_IS_SWAPPED: Final = sys.byteorder == "big"


class HashSet:
    """A set of hashes.

    Args:
        hashes: To begin with.
    """

    def __init__(self, hashes: Iterable[int] = ()) -> None:
        self._parts = [array("Q") for _ in range(PARTS)]
        self._new = [array("Q") for _ in range(PARTS)]
        self._changes: list[dict[int, bool]] = [{} for _ in range(PARTS)]
        self.update(hashes)

    @classmethod
    def unpacked(cls, packed: bytes) -> Self:
        """Read what :meth:`packed` made.

        Raises:
            ValueError: It is not whole.
        """
        hashes = array("Q")
        hashes.frombytes(packed)
        if _IS_SWAPPED:
            hashes.byteswap()
        return cls(hashes)

    def packed(self) -> bytes:
        """All hashes in ascending order, 8 bytes each, the lowest byte first."""
        whole = array("Q", self)
        if _IS_SWAPPED:
            whole.byteswap()
        return whole.tobytes()

    def __iter__(self) -> Iterator[int]:
        """The hashes in ascending order."""
        for number in range(PARTS):
            yield from self._settled(number)

    def __len__(self) -> int:
        return sum(len(self._settled(number)) for number in range(PARTS))

    def __contains__(self, one: int) -> bool:
        number = one >> SHIFT
        changed = self._changes[number].get(one)
        if changed is not None:
            return changed
        part = self._settled(number) if self._new[number] else self._parts[number]
        place = bisect_left(part, one)
        return place < len(part) and part[place] == one

    def __bool__(self) -> bool:
        return any(map(len, map(self._settled, range(PARTS))))

    def part(self, number: int) -> set[int]:
        """The hashes of one part, as a set of their own."""
        return set(self._settled(number))

    def add(self, one: int) -> None:
        """Put one in."""
        self._change(one, is_in=True)

    def discard(self, one: int) -> None:
        """Take one out, if it is there."""
        self._change(one, is_in=False)

    def update(self, hashes: Iterable[int]) -> None:
        """Put many in."""
        for number in range(PARTS):
            if self._changes[number]:
                self._settled(number)
        keep = [part.append for part in self._new]
        for one in hashes:
            keep[one >> SHIFT](one)
        for number, new in enumerate(self._new):
            # As many again as there are: so each is sorted a few times, however many come.
            if len(new) > max(_MOST_CHANGES, len(self._parts[number])):
                self._settled(number)

    def both(self, other: HashSet) -> HashSet:
        """Who is in this set and in the other one."""
        return HashSet.of_parts(self.part(n) & other.part(n) for n in range(PARTS))

    def only(self, other: HashSet) -> HashSet:
        """Who is in this set and not in the other one."""
        return HashSet.of_parts(self.part(n) - other.part(n) for n in range(PARTS))

    @classmethod
    def of_parts(cls, parts: Iterable[set[int]]) -> Self:
        """What :meth:`part` tells, of all parts in their order."""
        made = cls()
        made._parts = [array("Q", sorted(part)) for part in parts]
        return made

    def _change(self, one: int, *, is_in: bool) -> None:
        number = one >> SHIFT
        if self._new[number]:
            self._settled(number)
        changes = self._changes[number]
        changes[one] = is_in
        if len(changes) > _MOST_CHANGES:
            self._settled(number)

    def _settled(self, number: int) -> array[int]:
        """A part with all that is new brought in."""
        changes, new = self._changes[number], self._new[number]
        if changes or new:
            part = {*self._parts[number], *new, *changes}
            part.difference_update(one for one, is_in in changes.items() if not is_in)
            self._parts[number] = array("Q", sorted(part))
            self._new[number] = array("Q")
            changes.clear()
        return self._parts[number]
