"""The order in which batches are sent and polled; knows no clock and no network.

The service processes activities side by side and in any order. So a batch that says something
else about a person than a batch before it waits until that one is settled: the value of the
later record ends on top.
Source: https://developer.constantcontact.com/api_guide/contacts_bulk_overview.html
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_constant_contact.batch import ImportBatch

POLL_SECONDS: Final = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
"""Waits between the polls of an activity; the last one repeats. Small imports finish in
seconds, large ones in minutes, and every poll counts against the day's requests."""


@dataclass(slots=True)
class Flight:
    """A batch that the service has accepted and not finished.

    Attributes:
        batch: What was sent. Its body is not kept.
        activity_id: The service's name for the import.
        submitted_at: Seconds on the run's clock.
        next_poll: When to ask for its state again.
        polls: How often it was asked for.
    """

    batch: ImportBatch
    activity_id: str
    submitted_at: float
    next_poll: float
    polls: int = 0


@dataclass(frozen=True, slots=True)
class Submit:
    """Send this batch now."""

    batch: ImportBatch


@dataclass(frozen=True, slots=True)
class Poll:
    """Ask for these activities now; their time has come."""

    flights: tuple[Flight, ...]


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do for so many seconds; None: until a batch is added."""

    seconds: float | None


Step: TypeAlias = Submit | Poll | Wait


class Flights:
    """Batches that are waiting to be sent or in flight.

    Args:
        max_in_flight: Activities that may be unfinished at a time.
        poll_seconds: Waits between polls of one activity.
    """

    def __init__(self, max_in_flight: int, poll_seconds: Sequence[float] = POLL_SECONDS) -> None:
        self._max_in_flight = max_in_flight
        self._poll_seconds = tuple(poll_seconds)
        self._waiting: deque[ImportBatch] = deque()
        self._sending: ImportBatch | None = None
        self._closed = False
        self._blockers: dict[int, set[int]] = {}
        self._flights: dict[str, Flight] = {}
        self._paused_until = float("-inf")

    @property
    def waiting(self) -> int:
        """Batches that are not sent yet."""
        return len(self._waiting)

    @property
    def unsettled(self) -> int:
        """Batches that are waiting, being sent, or in flight."""
        return len(self._waiting) + (self._sending is not None) + len(self._flights)

    @property
    def in_flight(self) -> tuple[Flight, ...]:
        """Batches that the service is working on."""
        return tuple(self._flights.values())

    def add(self, batch: ImportBatch) -> None:
        """Queue a batch behind every unsettled batch that contradicts it."""
        unsettled = [*self._waiting, *(flight.batch for flight in self._flights.values())]
        if self._sending:
            unsettled.append(self._sending)
        self._blockers[batch.number] = {
            other.number for other in unsettled if batch.contradicts(other)
        }
        self._waiting.append(batch)

    def close(self) -> None:
        """Forget the batches that are not sent yet, and never send one again."""
        self._closed = True
        self._waiting.clear()

    def pause(self, until: float) -> None:
        """Send nothing before this time: the service's queue is full."""
        self._paused_until = until

    def next_step(self, now: float) -> Step:
        """What to do next. Polls that are due come first: they may let a batch go."""
        due = tuple(flight for flight in self._flights.values() if flight.next_poll <= now)
        if due:
            return Poll(due)
        batch = self._next_batch()
        if batch and self._paused_until <= now:
            return Submit(batch)
        moments = [flight.next_poll for flight in self._flights.values()]
        if batch:
            moments.append(self._paused_until)
        return Wait(min(moments) - now if moments else None)

    def sending(self, batch: ImportBatch) -> None:
        """Note that a batch is on its way."""
        self._waiting.remove(batch)
        self._sending = batch

    def not_accepted(self, *, retry: bool) -> None:
        """Note that the service has not taken the batch that was on its way."""
        if retry and self._sending and not self._closed:
            self._waiting.appendleft(self._sending)
        self._sending = None

    def submitted(self, batch: ImportBatch, activity_id: str, now: float) -> None:
        """Note that the service has accepted the batch that was on its way; its body goes."""
        self._sending = None
        light = replace(batch, body=b"")
        self._flights[activity_id] = Flight(light, activity_id, now, now + self._poll_seconds[0])

    def polled(self, flight: Flight, now: float) -> None:
        """Note that an activity is still unfinished."""
        flight.polls += 1
        wait = self._poll_seconds[min(flight.polls, len(self._poll_seconds) - 1)]
        flight.next_poll = now + wait

    def finished(self, flight: Flight) -> None:
        """Note that an activity has ended, well or badly."""
        del self._flights[flight.activity_id]
        self._blockers.pop(flight.batch.number, None)
        for blockers in self._blockers.values():
            blockers.discard(flight.batch.number)

    def _next_batch(self) -> ImportBatch | None:
        if len(self._flights) >= self._max_in_flight:
            return None
        return next((batch for batch in self._waiting if not self._blockers[batch.number]), None)
