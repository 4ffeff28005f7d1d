"""Ways to wait that take no time."""

from __future__ import annotations

from typing import Any

from target_constant_contact.exceptions import InterruptedRunError
from target_constant_contact.waiting import Waiting

AT_ONCE = Waiting(timeout_seconds=0.0)
"""For what need not be waited for."""


class Clock:
    """Time that only sleeping moves on."""

    def __init__(self) -> None:
        self.now = 0.0
        self.naps: list[float] = []

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.now += seconds

    def waiting(self, timeout_seconds: float = 60.0, **options: Any) -> Waiting:
        """Waiting by this clock."""
        return Waiting(timeout_seconds, clock=self.time, sleep=self.sleep, **options)


def stop() -> None:
    """What a run is told by a signal."""
    raise InterruptedRunError("stop")
