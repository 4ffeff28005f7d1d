"""How long a run has waited for the limits of the service, and when."""

from __future__ import annotations

import threading
import time
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from target_constant_contact.events.kinds import LimitWaited

if TYPE_CHECKING:
    from collections.abc import Callable

    from target_constant_contact.events.kinds import Event

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
    """The waits of a run, from all its threads, in bounded memory. The run begins with it.

    Args:
        clock: Seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._waits: list[WaitRecord] = []
        self._clock = clock
        self._began = clock()
        self._close = _CLOSE
        self._lock = threading.Lock()

    @property
    def elapsed(self) -> float:
        """Seconds since the run began."""
        return self._clock() - self._began

    def hear(self, event: Event) -> None:
        """Note a wait; listens to the events of the run."""
        if isinstance(event, LimitWaited):
            # A slot is told of when it has come, everything else when it is waited for.
            begun_at = self.elapsed - (event.seconds if event.why == "rate" else 0.0)
            self.add(event.why, begun_at, event.seconds)

    def add(self, why: str, begun_at: float, seconds: float) -> None:
        """Note a wait.

        Args:
            why: For which limit.
            begun_at: When it began, in seconds from the beginning of the run.
            seconds: How long it took.
        """
        begun_at = max(begun_at, 0.0)
        wait = WaitRecord(why, begun_at, begun_at + seconds, seconds, 1)
        with self._lock:
            _put(self._waits, wait, self._close)
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
