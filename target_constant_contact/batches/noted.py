"""What was noted at one time of what has been said."""

from __future__ import annotations

import errno
import os
from array import array
from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from target_constant_contact.batches.fingerprints import Fingerprints

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

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
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return said

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

    def only(self, numbers: Container[int], spill: Spill | None) -> Noted | None:
        """What is left of it without other batches than these; None when that is nothing."""
        kept = [number in numbers for number in self.numbers]
        if all(kept):
            return self if kept else None
        said, starts = self.said(spill), [0, *self._ends]
        rest, rows = Fingerprints(array("Q"), array("I")), []
        for keep, start, end in zip(kept, starts, self._ends, strict=False):
            if keep:
                rest.keys.extend(said.keys[start:end])
                rest.values.extend(said.values[start:end])
                rows.append(end - start)
        left = [number for number in self.numbers if number in numbers]
        self.forget(spill)
        return Noted(self.first, left, rows, rest) if left else None
