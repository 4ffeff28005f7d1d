"""What happens over and over, as a few spans, however long the run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_EACH: Final = 100
"""So many have a span of their own; so many spans are made before they become twice as long."""
_FIRST_LENGTH: Final = 10 * 10**9
"""Nanoseconds that the first longer ones take at least."""


@dataclass(slots=True)
class Stretch:
    """What has happened from one time to another, times in nanoseconds since the epoch.

    Attributes:
        start: When the first began.
        end: When the last ended.
        times: How many there were.
        seconds: How long they took, taken together.
    """

    start: int
    end: int
    times: int = 1
    seconds: float = 0.0


class Stretches:
    """Makes a stretch of each happening, and of several when there are many of them.

    Nothing is left out: as time goes on, the stretches become longer. A day of polls every second
    is about seven hundred of them.

    Args:
        take: Called with each stretch.
    """

    def __init__(self, take: Callable[[Stretch], object]) -> None:
        self._take = take
        self._open: Stretch | None = None
        self._taken = 0

    def add(self, start: int, end: int) -> None:
        """Add a happening.

        Args:
            start: When it began.
            end: When it ended.
        """
        seconds = (end - start) / 10**9
        if self._open is not None and self._open.end - self._open.start >= self._length:
            self.close()
        if self._open is None:
            self._open = Stretch(start, end, 1, seconds)
        else:
            # In other threads, others may have begun before it and ended after it.
            self._open.start = min(self._open.start, start)
            self._open.end = max(self._open.end, end)
            self._open.times += 1
            self._open.seconds += seconds

    def close(self) -> None:
        """Hand over what has not been handed over."""
        if self._open is not None:
            self._take(self._open)
            self._taken += 1
            self._open = None

    @property
    def _length(self) -> int:
        turn = self._taken // _EACH
        return _FIRST_LENGTH << (turn - 1) if turn else 0
