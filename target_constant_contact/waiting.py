"""How a run waits: how long, by which clock, and what may end it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from target_constant_contact.events.events import Events

if TYPE_CHECKING:
    from collections.abc import Callable

POLL_SECONDS: Final = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
"""Waits between the polls of an activity; the last one repeats. Small imports finish in
seconds, large ones in minutes, and every poll counts against the day's requests."""

SLICE_SECONDS: Final = 0.2
"""The longest sleep in one go: so soon a signal is obeyed."""


def _go_on() -> None:
    """Nothing ever asks the run to stop."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """How a run waits; everything in it that waits is handed this one value.

    Attributes:
        timeout_seconds: How long an activity, or another run of the same export, may take.
        raise_if_stopped: Called now and then while waiting; it raises when the run is to stop.
        clock: Seconds that never go back.
        sleep: Waits for a number of seconds.
        poll_seconds: Waits between the polls of an activity; the last one repeats.
        events: Who is told what happens meanwhile.
    """

    timeout_seconds: float = 3_600.0
    raise_if_stopped: Callable[[], None] = _go_on
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], object] = time.sleep
    poll_seconds: tuple[float, ...] = field(default_factory=lambda: POLL_SECONDS)
    events: Events = field(default_factory=Events)

    @property
    def timeout_minutes(self) -> float:
        """As people set it."""
        return self.timeout_seconds / 60

    def wait(self, seconds: float) -> None:
        """Wait, unless the run is to stop before or meanwhile."""
        end = self.clock() + seconds
        while (left := end - self.clock()) > 0:
            self.raise_if_stopped()
            self.sleep(min(left, SLICE_SECONDS))
        self.raise_if_stopped()

    def wait_for_poll(self, polls: int) -> None:
        """Wait until an activity is asked for again.

        Args:
            polls: How often it was asked for.
        """
        self.wait(self.poll_seconds[min(polls, len(self.poll_seconds) - 1)])
