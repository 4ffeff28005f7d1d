"""Decides which STATE may be released, given what has settled.

A STATE message promises that every record read before it is settled. Rows are numbered in the
order of reading; a checkpoint at row N may go when no batch that is still open, waiting or in
flight can hold a row before N.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class Checkpoints:
    """The STATE messages that wait, and the batches that they wait for.

    At most one checkpoint is kept for each batch that is held, so memory does not grow with the
    number of STATE messages.
    """

    def __init__(self) -> None:
        self._rows: list[int] = []
        self._states: list[Mapping[str, Any]] = []
        self._held: dict[int, int] = {}

    def hold(self, batch: int, first_row: int) -> None:
        """Note that a batch holds rows that are not settled, from ``first_row`` on."""
        self._held[batch] = min(first_row, self._held.get(batch, first_row))

    def settle(self, batch: int) -> None:
        """Note that all rows of a batch are settled."""
        self._held.pop(batch, None)

    def add(self, row: int, state: Mapping[str, Any]) -> None:
        """Keep the STATE that was read after ``row`` rows.

        An empty STATE is not kept: releasing it would erase what the tap has stored.
        """
        if not state:
            return
        if self._rows and not self._parts(self._rows[-1], row):
            # Released by the same condition as the checkpoint before it: the newer one wins.
            self._rows.pop()
            self._states.pop()
        self._rows.append(row)
        self._states.append(state)

    @property
    def ready(self) -> int:
        """Number of checkpoints that may be released now."""
        if not self._rows or not self._held:
            return len(self._rows)
        # A checkpoint "after N rows" covers rows 0 to N - 1.
        return bisect_right(self._rows, min(self._held.values()))

    def release(self) -> Mapping[str, Any] | None:
        """Take out the newest STATE that may be written now; None when there is none."""
        ready = self.ready
        if not ready:
            return None
        state = self._states[ready - 1]
        del self._rows[:ready], self._states[:ready]
        return state

    def __len__(self) -> int:
        return len(self._rows)

    def _parts(self, earlier: int, later: int) -> bool:
        """Whether some batch stands between two checkpoints and may hold only the later back."""
        return any(earlier <= first_row < later for first_row in self._held.values())
