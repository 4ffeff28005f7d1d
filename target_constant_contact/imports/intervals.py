"""How long is waited between two questions about one import; learns from the answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

_SOONEST: Final = 1 / 32
"""Seconds; the first wait is halved down to this while activities are finished by their first
poll, and doubled up to the usual one while they are not."""
_EARLY: Final = 0.25
"""Share of its wait by which an activity may be polled early, to save a request."""


class PollIntervals:
    """The waits between polls of an activity.

    Args:
        seconds: The usual ones; the last one repeats.
    """

    def __init__(self, seconds: Sequence[float]) -> None:
        self._seconds = tuple(seconds)
        self._first = self._seconds[0]

    def before_poll(self, polls: int) -> float:
        """Seconds until an activity is asked for that was asked for so often."""
        return self.before_look(polls) if polls else self._first

    def before_look(self, looks: int) -> float:
        """Seconds until a lost import is looked for that was looked for so often."""
        return self._seconds[min(looks, len(self._seconds) - 1)]

    def is_nearly_over(self, seconds_left: float, polls: int) -> bool:
        """Whether an activity may be asked for together with one whose time has come."""
        return seconds_left <= _EARLY * self.before_poll(polls)

    def note_finished(self, polls: int) -> None:
        """Learn that an activity was finished when it was asked for once more."""
        if not polls:
            self._first = max(self._first / 2, min(_SOONEST, self._seconds[0]))

    def note_unfinished(self, polls: int) -> None:
        """Learn that an activity was not finished when it was asked for once more."""
        if not polls:
            self._first = min(self._first * 2, self._seconds[0])
