"""Sends batches, keeps many activities in flight, and settles them.

A few threads do all the talking to the service while the main thread reads. The order of things is
decided by :class:`~target_constant_contact.imports.schedule.Schedule`; here it is carried out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from target_constant_contact.api.activities import ActivityStates
from target_constant_contact.imports.bodies import Bodies
from target_constant_contact.imports.lost_imports import LostImports
from target_constant_contact.imports.poller import Poller
from target_constant_contact.imports.progress import Progress
from target_constant_contact.imports.schedule import Schedule
from target_constant_contact.imports.sender import Sender
from target_constant_contact.imports.settled import SettledImport
from target_constant_contact.imports.steps import Look, Poll, Submit
from target_constant_contact.imports.workers import Workers
from target_constant_contact.ledger.settlement import read_counters
from target_constant_contact.waiting import SLICE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from target_constant_contact.api.models import Activity
    from target_constant_contact.batches.batch import ImportBatch, ImportFormat
    from target_constant_contact.imports.sender import ImportsApi
    from target_constant_contact.imports.spool import Spool
    from target_constant_contact.imports.steps import Step
    from target_constant_contact.ledger.ledger import Ledger
    from target_constant_contact.waiting import Waiting

MAX_IN_MEMORY: Final = 8
"""Sealed batches that may be in memory before reading stops for them."""

_JOIN_SECONDS: Final = 1.0
"""How long the end of a run waits for its threads, once nothing else is waited for."""


# What it hands a batch on to, one attribute for each.
class Importer:
    """The way of a sealed batch to a settled import.

    Args:
        api: The API.
        ledger: The ledger of the export, opened.
        waiting: How is waited for the service.
        spool: Where what batches say is kept while it is not being sent.
        on_settled: Called with every completed import: in one of the importer's threads at a time,
            or by :meth:`submit` for one that an interrupted run had sent.
        on_failed: Called once in one of the importer's threads when the run cannot succeed any
            more.
        import_format: How batches are encoded.
        max_in_flight: Activities that may be unfinished at a time.
        keeps_bodies: Whether what was sent is needed when it is settled.

    Attributes:
        imports: Batches that were sent, or are going to be.
    """

    def __init__(  # noqa: PLR0913 - two calls back and three settings, all by name
        self,
        api: ImportsApi,
        ledger: Ledger,
        waiting: Waiting,
        spool: Spool,
        *,
        on_settled: Callable[[SettledImport], None],
        on_failed: Callable[[], None] = lambda: None,
        import_format: ImportFormat = "json",
        max_in_flight: int = 500,
        keeps_bodies: bool = True,
    ) -> None:
        self.imports = 0
        self._ledger = ledger
        self._waiting = waiting
        self._on_settled = on_settled
        self._import_format = import_format
        self._bodies = Bodies(spool, for_explanations=keeps_bodies)
        progress = Progress(Schedule(max_in_flight, waiting.poll_seconds), on_failed)
        self._progress = progress
        self._workers = Workers(progress, waiting.clock, self._carry_out)
        states = ActivityStates(api)
        self._sender = Sender(
            api, ledger, import_format, progress, waiting, self._bodies, self._workers.on_turn
        )
        self._lost_imports = LostImports(states, ledger, self._sender, progress, waiting)
        self._poller = Poller(states, ledger, progress, waiting, self._bodies, on_settled)

    @property
    def failure(self) -> Exception | None:
        """Why the run cannot succeed any more; None as long as it can."""
        return self._progress.failure

    def raise_failure(self) -> None:
        """Raise what made success impossible, if anything did."""
        self._progress.raise_failure()

    def submit(self, batch: ImportBatch) -> None:
        """Queue a batch, unless an interrupted run has sent it; blocks while enough batches wait.

        Args:
            batch: A sealed batch.
        """
        with self._progress.change() as schedule:
            while schedule.outbox.in_memory >= MAX_IN_MEMORY or schedule.is_full:
                self._wait_for_change()
            self.raise_failure()
            has_to_wait = schedule.outbox.holds(batch)
        # What an interrupted run has sent of one that waits would be below what is on its way.
        if not has_to_wait and (taken_up := self._take_up(batch)):
            self._note_taken_up(batch, taken_up)
            return
        self.imports += 1
        self._workers.add(self._bodies.set_aside(batch) if has_to_wait else batch)

    def settle(self) -> None:
        """Wait until nothing is on its way; what waits for batches that are to come stays."""
        with self._progress.change() as schedule:
            schedule.is_awaited = True
            self._progress.changed.notify_all()
            while schedule.in_flight or schedule.outbox.goes_on:
                self._wait_for_change()
            self.raise_failure()
            schedule.is_awaited = False

    def finish(self) -> None:
        """Wait until every batch is settled; raises what made that impossible."""
        with self._progress.change() as schedule:
            schedule.outbox.is_complete = True
            self._progress.changed.notify_all()
            while schedule.unsettled:
                self._wait_for_change()
            self.raise_failure()
            self._progress.stopped = True
        self._end()

    def give_up(self, seconds: float) -> None:
        """Send nothing more; wait at most so long for what is in flight, then stop.

        A thread that is blocked in a request is waited for a moment longer and then left behind:
        what it learns is not noted any more.
        """
        deadline = self._waiting.clock() + seconds
        with self._progress.change() as schedule:
            schedule.close()
            self._progress.changed.notify_all()
            # Once a thread has died of an error, nothing is settled any more.
            while schedule.unsettled and not self._progress.broken:
                left = deadline - self._waiting.clock()
                if left <= 0:
                    break
                self._progress.changed.wait(min(left, SLICE_SECONDS))
            self._progress.stopped = True
        self._end()

    def _end(self) -> None:
        self._workers.join(_JOIN_SECONDS)
        self._bodies.close()

    def _take_up(self, batch: ImportBatch) -> Activity | None:
        """The completed activity of an interrupted run that has imported this batch."""
        if self._ledger.has_nothing_to_take_up:
            return None
        return self._ledger.take_up(batch, self._import_format)

    def _note_taken_up(self, batch: ImportBatch, activity: Activity) -> None:
        settlement = read_counters(batch.rows, activity.counters)
        self._on_settled(SettledImport(batch, activity, settlement, taken_up=True))
        with self._progress.change() as schedule:
            schedule.outbox.settled(batch.number)

    def _wait_for_change(self) -> None:
        self.raise_failure()
        self._waiting.raise_if_stopped()
        self._progress.changed.wait(SLICE_SECONDS)

    def _carry_out(self, step: Step) -> None:
        if isinstance(step, Submit):
            self._sender.send(step.batch)
        elif isinstance(step, Look):
            self._lost_imports.look_for(step.doubts)
        elif isinstance(step, Poll):
            self._poller.poll(step)
