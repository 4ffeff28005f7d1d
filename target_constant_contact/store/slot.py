"""A slot: a request's turn, as the store hands it out.

The rules, which the store applies in one step that nobody else can come between:

- The next slot of a key comes an interval after the last one, and never before now.
- Nobody waits longer than the last slot lay ahead when it was reserved, whatever the clock has
  done since: one that tells less than it did then was set back.
- A slot counts for the UTC day that it lies in, and is not granted when that day is full.
- A slot that its caller missed is exchanged for a new one, and counts once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_QUEUE: Final = 1_000
"""Callers that may wait at once."""
LONGEST_PENALTY: Final = 60.0
"""Seconds."""
DAY_SECONDS: Final = 86_400


@dataclass(frozen=True, slots=True)
class Slot:
    """The answer to a caller who wants a slot.

    Attributes:
        time: When the slot is, as a Unix timestamp of the clock that all callers share.
        asked_at: When it was asked for, by the same clock.
        due: When the slot is, by the caller's clock.
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


def longest_wait(interval: float) -> float:
    """The seconds that waiting callers and a penalty explain."""
    return LONGEST_QUEUE * interval + LONGEST_PENALTY


def day_of(time: float) -> str:
    """The UTC day of a Unix timestamp, such as ``2026-08-01``."""
    return datetime.fromtimestamp(time, UTC).date().isoformat()


def both_counts(row: Mapping[str, Any], kept: Mapping[str, Any]) -> dict[str, Any]:
    """Counts of one key from two stores: the last slot, and of each day the larger number."""
    used: dict[int, int] = {0: 0}
    for each in (row, kept):
        for day, number in ((each["day"], each["used"]), (each["other_day"], each["other_used"])):
            used[day] = max(number, used.get(day, 0))
    day, other_day = sorted([*used, 0], reverse=True)[:2]
    last = max(row, kept, key=lambda each: (each["last"], each["asked"]))
    return {
        "key": row["key"],
        "last": last["last"],
        "asked": last["asked"],
        "day": day,
        "used": used[day],
        "other_day": other_day,
        "other_used": used[other_day],
    }
