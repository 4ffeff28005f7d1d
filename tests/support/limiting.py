"""Time for tests of the request limits, and what they look at."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from target_constant_contact.api.limits.limiter import RateLimiter
from target_constant_contact.store.slots import Slots
from target_constant_contact.store.sqlite import SqliteFile
from target_constant_contact.store.versions import prepare

NOON = datetime(2026, 8, 1, 12, tzinfo=UTC).timestamp()


class LimiterInMemory(RateLimiter):
    """A limiter that counts alone, and has to be closed."""

    def __init__(self, key="k", clock=time.time, **options):
        self._database = SqliteFile(None, clock)
        prepare(self._database)
        super().__init__(Slots(self._database), key, **options)

    def close(self):
        self._database.close()


class Time:
    """A clock that only sleeping, or the test, moves on."""

    def __init__(self, now=NOON):
        self.now = now
        self.oversleep = []

    def clock(self):
        return self.now

    def passed(self):
        """Seconds since noon; a tolerance relative to a Unix timestamp would be half an hour."""
        return self.now - NOON

    def sleep(self, seconds):
        assert seconds > 0
        self.now += seconds + (self.oversleep.pop(0) if self.oversleep else 0)


def passing_times(limiter, time, count):
    """The times at which requests pass."""
    times = []
    for _ in range(count):
        limiter.acquire()
        times.append(time.now)
    return times


def most_in_a_second(times):
    return max(sum(start <= other <= start + 1 for other in times) for start in times)
