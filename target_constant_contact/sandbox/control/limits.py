"""Counting requests of each API key, as the service's gateway does."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from dataclasses import dataclass, field


@dataclass(slots=True)
class _Counter:
    recent: deque[float] = field(default_factory=deque)
    day: int = -1
    today: int = 0


class RequestCounter:
    """Counts accepted requests by key, in any second and in the UTC day. Thread-safe."""

    def __init__(self) -> None:
        self._counters: defaultdict[str, _Counter] = defaultdict(_Counter)
        self._lock = threading.Lock()

    def admit(self, key: str, now: float, per_second: int | None, per_day: int | None) -> str:
        """Count a request of ``key`` at ``now``, or return which limit refuses it.

        Returns:
            An empty string, ``throttled`` or ``quota_exceeded``. A refused request is not counted.
        """
        with self._lock:
            counter = self._counters[key]
            _forget(counter, now)
            if per_day is not None and counter.today >= per_day:
                return "quota_exceeded"
            if per_second is not None and len(counter.recent) >= per_second:
                return "throttled"
            counter.recent.append(now)
            counter.today += 1
            return ""


def _forget(counter: _Counter, now: float) -> None:
    while counter.recent and counter.recent[0] <= now - 1.0:
        counter.recent.popleft()
    day = int(now // 86_400)
    if day != counter.day:
        counter.day, counter.today = day, 0
