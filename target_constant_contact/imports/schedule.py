"""The order in which batches are sent and polled; knows no clock and no network.

The service processes activities side by side and in any order. So a batch that says something
else about a person than a batch before it waits until that one is settled: the value of the
later record ends on top.
Source: https://developer.constantcontact.com/api_guide/contacts_bulk_overview.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from target_constant_contact.imports.lost_answers import Doubt
from target_constant_contact.imports.outbox import Outbox
from target_constant_contact.imports.pace import Pace
from target_constant_contact.imports.steps import ImportInFlight, Look, Poll, Step, Submit, Wait

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_constant_contact.batches.batch import ImportBatch
    from target_constant_contact.ledger.entry import Entry

MAX_UNSETTLED_ROWS: Final = 6_000_000
"""Rows that are sent or sealed and not settled; of each, something is kept in memory."""
MAX_UNDER_WAY: Final = 8
"""Batches that may be without an answer at a time; each has a thread."""
MAX_ONE_BY_ONE: Final = 8
"""Activities that one poll asks for one by one, where one request does not tell of all."""


class Schedule:
    """The batches of a run from their sealing to their end: waiting, being sent, or in flight.

    What is about to be carried out is asked for with :meth:`next_step` and noted with
    :meth:`take`; what came of it is noted with the methods that are named after it.

    Args:
        max_in_flight: Activities that may be unfinished at a time.
        poll_seconds: Waits between looks for a lost import, and the least one between polls.

    Attributes:
        outbox: The batches that are not in flight.
        is_awaited: The run does not read on before what is on its way has ended.
    """

    def __init__(self, max_in_flight: int, poll_seconds: Sequence[float]) -> None:
        self.outbox = Outbox()
        self.is_awaited = False
        self._max_in_flight = max_in_flight
        self._pace = Pace(poll_seconds)
        self._in_flight: dict[str, ImportInFlight] = {}
        self._paused_until = float("-inf")
        self._queue_is_full = False
        self._asking = False

    @property
    def unsettled(self) -> bool:
        """Whether a batch is waiting, being sent, in doubt, or in flight."""
        return bool(self._in_flight) or any(True for _ in self.outbox)

    @property
    def is_full(self) -> bool:
        """Whether so many rows are unsettled that no more can be taken for now."""
        in_flight = sum(item.batch.rows for item in self._in_flight.values())
        if in_flight + sum(batch.rows for batch in self.outbox) < MAX_UNSETTLED_ROWS:
            return False
        # What all of them wait for may be still to come: it must not wait for them.
        return bool(self._in_flight) or self.outbox.goes_on

    @property
    def in_flight(self) -> tuple[ImportInFlight, ...]:
        """Batches that the service is working on."""
        return tuple(self._in_flight.values())

    def close(self) -> None:
        """Forget the batches that are not sent yet, and never send one again."""
        self.outbox.close()
        self._pace.closed = True

    def pause(self, until: float) -> None:
        """Send nothing before this time: the service's queue is full."""
        self._paused_until = until
        self._queue_is_full = True

    def next_step(self, now: float) -> Step:
        """What to do next. Polls that are due come first: they may let a batch go."""
        batch = self._next_batch()
        moments = []
        if not self._asking:
            if (look_at := self._look_at()) <= now:
                return Look(tuple(one for one in self.outbox.doubts if one.next_look <= now))
            turn = self.outbox.turn is not None
            sending = turn or (batch is not None and self._paused_until <= now)
            if (poll_at := self._poll_at(sending=sending)) <= now:
                return self._poll(sending=sending)
            moments += [look_at, poll_at]
        if batch and self.outbox.turn is None and len(self.outbox.under_way) < MAX_UNDER_WAY:
            if self._paused_until <= now:
                return Submit(batch)
            moments.append(self._paused_until)
        first = min(moments, default=float("inf"))
        return Wait(None if first == float("inf") else first - now)

    def take(self, step: Step) -> None:
        """Note that a step is going to be carried out."""
        if isinstance(step, Submit):
            self.outbox.begin(step.batch)
            self._pace.note_send()
        elif not isinstance(step, Wait):
            self._asking = True

    def asked(self, step: Step, now: float) -> None:
        """Note that a poll or a look is over, once what it has told is noted."""
        if isinstance(step, Poll):
            self._pace.note_poll(now)
        if not isinstance(step, Submit):
            self._asking = False

    def not_accepted(self, batch: ImportBatch, *, retry: bool) -> None:
        """Note that the service has not taken a batch that was on its way, or in doubt."""
        self.outbox.answered(batch.number)
        if retry:
            self.outbox.send_again(batch)

    def submitted(self, batch: ImportBatch, entry: Entry, activity_id: str, now: float) -> None:
        """Note that the service has accepted a batch that was on its way, or in doubt."""
        sent_at = self.outbox.answered(batch.number)
        self._queue_is_full = False
        if sent_at is None:
            sent_at = now
        self._in_flight[activity_id] = ImportInFlight(batch, entry, activity_id, sent_at)

    def lost(self, batch: ImportBatch, entry: Entry, now: float, looks: int = 0) -> None:
        """Note that a batch that was on its way got no answer.

        Nothing else is begun until it is known what became of it: an activity that is made in the
        meantime could be taken for it.

        Args:
            batch: The batch.
            entry: Its entry in the ledger.
            now: Seconds on the run's clock.
            looks: How patiently to begin; more when it was lost before.
        """
        self.outbox.answered(batch.number)
        next_look = now + self._pace.before_look(looks)
        self.outbox.doubts.append(Doubt(batch, entry, now, next_look, looks))

    def looked(self, doubt: Doubt, now: float, *, missed: bool) -> None:
        """Note that it is still not known what became of a batch in doubt."""
        doubt.looks += 1
        doubt.missed = doubt.missed + 1 if missed else 0
        doubt.next_look = now + self._pace.before_look(doubt.looks)

    def polled(self, item: ImportInFlight, now: float) -> None:
        """Note that an activity is still unfinished."""
        if not item.polls:
            self._pace.note_first_answer(now - item.sent_at, finished=False)
        item.polls += 1

    def finished(self, item: ImportInFlight, now: float) -> None:
        """Note that an activity has ended, well or badly; a full queue has room again."""
        del self._in_flight[item.activity_id]
        self.outbox.settled(item.batch.number)
        self._pace.note_end(now - item.sent_at)
        if not item.polls:
            self._pace.note_first_answer(now - item.sent_at, finished=True)
        self._paused_until = float("-inf")

    def _next_batch(self) -> ImportBatch | None:
        """The batch that can be sent as soon as a thread takes it and no pause is in the way."""
        used = len(self._in_flight) + len(self.outbox.under_way)
        # When the queue was full, one batch tries whether it still is.
        tries = self._queue_is_full and self.outbox.under_way
        if used >= self._max_in_flight or tries:
            return None
        return self.outbox.next_batch()

    def _look_at(self) -> float:
        # What is under way may have made what would be found, or be lost as well.
        if self.outbox.under_way:
            return float("inf")
        return min((doubt.next_look for doubt in self.outbox.doubts), default=float("inf"))

    def _poll_at(self, *, sending: bool) -> float:
        if not self._in_flight:
            return float("inf")
        items = self._in_flight.values()
        return self._pace.next_poll(
            next(iter(items)).sent_at,
            next(reversed(items)).sent_at,
            next((item.sent_at for item in items if not item.polls), None),
            sending=sending,
            urgent=not sending and (self.is_awaited or self._is_needed()),
        )

    def _is_needed(self) -> bool:
        """Whether something waits for the end of an import."""
        is_last = self.outbox.is_complete and not self.outbox.under_way
        return bool(self.outbox.waiting) or is_last or self.outbox.is_closed or self.is_full

    def _poll(self, *, sending: bool) -> Poll:
        due = sorted(self._in_flight.values(), key=lambda item: item.polls)
        return Poll(tuple(due), self._pace.spare if sending else MAX_ONE_BY_ONE)
