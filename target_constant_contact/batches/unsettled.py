"""What has been said of whom, and may not have been carried out yet."""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_right
from collections import deque
from itertools import compress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection

    from target_constant_contact.batches.fingerprints import Fingerprints

_SLOTS: Final = 1 << 21
_MASK: Final = _SLOTS - 1
_HIGH, _LOW = (1, 0) if sys.byteorder == "little" else (0, 1)


class Unsettled:
    """Finds the batches that say something else about a person; 12 bytes a row.

    Rows are numbered over the run. As in a compressor, a table leads from a part of a hash to the
    newest row with it, and each row to the one before. Two addresses may be taken for one, once
    in some million runs: a row then waits in vain.
    """

    def __init__(self) -> None:
        self._heads = array("I")
        self._bits = array("I")
        self._values = array("I")
        self._previous = array("I")
        # Rows up to this one are forgotten; the first row is 1.
        self._base = 0
        self._starts: list[int] = []
        self._numbers: list[int] = []
        self._rows: dict[int, int] = {}
        self._gone: deque[int] = deque()
        self._looked: tuple[Fingerprints | None, list[int], array[int]] = None, [], array("I")

    def settled(self, number: int) -> None:
        """Note that all that a batch says is carried out; may be called from any thread."""
        self._gone.append(number)

    @property
    def numbers(self) -> Collection[int]:
        """Numbers of the batches that are not settled."""
        self._forget()
        return self._rows.keys()

    def add(self, number: int, said: Fingerprints) -> None:
        """Note what some rows of a batch say."""
        self._forget()
        slots, bits = self._parts(said)
        self._looked = None, [], array("I")
        if not slots:
            return
        if not self._heads:
            self._heads = array("I", bytes(4 * _SLOTS))
        heads, previous = self._heads, self._previous
        first = self._base + len(previous) + 1
        self._starts.append(first)
        self._numbers.append(number)
        self._rows[number] = self._rows.get(number, 0) + len(slots)
        self._bits.extend(bits)
        self._values.extend(said.values)
        for row, slot in enumerate(slots, first):
            previous.append(heads[slot])
            heads[slot] = row

    def contradicted(self, said: Fingerprints, own: int = 0) -> dict[int, list[int]]:
        """Who is said something else about by which batches.

        Args:
            said: What is said now.
            own: Number of a batch that is passed over.

        Returns:
            Numbers of the batches by the place of the person.
        """
        self._forget()
        found: dict[int, list[int]] = {}
        if len(self._rows) == (own in self._rows):
            return found
        base, past, all_bits = self._base + 1, self._previous, self._bits
        slots, bits = self._parts(said)
        rows = list(map(self._heads.__getitem__, slots))
        ways = list(compress(enumerate(rows), map(base.__le__, rows)))
        while ways:
            for place, row in ways:
                if all_bits[row - base] == bits[place]:
                    self._compare(row, said.values[place], own, found, place)
            ways = [(place, before) for place, row in ways if (before := past[row - base]) >= base]
        return found

    def _compare(
        self, row: int, value: int, own: int, found: dict[int, list[int]], place: int
    ) -> None:
        if self._values[row - self._base - 1] != value:
            number = self._numbers[bisect_right(self._starts, row) - 1]
            if number != own and number in self._rows:
                found.setdefault(place, []).append(number)

    def _forget(self) -> None:
        """Forget what is settled, from the oldest on."""
        if not self._gone:
            return
        while self._gone:
            self._rows.pop(self._gone.popleft(), None)
        ends = [*self._starts[1:], self._base + len(self._bits) + 1]
        dead = next(
            (at for at, number in enumerate(self._numbers) if number in self._rows),
            len(self._numbers),
        )
        rows = ends[dead - 1] - 1 - self._base if dead else 0
        # Moving the rest takes time: not for a few.
        if rows and rows * 4 >= len(self._bits):
            for each in (self._bits, self._values, self._previous):
                del each[:rows]
            del self._starts[:dead], self._numbers[:dead]
            self._base += rows

    def _parts(self, said: Fingerprints) -> tuple[list[int], array[int]]:
        """The slot of each person, and the other half of the hash."""
        if said is not self._looked[0]:
            halves = array("I", said.keys.tobytes())
            slots = list(map(_MASK.__and__, halves[_LOW::2]))
            # What has been looked for is nearly always added next.
            self._looked = said, slots, halves[_HIGH::2]
        return self._looked[1:]
