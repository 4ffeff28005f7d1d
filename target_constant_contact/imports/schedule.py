"""The order in which batches are sent and polled; knows no clock and no network.

The service processes activities side by side and in any order. So a batch that says something
else about a person than a batch before it waits until that one is settled: the value of the
later record ends on top.
Source: https://developer.constantcontact.com/api_guide/contacts_bulk_overview.html
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from target_constant_contact.imports.intervals import PollIntervals
from target_constant_contact.imports.lost_answers import Doubt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_constant_contact.batches.batch import ImportBatch
    from target_constant_contact.ledger.entry import Entry


@dataclass(slots=True)
class ImportInFlight:
    """A batch that the service has accepted and not finished.

    Attributes:
        batch: What was sent.
        entry: Its entry in the ledger.
        activity_id: The service's name for the import.
        submitted_at: Seconds on the run's clock.
        next_poll: When to ask for its state again.
        polls: How often it was asked for.
    """

    batch: ImportBatch
    entry: Entry
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

    due: tuple[ImportInFlight, ...]


@dataclass(frozen=True, slots=True)
class Look:
    """Look at the service for a batch whose answer was lost."""

    doubt: Doubt


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do for so many seconds; None: until a batch is added."""

    seconds: float | None


Step: TypeAlias = Submit | Poll | Look | Wait


class Schedule:
    """The batches of a run from their sealing to their end: waiting, being sent, or in flight.

    What is about to be carried out is asked for with :meth:`next_step`; what came of it is noted
    with the methods that are named after it.

    Args:
        max_in_flight: Activities that may be unfinished at a time.
        poll_seconds: Waits between polls of one activity.
    """

    def __init__(self, max_in_flight: int, poll_seconds: Sequence[float]) -> None:
        self._max_in_flight = max_in_flight
        self._intervals = PollIntervals(poll_seconds)
        self._waiting: deque[ImportBatch] = deque()
        self._sending: ImportBatch | None = None
        self._closed = False
        self._comparisons = _Comparisons()
        self._in_flight: dict[str, ImportInFlight] = {}
        self._doubt: Doubt | None = None
        self._paused_until = float("-inf")

    @property
    def waiting(self) -> int:
        """Batches that are not sent yet."""
        return len(self._waiting)

    @property
    def unsettled(self) -> list[ImportBatch]:
        """Batches that are waiting, being sent, in doubt, or in flight."""
        return [*self._waiting, *self._sent()]

    @property
    def in_flight(self) -> tuple[ImportInFlight, ...]:
        """Batches that the service is working on."""
        return tuple(self._in_flight.values())

    def add(self, batch: ImportBatch) -> None:
        """Queue a batch behind every unsettled batch that contradicts it."""
        self._waiting.append(batch)

    def contradicts(self, batch: ImportBatch) -> bool:
        """Whether an unsettled batch says something else about a person in this one."""
        return any(batch.contradicts(other) for other in self.unsettled)

    def close(self) -> None:
        """Forget the batches that are not sent yet, and never send one again."""
        self._closed = True
        self._waiting.clear()

    def pause(self, until: float) -> None:
        """Send nothing before this time: the service's queue is full."""
        self._paused_until = until

    def next_step(self, now: float) -> Step:
        """What to do next. Polls that are due come first: they may let a batch go."""
        if any(item.next_poll <= now for item in self._in_flight.values()):
            return Poll(
                tuple(
                    item
                    for item in self.in_flight
                    if self._intervals.is_nearly_over(item.next_poll - now, item.polls)
                )
            )
        if self._doubt and self._doubt.next_look <= now:
            return Look(self._doubt)
        batch = self._next_batch()
        if batch and self._paused_until <= now:
            return Submit(batch)
        moments = [item.next_poll for item in self._in_flight.values()]
        if self._doubt:
            moments.append(self._doubt.next_look)
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

    def submitted(self, batch: ImportBatch, entry: Entry, activity_id: str, now: float) -> None:
        """Note that the service has accepted the batch that was on its way, or in doubt."""
        self._sending = self._doubt = None
        next_poll = now + self._intervals.before_poll(0)
        self._in_flight[activity_id] = ImportInFlight(batch, entry, activity_id, now, next_poll)

    def lost(self, entry: Entry, now: float, looks: int = 0) -> None:
        """Note that the batch that was on its way got no answer.

        Nothing else is sent until it is known what became of it: an activity that is made in the
        meantime could be taken for it.

        Args:
            entry: Its entry in the ledger.
            now: Seconds on the run's clock.
            looks: How patiently to begin; more when it was lost before.
        """
        if self._sending:
            next_look = now + self._intervals.before_look(looks)
            self._doubt = Doubt(self._sending, entry, now, next_look, looks)
        self._sending = None

    def looked(self, doubt: Doubt, now: float, *, missed: bool) -> None:
        """Note that it is still not known what became of the batch in doubt."""
        doubt.looks += 1
        doubt.missed = doubt.missed + 1 if missed else 0
        doubt.next_look = now + self._intervals.before_look(doubt.looks)

    def not_found(self) -> None:
        """Note that the service has not taken the batch in doubt; it is sent again."""
        if self._doubt and not self._closed:
            self._waiting.appendleft(self._doubt.batch)
        self._doubt = None

    def polled(self, item: ImportInFlight, now: float) -> None:
        """Note that an activity is still unfinished."""
        self._intervals.note_unfinished(item.polls)
        item.polls += 1
        item.next_poll = now + self._intervals.before_poll(item.polls)

    def finished(self, item: ImportInFlight) -> None:
        """Note that an activity has ended, well or badly; a full queue has room again."""
        del self._in_flight[item.activity_id]
        self._intervals.note_finished(item.polls)
        self._paused_until = float("-inf")
        self._comparisons.forget(item.batch)

    def _next_batch(self) -> ImportBatch | None:
        if self._doubt or len(self._in_flight) >= self._max_in_flight:
            return None
        ahead = self._sent()
        for batch in self._waiting:
            if not any(self._comparisons.contradict(batch, other) for other in ahead):
                return batch
            # One that has to wait holds back what contradicts it, too: values keep their order.
            ahead.append(batch)
        return None

    def _sent(self) -> list[ImportBatch]:
        """Batches that the service has, or may have, and has not finished."""
        between = [self._sending] if self._sending else []
        if self._doubt:
            between.append(self._doubt.batch)
        return [*between, *(item.batch for item in self._in_flight.values())]


class _Comparisons:
    """Which batches contradict each other; each pair is compared once, as it takes milliseconds."""

    def __init__(self) -> None:
        self._found: dict[tuple[int, int], bool] = {}

    def contradict(self, batch: ImportBatch, other: ImportBatch) -> bool:
        """Whether they say different things about a person."""
        pair = batch.number, other.number
        if pair not in self._found:
            self._found[pair] = batch.contradicts(other)
        return self._found[pair]

    def forget(self, batch: ImportBatch) -> None:
        """Forget a batch that is settled."""
        self._found = {
            pair: found for pair, found in self._found.items() if batch.number not in pair
        }
