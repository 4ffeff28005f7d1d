"""What has been said of whom, and may not have been carried out yet."""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_right
from collections import deque
from itertools import compress
from mmap import mmap
from typing import TYPE_CHECKING, Final

from target_constant_contact.batches.noted import Noted, joined

if TYPE_CHECKING:
    from collections.abc import Collection, Container, Sequence

    from target_constant_contact.batches.fingerprints import Fingerprints
    from target_constant_contact.batches.pieces import Spill

_SLOTS: Final = 1 << 22
_IN_MEMORY: Final = 1 << 19
_WORTH_MOVING: Final = 1 << 21
_WITHDRAWN: Final = 0
"""Instead of a hash; of a billion billion addresses, one has it."""
_IS_LITTLE: Final = sys.byteorder == "little"
_OF_KEY: Final = (0, 1, 2, 7) if _IS_LITTLE else (7, 6, 5, 0)
_OF_SLOT: Final = (0, 1, 2) if _IS_LITTLE else (3, 2, 1)
_TOP: Final = bytes(octet & (_SLOTS - 1) >> 16 for octet in range(256))


class Unsettled:
    """Finds the batches that say something else about a person; 5 bytes a row.

    Rows are numbered. As in a compressor, a table leads from a part of a hash to the newest row
    with it, and each row to the one before. A byte of the hash tells nearly all rows apart that
    do not matter; for the others, all that was said is looked at. Of the newest rows that is in
    memory: 12 bytes each.

    Args:
        spill: Where what was said goes when it is not of the newest rows; None: nowhere.
        in_memory: How many the newest are.
        worth_moving: Settled rows that the table is built anew for: that takes time.
    """

    def __init__(
        self,
        spill: Spill | None = None,
        *,
        in_memory: int = _IN_MEMORY,
        worth_moving: int = _WORTH_MOVING,
    ) -> None:
        self._spill = spill
        self._most_in_memory = in_memory
        self._worth_moving = worth_moving
        self._clear()
        self._noted: list[Noted] = []
        self._rows: dict[int, int] = {}
        self._living = self._dead = 0
        self._gone: deque[int] = deque()
        self._is_away = False

    def settled(self, number: int) -> None:
        """Note that all that a batch says is carried out; may be called from any thread."""
        self._gone.append(number)

    @property
    def numbers(self) -> Collection[int]:
        """Numbers of the batches that are not settled."""
        self._forget()
        return self._rows.keys()

    @property
    def rows(self) -> int:
        """How many rows are not settled."""
        self._forget()
        return self._living

    def add(
        self, numbers: Sequence[int], said: Sequence[Fingerprints]
    ) -> dict[int, dict[int, list[int]]]:
        """Note what rows of some batches say.

        Args:
            numbers: Numbers of the batches.
            said: What rows of each of them say.

        Returns:
            Numbers of the other batches that say something else about a person, by which of
            these batches it is, and the place of the person in it.
        """
        self._forget()
        rows = [len(one.keys) for one in said]
        if not any(rows):
            return {}
        if self._is_away:
            self._build()
        for number, size in zip(numbers, rows, strict=True):
            self._count(number, size)
        # The first row gets its number when the others have theirs.
        new = Noted(0, numbers, rows, said[0] if len(said) == 1 else joined(said))
        found = self._compare(self._note(new), new)
        self._put_aside()
        return found

    def withdraw(self, at: int, places: Collection[int]) -> None:
        """Forget what was said at some places by one of the batches that were added last."""
        last = self._noted[-1]
        keys, start = last.said(self._spill).keys, last.start_of(at)
        for place in places:
            keys[start + place] = _WITHDRAWN
        self._count(last.numbers[at], -len(places))
        self._dead += len(places)

    def leave_memory(self) -> None:
        """Keep nothing in memory until something is added again."""
        self._clear()
        self._is_away = True
        if self._spill:
            for noted in self._noted:
                noted.put_aside(self._spill)

    def keep(self, people: Container[int]) -> None:
        """Forget what is said of others: nothing more will be said of them.

        Args:
            people: Hashes of the addresses.
        """
        self._forget()
        self._build(people)

    def _count(self, number: int, rows: int) -> None:
        self._living += rows
        self._rows[number] = self._rows.get(number, 0) + rows
        if not self._rows[number]:
            del self._rows[number]

    def _note(self, new: Noted) -> list[tuple[int, int]]:
        """Note rows; return those of before, and of which new ones they may be, by place."""
        keys = new.said(self._spill).keys
        new.first = len(self._previous)
        self._noted.append(new)
        slots, tags = _parts(keys)
        heads = self._heads
        before: list[int] = []
        append = before.append
        # Once for both: most of the time goes to what is not in the processor's cache.
        for row, slot in enumerate(slots, new.first):
            append(heads[slot])
            heads[slot] = row
        self._previous.fromlist(before)
        self._tags += tags
        past, all_tags = self._previous, self._tags
        found = []
        for place in compress(range(len(before)), before):
            row, tag = before[place], tags[place]
            while row:
                if all_tags[row] == tag:
                    found.append((row, place))
                row = past[row]
        return found

    def _compare(self, pairs: list[tuple[int, int]], new: Noted) -> dict[int, dict[int, list[int]]]:
        """Who is said something else about, of some rows that may be of the same person."""
        firsts = [noted.first for noted in self._noted]
        by_noted: dict[int, list[tuple[int, int]]] = {}
        for row, place in pairs:
            by_noted.setdefault(bisect_right(firsts, row) - 1, []).append((row, place))
        said, found = new.said(self._spill), dict[int, dict[int, list[int]]]()
        for which, those in by_noted.items():
            noted = self._noted[which]
            if not noted.numbers:
                continue
            theirs = noted.said(self._spill)
            for row, place in those:
                there = row - noted.first
                if theirs.keys[there] != said.keys[place]:
                    continue
                number, at = noted.numbers[noted.batch_at(there)], new.batch_at(place)
                is_other = number in self._rows and number != new.numbers[at]
                if is_other and theirs.values[there] != said.values[place]:
                    by_place = found.setdefault(at, {})
                    by_place.setdefault(place - new.start_of(at), []).append(number)
        return found

    def _put_aside(self) -> None:
        """Keep no more than the newest rows in memory: of what was added last, at least."""
        rows = sum(noted.in_memory for noted in self._noted)
        for noted in self._noted[:-1]:
            if rows <= self._most_in_memory or self._spill is None:
                return
            rows -= noted.in_memory
            noted.put_aside(self._spill)

    def _forget(self) -> None:
        """Forget what is settled."""
        if not self._gone:
            return
        while self._gone:
            rows = self._rows.pop(self._gone.popleft(), 0)
            self._living -= rows
            self._dead += rows
        for noted in self._noted:
            if not any(map(self._rows.__contains__, noted.numbers)):
                noted.forget(self._spill)
        if not self._is_away and self._dead > max(self._worth_moving, self._living // 4):
            self._build()

    def _build(self, people: Container[int] | None = None) -> None:
        """Note again what is not settled, of some people or of all."""
        self._clear()
        held, self._noted, self._dead, self._is_away = self._noted, [], 0, False
        numbers = self._rows
        if people is not None:
            self._rows, self._living = {}, 0
        held.reverse()
        while held:
            if left := held.pop().only(numbers, people, self._spill):
                self._note(left)
                for number, rows in left.counts() if people is not None else ():
                    self._count(number, rows)

    def _clear(self) -> None:
        # Row 0 stands for none.
        self._heads = _table()
        self._previous, self._tags = array("I", [0]), bytearray(1)


def _table() -> memoryview:
    # The system provides it page by page, when something is put there.
    return memoryview(mmap(-1, 4 * _SLOTS)).cast("I")


def _parts(keys: array[int]) -> tuple[array[int], bytes]:
    """The slot of each hash, and a byte of it that has nothing to do with that."""
    octets, slots = keys.tobytes(), bytearray(4 * len(keys))
    for of_slot, of_key in zip(_OF_SLOT, _OF_KEY, strict=False):
        slots[of_slot::4] = octets[of_key::8]
    slots[_OF_SLOT[-1] :: 4] = slots[_OF_SLOT[-1] :: 4].translate(_TOP)
    return array("I", bytes(slots)), octets[_OF_KEY[-1] :: 8]
