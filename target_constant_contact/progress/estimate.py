"""How long the imports that are left will take, as far as that can honestly be told."""

from __future__ import annotations

from typing import Final

_LEAST_SETTLED: Final = 3
_LEAST_SECONDS: Final = 5.0
"""The pace of fewer imports, or of a shorter time, says nothing about the others."""


class Estimate:
    """Learns from every import that is settled.

    The time before the first one is left out: how long an import takes says nothing about how many
    the service works on side by side.
    """

    def __init__(self) -> None:
        self._first_at = 0.0
        self._settled = -1

    def settled(self, now: float) -> None:
        """Note that one more import is settled."""
        if self._settled < 0:
            self._first_at = now
        self._settled += 1

    def seconds_left(self, imports: int, now: float) -> float | None:
        """How long more imports take at the pace of those before.

        Args:
            imports: How many are left.
            now: What time it is.

        Returns:
            Seconds; None as long as it cannot be told.
        """
        took = now - self._first_at
        if self._settled < _LEAST_SETTLED or took < _LEAST_SECONDS:
            return None
        return imports * took / self._settled
