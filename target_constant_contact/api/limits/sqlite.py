"""Slots and days counted in a SQLite file, for the processes of a machine."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from target_constant_contact.api.limits.slots import (
    DAY_SECONDS,
    DAYS_KEPT,
    Slot,
    day_of,
    next_slot,
)
from target_constant_contact.exceptions import StorageError
from target_constant_contact.files import make_private_folder, open_private

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_BUSY_SECONDS: Final = 30.0
_SCHEMA: Final = """
    CREATE TABLE IF NOT EXISTS slots (key TEXT PRIMARY KEY, last REAL NOT NULL);
    CREATE TABLE IF NOT EXISTS asked (key TEXT PRIMARY KEY, at REAL NOT NULL);
    CREATE TABLE IF NOT EXISTS days (
        key TEXT, day TEXT, used INTEGER NOT NULL, PRIMARY KEY (key, day)
    );
"""


class SqliteSlots:
    """A `SlotStore` in a file; each step is a short transaction.

    Args:
        path: The file, created readable by its owner only; ``None`` counts in memory.
        clock: Returns the time as a Unix timestamp; the processes of a machine share it.

    Raises:
        StorageError: The file cannot be used (also from every method).
    """

    def __init__(self, path: Path | None, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self._path = path
        self._lock = threading.Lock()
        with self._sqlite_errors_explained():
            self._database = _open(path)

    def reserve(self, key: str, interval: float, most: int, *, missed: float | None = None) -> Slot:
        """Reserve the next slot, unless its day has ``most`` requests."""
        with self._transaction():
            # Once the others are out: waiting for them takes time.
            now = self.clock()
            last, asked_at = self._last(key, now - interval)
            slot = next_slot(now, interval, last, asked_at)
            used = self._used(key, day_of(slot))
            exchanged = missed is not None and day_of(missed) == day_of(slot)
            granted = exchanged or used < most
            if granted:
                self._reserve(key, slot, now)
                if not exchanged:
                    used = self._count(key, slot, 1)
                    if missed is not None:
                        self._count(key, missed, -1)
        set_back = max(0.0, asked_at - now)
        return Slot(slot, now, due=slot, used=used, granted=granted, set_back=set_back)

    def postpone(self, key: str, interval: float, seconds: float) -> None:
        """Hold back the slots that are not reserved yet until so many seconds from now."""
        with self._transaction():
            now = self.clock()
            if now + seconds > next_slot(now, interval, *self._last(key, now - interval)):
                self._reserve(key, now + seconds - interval, now)

    def used_today(self, key: str) -> int:
        """How many requests of the current UTC day are counted."""
        with self._lock, self._sqlite_errors_explained():
            return self._used(key, day_of(self.clock()))

    def close(self) -> None:
        """Close the file. The counts stay in it."""
        with self._lock:
            self._database.close()

    def _last(self, key: str, otherwise: float) -> tuple[float, float]:
        """The last slot of a key, and when it was reserved."""
        # A table of its own: processes of versions that know only the other one may be running.
        query = "SELECT last, ifnull(at, last) FROM slots LEFT JOIN asked USING (key) WHERE key = ?"
        row = self._database.execute(query, [key]).fetchone()
        return (row[0], row[1]) if row else (otherwise, otherwise)

    def _reserve(self, key: str, slot: float, now: float) -> None:
        self._database.execute("REPLACE INTO slots VALUES (?, ?)", [key, slot])
        self._database.execute("REPLACE INTO asked VALUES (?, ?)", [key, now])

    def _count(self, key: str, slot: float, requests: int) -> int:
        """Add to the requests of a slot's day, forget days long past, and return the sum."""
        day = day_of(slot)
        used = self._used(key, day) + requests
        self._database.execute("REPLACE INTO days VALUES (?, ?, ?)", [key, day, used])
        oldest = day_of(slot - DAYS_KEPT * DAY_SECONDS)
        self._database.execute("DELETE FROM days WHERE day < ?", [oldest])
        return used

    def _used(self, key: str, day: str) -> int:
        query = "SELECT used FROM days WHERE key = ? AND day = ?"
        row = self._database.execute(query, [key, day]).fetchone()
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
            fault = (
                f"the request counts in {self._path or 'memory'} cannot be used ({error}); "
                "check the rights and the free space there, or delete that file"
            )
            raise StorageError([fault]) from error


def _open(path: Path | None) -> sqlite3.Connection:
    if path is not None:
        make_private_folder(path.parent)
        os.close(open_private(path, os.O_RDWR | os.O_CREAT))
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
