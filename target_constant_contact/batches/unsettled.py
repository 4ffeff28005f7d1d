"""What has been said of whom, and may not have been carried out yet."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from typing import TYPE_CHECKING, Final

from target_constant_contact.batches.chains import Chains
from target_constant_contact.batches.noted import Noted, joined

if TYPE_CHECKING:
    from collections.abc import Collection, Container, Sequence

    from target_constant_contact.batches.fingerprints import Fingerprints
    from target_constant_contact.batches.pieces import Spill

_IN_MEMORY: Final = 1 << 18
_WORTH_MOVING: Final = 1 << 21
_WITHDRAWN: Final = 0
"""Instead of a hash; of a billion billion addresses, one has it."""


class Unsettled:
    """Finds the batches that say something else about a person; 5 bytes a row.

    Of the rows that may be of a person, all that was said is looked at. Of the newest rows that is
    in memory: 12 bytes each.

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
        # None as long as nothing is to be found.
        self._chains: Chains | None = None
        self._noted: list[Noted] = []
        self._rows: dict[int, int] = {}
        self._living = self._dead = 0
        self._gone: deque[int] = deque()

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
        self._chains = None
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
        chains = self._build() if self._chains is None else self._chains
        new.first = len(chains)
        self._noted.append(new)
        return chains.add(new.said(self._spill).keys)

    def _compare(self, pairs: list[tuple[int, int]], new: Noted) -> dict[int, dict[int, list[int]]]:
        """Who is said something else about, of some rows that may be of the same person."""
        firsts = [noted.first for noted in self._noted]
        by_noted: dict[int, list[tuple[int, int]]] = {}
        for row, place in pairs:
            which = bisect_right(firsts, row) - 1
            # Rows of what was forgotten are still in the table.
            if which >= 0 and row < firsts[which] + self._noted[which].rows:
                by_noted.setdefault(which, []).append((row, place))
        said, found = new.said(self._spill), dict[int, dict[int, list[int]]]()
        for which, those in by_noted.items():
            noted = self._noted[which]
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
        self._noted = [noted for noted in self._noted if noted.numbers]
        if self._chains and self._dead > max(self._worth_moving, self._living // 4):
            self._build()

    def _build(self, people: Container[int] | None = None) -> Chains:
        """Note again what is not settled, of some people or of all."""
        self._chains = chains = Chains()
        held, self._noted, self._dead = self._noted, [], 0
        numbers = self._rows
        if people is not None:
            self._rows, self._living = {}, 0
        held.reverse()
        while held:
            if left := held.pop().only(numbers, people, self._spill):
                self._note(left)
                for number, rows in left.counts() if people is not None else ():
                    self._count(number, rows)
                self._put_aside()
        return chains
