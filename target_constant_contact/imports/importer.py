"""Sends batches, keeps several activities in flight, and settles them.

One thread does all the talking to the service while the main thread reads. The order of things is
decided by :class:`~target_constant_contact.imports.schedule.Schedule`; here it is carried out.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from target_constant_contact.api.activities import ActivityStates
from target_constant_contact.imports.lost_imports import LostImports
from target_constant_contact.imports.poller import Poller
from target_constant_contact.imports.progress import Progress
from target_constant_contact.imports.schedule import Look, Poll, Schedule, Submit, Wait
from target_constant_contact.imports.sender import Sender
from target_constant_contact.imports.settled import SettledImport
from target_constant_contact.ledger.settlement import read_counters
from target_constant_contact.waiting import SLICE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from target_constant_contact.api.models import Activity
    from target_constant_contact.batches.batch import ImportBatch, ImportFormat
    from target_constant_contact.imports.sender import ImportsApi
    from target_constant_contact.ledger.ledger import Ledger
    from target_constant_contact.waiting import Waiting

MAX_WAITING: Final = 4
"""Sealed batches that may wait to be sent before reading stops for them."""

_JOIN_SECONDS: Final = 1.0
"""How long the end of a run waits for its thread, once nothing else is waited for."""


class Importer:
    """The way of a sealed batch to a settled import.

    Args:
        api: The API.
        ledger: The ledger of the export, opened.
        waiting: How is waited for the service.
        on_settled: Called with every completed import: in the importer's thread, or by
            :meth:`submit` for one that an interrupted run had sent.
        on_failed: Called once in the importer's thread when the run cannot succeed any more.
        import_format: How batches are encoded.
        max_in_flight: Activities that may be unfinished at a time.
    """

    def __init__(  # noqa: PLR0913 - two calls back and two settings, all by name
        self,
        api: ImportsApi,
        ledger: Ledger,
        waiting: Waiting,
        *,
        on_settled: Callable[[SettledImport], None],
        on_failed: Callable[[], None] = lambda: None,
        import_format: ImportFormat = "json",
        max_in_flight: int = 8,
    ) -> None:
        self._ledger = ledger
        self._waiting = waiting
        self._on_settled = on_settled
        self._import_format = import_format
        self._progress = Progress(Schedule(max_in_flight, waiting.poll_seconds), on_failed)
        states = ActivityStates(api)
        self._sender = Sender(api, ledger, import_format, self._progress, waiting)
        self._lost_imports = LostImports(states, ledger, self._sender, self._progress, waiting)
        self._poller = Poller(states, ledger, self._progress, waiting, on_settled)
        self._thread = threading.Thread(target=self._run, name="importer", daemon=True)

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
        # Not before it is needed: a run without rows has no thread.
        if self._thread.ident is None:
            self._thread.start()
        with self._progress.change() as schedule:
            while schedule.waiting >= MAX_WAITING:
                self._wait_for_change()
            self.raise_failure()
            # Under the same lock as adding it: nothing that says otherwise may come in between.
            taken_up = self._take_up(batch)
            if taken_up is None:
                schedule.add(batch)
        if taken_up:
            settlement = read_counters(batch.rows, taken_up.counters)
            self._on_settled(SettledImport(batch, taken_up, settlement, taken_up=True))

    def finish(self) -> None:
        """Wait until every batch is settled; raises what made that impossible."""
        with self._progress.change() as schedule:
            while schedule.unsettled:
                self._wait_for_change()
            self.raise_failure()
            self._progress.stopped = True

    def give_up(self, seconds: float) -> None:
        """Send nothing more; wait at most so long for what is in flight, then stop.

        A thread that is blocked in a request is waited for a moment longer and then left behind:
        what it learns is not noted any more.
        """
        deadline = self._waiting.clock() + seconds
        with self._progress.change() as schedule:
            schedule.close()
            # Once the thread has died of an error, nothing is settled any more.
            while schedule.unsettled and self._thread.is_alive():
                left = deadline - self._waiting.clock()
                if left <= 0:
                    break
                self._progress.changed.wait(min(left, SLICE_SECONDS))
            self._progress.stopped = True
        if self._thread.is_alive():
            self._thread.join(_JOIN_SECONDS)

    def _take_up(self, batch: ImportBatch) -> Activity | None:
        """The completed activity of an interrupted run that has imported this batch.

        It does not count when something that says otherwise of one of its people is on its way.
        """
        if self._ledger.has_nothing_to_take_up or self._progress.schedule.contradicts(batch):
            return None
        return self._ledger.take_up(batch, self._import_format)

    def _wait_for_change(self) -> None:
        self.raise_failure()
        self._waiting.raise_if_stopped()
        self._progress.changed.wait(SLICE_SECONDS)

    def _run(self) -> None:
        try:
            while self._step():
                pass
        except Exception as error:  # noqa: BLE001 - the main thread raises it
            self._progress.fail(error)

    def _step(self) -> bool:
        """Do the next thing; False when the thread has nothing left to do."""
        with self._progress.changed:
            if self._progress.stopped:
                return False
            step = self._progress.schedule.next_step(self._waiting.clock())
            if isinstance(step, Wait):
                self._progress.changed.wait(step.seconds)
                return True
            if isinstance(step, Submit):
                self._progress.schedule.sending(step.batch)
        # Without the lock: the main thread adds batches while a request is under way.
        if isinstance(step, Submit):
            self._sender.send(step.batch)
        elif isinstance(step, Look):
            self._lost_imports.look_for(step.doubt)
        elif isinstance(step, Poll):
            self._poller.poll(step.due)
        return True
