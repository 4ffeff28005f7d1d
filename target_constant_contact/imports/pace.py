"""When the imports in flight are asked for; learns from the answers. Knows no clock.

One request tells of all of them, and every request takes one of the few in a second from what is to
be sent. So sending comes first, and afterwards one asks by the age of what is in flight: to ask
ever more rarely finds the end of an import late by no more than a share of the time it took.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

SENDS_PER_POLL: Final = 10
"""Requests that send, for each that asks, as long as something can be sent."""

_LEAST: Final = 0.5
"""Seconds between two polls, at least."""
_SHARE: Final = 0.08
"""Of the age of the oldest import in flight: so late may its end be seen."""
_MOST: Final = 60.0
"""Seconds between two polls, at most; the requests that are kept of a day last for hours."""
_MOST_AT_THE_END: Final = 4.0
"""The same when the run is given up: it does not wait for long."""
_RELAXED: Final = 24
"""While nothing waits for an answer, so many times the least wait, which is 12 seconds."""
_SOONEST: Final = 1 / 32
"""Seconds; the wait before an import is asked for at all is halved down to this while imports are
found finished then, and doubled up to the usual one while they are not."""
_ALIKE: Final = 0.05
"""Seconds by which imports that take the same time differ: to ask a moment too early finds the end
half a second late."""
_LEARNT: Final = 5
"""Polls from whose answers is learnt how long an import takes: what they find has ended a little
earlier, some of it hardly."""


class Pace:
    """The waits between polls and between looks.

    Args:
        seconds: Waits between looks for a lost import; the last one repeats. The first one is the
            least wait between polls, too, if it is shorter than half a second.
    """

    def __init__(self, seconds: Sequence[float]) -> None:
        self._seconds = tuple(seconds)
        self._least = min(self._seconds[0], _LEAST)
        self._first = self._least
        self._last_poll = float("-inf")
        self._sends = 0
        self._ends: list[float] = []
        self._took: deque[float] = deque(maxlen=_LEARNT)
        self.closed = False

    def before_look(self, looks: int) -> float:
        """Seconds until a lost import is looked for that was looked for so often."""
        return self._seconds[min(looks, len(self._seconds) - 1)]

    def note_send(self) -> None:
        """Count a request that sends."""
        self._sends += 1

    def note_poll(self, now: float) -> None:
        """Note that the imports in flight were asked for."""
        self._last_poll = now
        self._sends = 0
        if self._ends:
            self._took.append(min(self._ends))
            self._ends = []

    def note_end(self, age: float) -> None:
        """Learn that an import was found finished so many seconds after it was sent."""
        self._ends.append(age)

    def note_first_answer(self, age: float, *, finished: bool) -> None:
        """Learn from the first answer that tells of an import.

        Args:
            age: Seconds since it was sent.
            finished: Whether it was finished.
        """
        if not finished:
            self._first = min(self._first * 2, self._least)
        elif age <= 2 * self._least:
            self._first = max(self._first / 2, min(_SOONEST, self._least))

    @property
    def spare(self) -> int:
        """How many questions in a row are not too many while something can be sent."""
        return max(self._sends // SENDS_PER_POLL, 1)

    def next_poll(
        self, oldest: float, newest: float, unasked: float | None, *, sending: bool, urgent: bool
    ) -> float:
        """When the imports in flight are to be asked for again.

        Args:
            oldest: When the first of them was sent.
            newest: When the last of them was.
            unasked: When the first of them was sent of which no answer has told.
            sending: Whether something can be sent.
            urgent: Whether something waits for their end.
        """
        since = max(self._last_poll, oldest)
        if sending and self._sends < SENDS_PER_POLL:
            return since + _MOST
        if not urgent:
            return since + _RELAXED * self._least
        usual = max(self._last_poll + self._by_age(oldest), oldest + self._least)
        # If it takes as long as those before, the last of all has ended then; one that is shortly
        # before it would take its turn.
        expected = newest + min(self._took, default=float("inf")) + _ALIKE
        if self._last_poll < expected <= usual + self._least:
            usual = expected
        # Imports that end at once are not kept waiting.
        if self._first < self._least and unasked is not None:
            return min(usual, unasked + self._first)
        return usual

    def _by_age(self, oldest: float) -> float:
        most = _MOST_AT_THE_END if self.closed else _MOST
        return min(max(self._least, _SHARE * (self._last_poll - oldest)), most)
