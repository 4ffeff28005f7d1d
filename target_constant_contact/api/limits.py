"""The request limits of an API key, kept by all processes of a machine together.

A key may send 4 requests a second and 10,000 a day, whatever the number of accounts, tokens and
programs behind it, and the service tells nobody how many are left: they are counted here.
Source: https://developer.constantcontact.com/api_guide/rate_limits.html
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from target_constant_contact.exceptions import QuotaExceededError, TargetError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

REQUESTS_PER_SECOND: Final = 4
"""Of a standard key; partner keys have more."""
REQUESTS_PER_DAY: Final = 10_000
"""Of a standard key, from 00:00 UTC to 00:00 UTC."""

MAX_RESERVED: Final = 150
"""Requests of a day that are kept for asking after what is in flight: at one every 30 seconds
they last for more than an hour."""

_MARGIN: Final = 1.04
"""N intervals last 40 ms longer than a second: a late request does not meet an early one."""
_LONGEST_QUEUE: Final = 1_000
"""Callers that may wait at once. A slot further ahead was reserved before the clock jumped back."""
_LONGEST_PENALTY: Final = 60.0
_BUSY_SECONDS: Final = 30.0
_SCHEMA: Final = """
    CREATE TABLE IF NOT EXISTS slots (key TEXT PRIMARY KEY, last REAL NOT NULL);
    CREATE TABLE IF NOT EXISTS days (
        key TEXT, day TEXT, used INTEGER NOT NULL, PRIMARY KEY (key, day)
    );
"""


class RateLimiter:
    """Lets requests pass in evenly spaced slots, and no more than a day's worth of them.

    Slots are handed out in the order of asking, by short transactions on a SQLite file, so every
    thread and process with the same file and key shares one limit. A caller that dies keeps
    nobody waiting for longer than its slot.

    Args:
        path: The SQLite file, created readable by its owner only; ``None`` counts in memory, for
            this limiter alone.
        key: What the limit belongs to, such as a client id. Only a hash of it is stored.
        requests_per_second: The most requests in any one second.
        requests_per_day: The most requests in one UTC day.
        clock: Returns the time as a Unix timestamp in seconds.
        sleep: Waits for a number of seconds.

    Raises:
        TargetError: The file cannot be used (also from every method).
    """

    def __init__(  # noqa: PLR0913 - two ways to tell time, which only tests replace
        self,
        path: Path | None,
        key: str,
        *,
        requests_per_second: int = REQUESTS_PER_SECOND,
        requests_per_day: int = REQUESTS_PER_DAY,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._path = path
        self._key = hashlib.sha256(key.encode()).hexdigest()
        self._interval = _MARGIN / requests_per_second
        self.requests_per_day = requests_per_day
        self._unreserved = requests_per_day - min(requests_per_day // 4, MAX_RESERVED)
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        with self._sqlite_errors_explained():
            self._database = _open(path)

    def acquire(self, *, in_flight: bool = False) -> None:
        """Reserve the next slot, and return when it has come.

        A reserved slot counts as a request, also when its caller is interrupted while it waits.

        Args:
            in_flight: The request asks after work in flight. The last requests of a day are kept
                for these, so that what was sent is also accounted for.

        Raises:
            QuotaExceededError: The requests of the day are used up.
        """
        now = self._clock()
        with self._transaction():
            slot = self._next_slot(now)
            self._count(slot, self.requests_per_day if in_flight else self._unreserved)
            self._reserve(slot)
        if slot > now:
            self._sleep(slot - now)

    def penalize(self, seconds: float) -> None:
        """Hold back the slots that are not reserved yet, for every caller of the key.

        Args:
            seconds: How long from now; at most a minute.
        """
        now = self._clock()
        resume = now + min(seconds, _LONGEST_PENALTY)
        with self._transaction():
            if resume > self._next_slot(now):
                self._reserve(resume - self._interval)

    def used_today(self) -> int:
        """Return how many requests of the current UTC day are used up."""
        with self._lock, self._sqlite_errors_explained():
            return self._used(_day(self._clock()))

    def close(self) -> None:
        """Close the file. The counts stay in it."""
        with self._lock:
            self._database.close()

    def _next_slot(self, now: float) -> float:
        row = self._database.execute("SELECT last FROM slots WHERE key = ?", [self._key]).fetchone()
        earliest = row[0] + self._interval if row else now
        horizon = now + _LONGEST_QUEUE * self._interval + _LONGEST_PENALTY
        return now if earliest > horizon else max(now, earliest)

    def _reserve(self, slot: float) -> None:
        self._database.execute("REPLACE INTO slots VALUES (?, ?)", [self._key, slot])

    def _count(self, slot: float, limit: int) -> None:
        """Count a request of the day that the slot lies in, and forget days long past."""
        day, used = _day(slot), self._used(_day(slot))
        if used >= limit:
            reserved = self.requests_per_day - limit
            raise QuotaExceededError(_used_up(used, reserved, slot, self._clock()))
        self._database.execute("REPLACE INTO days VALUES (?, ?, ?)", [self._key, day, used + 1])
        # Two days are kept: a clock that is set back must not open a used-up day again.
        self._database.execute("DELETE FROM days WHERE day < ?", [_day(slot - 2 * 86_400)])

    def _used(self, day: str) -> int:
        query = "SELECT used FROM days WHERE key = ? AND day = ?"
        row = self._database.execute(query, [self._key, day]).fetchone()
        return int(row[0]) if row else 0

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """Keep other threads and processes out; undo everything when the block raises."""
        with self._lock, self._sqlite_errors_explained():
            self._database.execute("BEGIN IMMEDIATE")
            with self._database:
                yield

    @contextmanager
    def _sqlite_errors_explained(self) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            raise TargetError(
                f"the request counts in {self._path or 'memory'} cannot be used ({error}); "
                "check the rights and the free space there, or delete that file"
            ) from error


def _open(path: Path | None) -> sqlite3.Connection:
    if path is not None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    database = sqlite3.connect(
        path or ":memory:",
        timeout=_BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        # A crash of the machine may lose the last counts; a crash of a process loses nothing.
        database.execute("PRAGMA synchronous = NORMAL")
        database.executescript(_SCHEMA)
    except sqlite3.Error:
        database.close()
        raise
    return database


def _day(timestamp: float) -> str:
    return datetime.fromtimestamp(timestamp, UTC).date().isoformat()


def _used_up(used: int, reserved: int, slot: float, now: float) -> str:
    midnight = datetime.fromtimestamp(slot, UTC).replace(
        hour=0, minute=0, second=0, microsecond=0
    ) + timedelta(days=1)
    minutes = round((midnight.timestamp() - now) / 60)
    if reserved:
        what = (
            f"{used:,} requests of {_day(slot)} (UTC) are used up for this API key, and the last "
            f"{reserved:,} of the day are kept for asking after what is in flight"
        )
    else:
        what = f"all {used:,} requests of {_day(slot)} (UTC) are used up for this API key"
    return (
        f"{what}; run again "
        f"after {midnight:%Y-%m-%d %H:%M} UTC, in {minutes // 60} h {minutes % 60} min"
    )
