"""Slots and days, counted in the store."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

from target_constant_contact.store.rules import NO_DAY, postponement, reservation, used_on
from target_constant_contact.store.slot import DAY_SECONDS, Slot, longest_wait

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection, RowMapping

    from target_constant_contact.store.database import Database
    from target_constant_contact.store.rules import Change


class Slots:
    """Hands out slots, each an interval after the one before, to all callers of a key.

    Args:
        database: Where they are counted. It is not closed with this.
        clock: Measures, in seconds, how long a server's answers take.

    Attributes:
        clock: Tells the time that a slot's ``due`` is in.

    Raises:
        TargetError: From every method: the database cannot be used.
    """

    def __init__(self, database: Database, clock: Callable[[], float] = time.monotonic) -> None:
        # A file has the clock of its callers.
        self._is_shared = database.kind != "sqlite"
        self.clock = clock if self._is_shared or not database.clock else database.clock
        self._database = database
        self._ahead: float | None = None
        self._kind = database.kind, database.now_clause

    def reserve(self, key: str, interval: float, most: int, *, missed: float | None = None) -> Slot:
        """Reserve the next slot, unless its day has ``most`` requests.

        Args:
            key: What the limit belongs to.
            interval: Seconds between two slots.
            most: Requests of the day beyond which no slot is granted.
            missed: Time of a slot that is given back for this one. Within a day, the exchange
                neither counts nor is refused.
        """
        values = {
            "wanted": key,
            "interval": interval,
            "longest": longest_wait(interval),
            "most": most,
            "missed_day": NO_DAY if missed is None else math.floor(missed / DAY_SECONDS),
        }
        change = reservation(*self._kind)
        asked = self.clock()
        row = self._changed(change, values)
        now, slot = row["now"], row["slot"]
        ahead = self._learn(now - self.clock(), now - asked) if self._is_shared else 0.0
        return Slot(
            slot,
            now,
            due=slot - ahead,
            used=row["new_used"] if row["granted"] else row["counted"],
            granted=row["granted"],
            set_back=max(0.0, row["asked"] - now),
        )

    def postpone(self, key: str, interval: float, seconds: float) -> None:
        """Hold back the slots that are not reserved yet until so many seconds from now."""
        values = {
            "wanted": key,
            "interval": interval,
            "longest": longest_wait(interval),
            "seconds": seconds,
        }
        self._changed(postponement(*self._kind), values)

    def used_today(self, key: str) -> int:
        """How many requests of the current UTC day are counted."""
        query = used_on(*self._kind)
        found = self._run(
            lambda connection: connection.scalar(query, self._now() | {"wanted": key})
        )
        return int(found or 0)

    def _run(self, step: Callable[[Connection], Any]) -> Any:
        return self._database.run(step, durable=False, alone=True)

    def _now(self) -> dict[str, Any]:
        return {"now": self._database.clock()} if self._database.clock else {}

    def _changed(self, change: Change, values: dict[str, Any]) -> RowMapping:
        # The time once the others are out: waiting for them takes some.
        row: RowMapping = self._run(
            lambda connection: change.carry_out(connection, values | self._now())
        )
        return row

    def _learn(self, least: float, most: float) -> float:
        """How far the server's clock is ahead, corrected by what the last answer proves.

        The server told the time between the question and the answer. An answer that came quickly
        narrows the range; one that was held up says little, and changes little.
        """
        guess = (least + most) / 2 if self._ahead is None else self._ahead
        self._ahead = min(max(guess, least), most)
        return self._ahead
