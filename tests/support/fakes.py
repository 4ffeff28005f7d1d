"""Small stand-ins for what units are given from outside: time, the request limits, a check."""

from __future__ import annotations


class Clock:
    """Seconds that only waiting moves on.

    Args:
        now: Where it starts.
    """

    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        """Pass the time at once."""
        self.now += seconds


class Limiter:
    """Notes what is asked of it, and never waits.

    Attributes:
        in_flight: For each request, whether it was counted as one in flight.
        penalties: Seconds of each pause that the service has asked for.
    """

    def __init__(self) -> None:
        self.in_flight: list[bool] = []
        self.penalties: list[float] = []

    def acquire(self, *, in_flight: bool = False) -> None:
        self.in_flight.append(in_flight)

    def penalize(self, seconds: float) -> None:
        self.penalties.append(seconds)


def no_check() -> None:
    """Nothing asks the run to stop."""
