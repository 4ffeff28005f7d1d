"""People who come again in the same run, with another value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_NEAR: Final = 100
_TENTH: Final = 0.1


@dataclass(frozen=True, slots=True)
class Repeats:
    """Which rows are of people that come twice.

    Far away, people of the first tenth (or more) of the rows come again, in their order, in the
    last one; so a program that never waits in vain has no need to wait. Near, they come again
    some 100 rows later.

    Args:
        rows: All rows.
        share: Part of them with people that have been there, at most a half.
        far: Whether they come again far away.
    """

    rows: int
    share: float
    far: bool = True

    @property
    def people(self) -> int:
        """How many people come twice."""
        if self.far:
            return -(-self._span // self._step)
        return max((self.rows - 2) // self._step + 1 - self._blocks_between, 0)

    @property
    def gap(self) -> float:
        """Part of the rows between those of one person."""
        return 1 - self._span / self.rows if self.far else 0.0

    def at(self, number: int) -> tuple[int, int] | None:
        """The person, and 1 or 2 for the first or second time; None: a person that comes once.

        Args:
            number: Of the row, from 0.
        """
        return self._far(number) if self.far else self._near(number)

    def _far(self, number: int) -> tuple[int, int] | None:
        start = self.rows - self._span
        if number < self._span and number % self._step == 0:
            return number // self._step, 1
        if number >= start and (number - start) % self._step == 0:
            return (number - start) // self._step, 2
        return None

    def _near(self, number: int) -> tuple[int, int] | None:
        block, place = divmod(number, self._step)
        if place == 0:
            return (block, 1) if block < self.people else None
        person = block - self._blocks_between
        return (person, 2) if place == 1 and person >= 0 else None

    @property
    def _span(self) -> int:
        return int(self.rows * max(self.share, _TENTH))

    @property
    def _step(self) -> int:
        """Rows from one person that comes twice to the next."""
        return round(max(self.share, _TENTH) / self.share) if self.far else round(1 / self.share)

    @property
    def _blocks_between(self) -> int:
        return max(_NEAR // self._step, 1)
