"""A schedule against a service in virtual time: requests take slots, imports take their time."""

from __future__ import annotations

import heapq
import itertools
from array import array
from typing import TYPE_CHECKING

from target_constant_contact.batches.batch import ImportBatch
from target_constant_contact.batches.fingerprints import Fingerprints
from target_constant_contact.imports.importer import MAX_IN_MEMORY
from target_constant_contact.imports.schedule import Schedule
from target_constant_contact.imports.steps import Submit, Wait
from target_constant_contact.waiting import POLL_SECONDS
from tests.support.imports import ENTRY, PLACE

if TYPE_CHECKING:
    from collections.abc import Callable

SLOT = 0.26
"""Seconds between two requests, as the limiter hands them out."""
ANSWER = 0.05
"""Seconds until a poll is answered."""
READING = 0.06
"""Seconds until the next full batch is read."""

_NOTHING = Fingerprints(array("Q"), array("I"))


def batch_of(number: int, waits_for: frozenset[int] = frozenset()) -> ImportBatch:
    return ImportBatch(
        number,
        PLACE,
        None,
        12_000,
        0,
        b"" if waits_for else b"body",
        _NOTHING,
        waits_for,
    )


class Service:
    """Takes the imports of a run, and works on them.

    Args:
        seconds: How long an import takes.
        one_by_one: It works on one at a time.
        answer: Seconds until an import is answered.
        max_in_flight: As the setting says.
    """

    def __init__(
        self,
        seconds: float,
        *,
        one_by_one: bool = False,
        answer: float = 0.05,
        max_in_flight: int = 500,
    ) -> None:
        self.now = 0.0
        self.sent: dict[int, float] = {}
        self.polls: list[float] = []
        self.ends: dict[int, float] = {}
        self.seen: dict[int, float] = {}
        self.most_in_flight = 0
        self._seconds = seconds
        self._one_by_one = one_by_one
        self._answer = answer
        self._schedule = Schedule(max_in_flight, POLL_SECONDS)
        self._last_slot = float("-inf")
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()

    @property
    def share_of_polls(self) -> float:
        """Polls of all requests, from the first import that is sent to the last one."""
        first, last = min(self.sent.values()), max(self.sent.values())
        polls = sum(first < poll < last for poll in self.polls)
        return polls / (polls + len(self.sent))

    def run(self, *batches: ImportBatch, reading: float = READING) -> float:
        """Let a run read these batches, and return when it has settled all of them."""
        self._read([*reversed(batches)], reading)
        outbox = self._schedule.outbox
        while self._schedule.unsettled or not outbox.is_complete:
            self._work()
            self.now, _, happens = heapq.heappop(self._events)
            happens()
        return self.now

    def _at(self, moment: float, happens: Callable[[], None]) -> None:
        heapq.heappush(self._events, (moment, next(self._order), happens))

    def _read(self, left: list[ImportBatch], reading: float) -> None:
        if self._schedule.outbox.in_memory < MAX_IN_MEMORY:
            self._schedule.outbox.add(left.pop())
        self._schedule.outbox.is_complete = not left
        if left:
            self._at(self.now + reading, lambda: self._read(left, reading))

    def _work(self) -> None:
        while not isinstance(step := self._schedule.next_step(self.now), Wait):
            self._schedule.take(step)
            slot = self._last_slot = max(self.now, self._last_slot + SLOT)
            if isinstance(step, Submit):
                self._send(step.batch, slot)
            else:
                self.polls.append(slot)
                self._at(slot + ANSWER, lambda step=step: self._answer_poll(step))
        if step.seconds is not None:
            self._at(self.now + step.seconds, lambda: None)

    def _send(self, batch: ImportBatch, slot: float) -> None:
        self.sent[batch.number] = slot
        self._at(slot, lambda: self._schedule.outbox.on_the_wire(batch.number, slot))
        self._at(slot + self._answer, lambda: self._accept(batch))
        begins = max([slot, *self.ends.values()]) if self._one_by_one else slot
        self.ends[batch.number] = begins + self._seconds

    def _accept(self, batch: ImportBatch) -> None:
        self._schedule.submitted(batch, ENTRY, f"a{batch.number}", self.now)
        self.most_in_flight = max(self.most_in_flight, len(self._schedule.in_flight))

    def _answer_poll(self, step) -> None:
        for item in self._schedule.in_flight:
            if self.ends[item.batch.number] <= self.now:
                self.seen[item.batch.number] = self.now
                self._schedule.finished(item, self.now)
            elif item in step.due:
                self._schedule.polled(item, self.now)
        self._schedule.asked(step, self.now)
