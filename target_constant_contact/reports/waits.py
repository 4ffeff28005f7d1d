"""How long a run has waited for the limits of the service, and when."""

from __future__ import annotations

import threading
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

MOST_WAITS: Final = 200
"""Of each run; beyond that, those that are close to each other are one."""

_CLOSE: Final = 0.5
"""Seconds between two waits that are told as one."""


@dataclass(frozen=True, slots=True)
class WaitRecord:
    """Waits for one limit that came close to each other.

    Attributes:
        why: Which limit, as `LimitWaited` says.
        begun_at: When the first began, in seconds from the beginning of the run.
        ended_at: When the last ended, the same.
        seconds: How long all of them took together; several may go on at a time.
        times: How many they are.
    """

    why: str
    begun_at: float
    ended_at: float
    seconds: float
    times: int


class LimitWaits:
    """The waits of a run, from all its threads, in bounded memory."""

    def __init__(self) -> None:
        self._waits: list[WaitRecord] = []
        self._close = _CLOSE
        self._lock = threading.Lock()

    def add(self, why: str, ended_at: float, seconds: float) -> None:
        """Note a wait that has ended.

        Args:
            why: For which limit.
            ended_at: When it ended, in seconds from the beginning of the run.
            seconds: How long it took.
        """
        with self._lock:
            _put(
                self._waits, WaitRecord(why, ended_at - seconds, ended_at, seconds, 1), self._close
            )
            while len(self._waits) > MOST_WAITS:
                self._close *= 2
                before, self._waits = self._waits, []
                for wait in before:
                    _put(self._waits, wait, self._close)

    def as_list(self) -> list[dict[str, Any]]:
        """The waits in their order, for ``report.json``."""
        with self._lock:
            waits = list(self._waits)
        return [
            {
                name: round(fact, 2) if isinstance(fact, float) else fact
                for name, fact in row.items()
            }
            for row in map(asdict, waits)
        ]


def _put(waits: list[WaitRecord], wait: WaitRecord, close: float) -> None:
    """Add a wait, to the last one for the same limit if it is close to that."""
    for index in range(len(waits) - 1, -1, -1):
        last = waits[index]
        if last.why == wait.why:
            if wait.begun_at - last.ended_at <= close:
                waits[index] = _together(last, wait)
                return
            break
    waits.append(wait)


def _together(one: WaitRecord, other: WaitRecord) -> WaitRecord:
    return replace(
        one,
        begun_at=min(one.begun_at, other.begun_at),
        ended_at=max(one.ended_at, other.ended_at),
        seconds=one.seconds + other.seconds,
        times=one.times + other.times,
    )
