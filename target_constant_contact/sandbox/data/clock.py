"""Time as the sandbox knows it: seconds since the epoch, UTC, from a clock that can be replaced."""

from __future__ import annotations

import math
import threading
import time
from datetime import UTC, datetime


class ManualClock:
    """A clock that stands still until it is told to go on.

    Args:
        now: Seconds since the epoch at the start; default 2026-01-05 09:00:00 UTC.
    """

    def __init__(self, now: float = 1_767_603_600.0) -> None:
        self._now = now
        self._lock = threading.Lock()

    def __call__(self) -> float:
        """Return the present moment in seconds since the epoch."""
        with self._lock:
            return self._now

    def advance(self, seconds: float) -> float:
        """Go on by ``seconds`` and return the new moment.

        Raises:
            ValueError: ``seconds`` is negative; time does not run backwards here.
        """
        if seconds < 0:
            raise ValueError("a clock cannot be advanced by a negative number of seconds")
        with self._lock:
            self._now += seconds
            return self._now

    def sleep(self, seconds: float) -> None:
        """Advance instead of waiting, for code that takes ``sleep`` as an argument."""
        self.advance(max(0.0, seconds))


class FastClock:
    """A clock that runs some times as fast as the real one, from the moment that it is made.

    Args:
        speed: How many times as fast; 1 is real time.
        now: Seconds since the epoch at the start; None: the present moment.

    Raises:
        ValueError: ``speed`` is not more than 0.
    """

    def __init__(self, speed: float, now: float | None = None) -> None:
        if not 0 < speed < math.inf:
            raise ValueError("a clock must run forward: its speed is more than 0")
        self._speed = speed
        self._now = time.time() if now is None else now
        self._began = time.monotonic()

    def __call__(self) -> float:
        """Return the present moment in seconds since the epoch."""
        return self._now + (time.monotonic() - self._began) * self._speed


def stamp(moment: float) -> str:
    """Write a moment as the API does: ISO 8601, UTC, without a fraction."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read_stamp(text: str) -> float:
    """Read an ISO 8601 moment or date; without a zone it is UTC.

    Raises:
        ValueError: The text is not ISO 8601.
    """
    moment = datetime.fromisoformat(text.strip())
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
