"""Small stand-ins for what units are given from outside: time, the request limits, a signal."""

from __future__ import annotations

from typing import Any

from target_constant_contact.events.events import Events
from target_constant_contact.exceptions import InterruptedRunError
from target_constant_contact.waiting import Waiting

AT_ONCE = Waiting(timeout_seconds=0.0)
"""For what need not be waited for."""


class Clock:
    """Seconds that only waiting moves on.

    Args:
        now: Where it starts.

    Attributes:
        naps: How long each wait was.
    """

    def __init__(self, now: float = 0.0) -> None:
        self.now = now
        self.naps: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        """Pass the time at once."""
        self.naps.append(seconds)
        self.now += seconds

    def waiting(self, timeout_seconds: float = 60.0, **options: Any) -> Waiting:
        """Waiting by this clock."""
        return Waiting(timeout_seconds, clock=self, sleep=self.sleep, **options)


class Limiter:
    """Notes what is asked of it, and never waits.

    Attributes:
        in_flight: For each request, whether it was counted as one in flight.
        penalties: Seconds of each pause that the service has asked for.
        events: Nobody listens to them.
    """

    def __init__(self) -> None:
        self.events = Events()
        self.in_flight: list[bool] = []
        self.penalties: list[float] = []

    def acquire(self, *, in_flight: bool = False) -> None:
        self.in_flight.append(in_flight)

    def penalize(self, seconds: float) -> None:
        self.penalties.append(seconds)


def stop() -> None:
    """What a run is told by a signal."""
    raise InterruptedRunError("stop")
