"""What a request limiter asks of the place where slots and days are counted.

Two places follow one set of rules: a SQLite file, for the processes of a machine, and a Redis
server, for several machines. The rules, which each place applies in one atomic step:

- The next slot of a key comes an interval after the last one, and never before now.
- Nobody waits longer than the last slot lay ahead when it was reserved, whatever the clock has
  done since: one that tells less than it did then was set back.
- A slot counts for the UTC day that it lies in, and is not granted when that day is full.
- A slot that its caller missed is exchanged for a new one, and counts once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST_QUEUE: Final = 1_000
"""Callers that may wait at once."""
LONGEST_PENALTY: Final = 60.0
"""Seconds."""
DAYS_KEPT: Final = 2
"""Past days whose counts are kept: a clock that is set back must not open a full day again."""
DAY_SECONDS: Final = 86_400


@dataclass(frozen=True, slots=True)
class Slot:
    """The answer to a caller who wants a slot.

    Attributes:
        time: When the slot is, as a Unix timestamp of the clock that all callers share.
        asked_at: When it was asked for, by the same clock.
        due: When the slot is, by the store's `clock`.
        used: Requests of the slot's day, with this one if it was granted.
        granted: Whether the slot is the caller's; otherwise the day is full.
        set_back: Seconds, if it was noticed now, by which the clock was set back at least.
    """

    time: float
    asked_at: float
    due: float
    used: int
    granted: bool
    set_back: float = 0.0


class SlotStore(Protocol):
    """Hands out slots, each an interval after the one before, to all callers of a key.

    Attributes:
        clock: Tells the time that a slot's ``due`` is in.
    """

    clock: Callable[[], float]

    def reserve(self, key: str, interval: float, most: int, *, missed: float | None = None) -> Slot:
        """Reserve the next slot, unless its day has ``most`` requests.

        Args:
            key: What the limit belongs to.
            interval: Seconds between two slots.
            most: Requests of the day beyond which no slot is granted.
            missed: Time of a slot that is given back for this one. Within a day, the exchange
                neither counts nor is refused.
        """

    def postpone(self, key: str, interval: float, seconds: float) -> None:
        """Hold back the slots that are not reserved yet until so many seconds from now."""

    def used_today(self, key: str) -> int:
        """How many requests of the current UTC day are counted."""

    def close(self) -> None:
        """Close the connection to the store. The counts stay in it."""


def longest_wait(interval: float) -> float:
    """The seconds that waiting callers and a penalty explain."""
    return LONGEST_QUEUE * interval + LONGEST_PENALTY


def next_slot(now: float, interval: float, last: float, asked_at: float) -> float:
    """When the next slot of a key is.

    Args:
        now: The time.
        interval: Seconds between two slots.
        last: The slot before.
        asked_at: When that was reserved. Time has gone on since, also if ``now`` is before it, so
            the slot is ahead by what it was then, at most.
    """
    ahead = min(last - max(now, asked_at), longest_wait(interval))
    return now + max(0.0, ahead + interval)


def day_of(time: float) -> str:
    """The UTC day of a Unix timestamp, such as ``2026-08-01``."""
    return datetime.fromtimestamp(time, UTC).date().isoformat()
