"""What was noted at one time of what has been said."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from errno import EIO
from itertools import accumulate
from operator import sub
from typing import TYPE_CHECKING, Any

from target_constant_contact.batches.fingerprints import Fingerprints

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Sequence

    from target_constant_contact.batches.pieces import Spill


class Noted:
    """What some batches say, in memory or put aside.

    Args:
        first: Number of the first row.
        numbers: Of the batches.
        rows: How many rows are of each of them.
        said: What the rows say.

    Attributes:
        first: As above.
        numbers: As above.
    """

    __slots__ = ("_ends", "_place", "_said", "first", "numbers")

    def __init__(
        self, first: int, numbers: Sequence[int], rows: Sequence[int], said: Fingerprints
    ) -> None:
        self.first = first
        self.numbers = array("Q", numbers)
        self._ends = array("Q", accumulate(rows))
        self._said: Fingerprints | None = said
        self._place: Any = None

    @property
    def rows(self) -> int:
        """All of its rows."""
        return self._ends[-1]

    @property
    def in_memory(self) -> int:
        """Rows that are in memory."""
        return len(self._said.keys) if self._said else 0

    def batch_at(self, place: int) -> int:
        """Which of the batches a row belongs to."""
        return bisect_right(self._ends, place)

    def start_of(self, at: int) -> int:
        """Where the rows of one of the batches start."""
        return self._ends[at - 1] if at else 0

    def said(self, spill: Spill | None) -> Fingerprints:
        """What the rows say.

        Raises:
            OSError: What was read is not what was put aside.
        """
        said = self._said
        if said is None and spill:
            said = Fingerprints.from_bytes(spill.fetch(self._place))
        if said is None:
            # Without it, an older value could end on top.
            raise OSError(EIO, "What was put aside is damaged")
        return said

    def counts(self) -> Iterator[tuple[int, int]]:
        """The batches with their numbers of rows."""
        starts = [0, *self._ends[:-1]]
        return zip(self.numbers, map(sub, self._ends, starts), strict=True)

    def put_aside(self, spill: Spill) -> None:
        """Let what the rows say go to the spill."""
        if self._said:
            self._place = spill.put(self._said.to_bytes())
            self._said = None

    def forget(self, spill: Spill | None) -> None:
        """Forget what the rows say."""
        if self._place is not None and spill:
            spill.forget(self._place)
        self.numbers, self._said, self._place = array("Q"), None, None

    def only(
        self, numbers: Container[int], people: Container[int] | None, spill: Spill | None
    ) -> Noted | None:
        """What is left of it without other batches, and other people, than these.

        Args:
            numbers: The batches.
            people: Their hashes; None: all of them.
            spill: Where it may be.

        Returns:
            None when that is nothing.
        """
        if not self.numbers:
            return None
        if people is None and all(number in numbers for number in self.numbers):
            return self
        said = self.said(spill)
        left, rows, rest, start = list[int](), list[int](), list[Fingerprints](), 0
        for number, end in zip(self.numbers, self._ends, strict=True):
            if number in numbers:
                part = Fingerprints(said.keys[start:end], said.values[start:end])
                if people is not None:
                    part = part.without(
                        [place for place, key in enumerate(part.keys) if key not in people]
                    )
                if part.keys:
                    left.append(number)
                    rows.append(len(part.keys))
                    rest.append(part)
            start = end
        self.forget(spill)
        return Noted(0, left, rows, joined(rest)) if left else None


def joined(said: Sequence[Fingerprints]) -> Fingerprints:
    """What some batches say, one after the other."""
    keys, values = array("Q"), array("I")
    for one in said:
        keys.extend(one.keys)
        values.extend(one.values)
    return Fingerprints(keys, values)
