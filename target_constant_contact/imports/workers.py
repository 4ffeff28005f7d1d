"""The threads that send and ask, as many as are needed at a time."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

from target_constant_contact.exceptions import TargetError
from target_constant_contact.imports.schedule import MAX_UNDER_WAY
from target_constant_contact.imports.steps import Wait

if TYPE_CHECKING:
    from collections.abc import Callable

    from target_constant_contact.batches.batch import ImportBatch
    from target_constant_contact.imports.progress import Progress
    from target_constant_contact.imports.steps import Step

MAX_THREADS: Final = MAX_UNDER_WAY + 1
"""One can always ask while the others wait for the answers to what they send."""


class Workers:
    """Threads that carry out the steps of a schedule.

    Any of them takes the next step. Another one is started when all are busy and there is
    something to do or to wait for, so a run whose answers come fast has two of them.

    Args:
        progress: The schedule.
        clock: Seconds that never go back.
        carry_out: Carries out a step; called without the schedule's lock.
    """

    def __init__(
        self, progress: Progress, clock: Callable[[], float], carry_out: Callable[[Step], None]
    ) -> None:
        self._progress = progress
        self._clock = clock
        self._carry_out = carry_out
        self._threads: list[threading.Thread] = []
        self._idle = 0

    def add(self, batch: ImportBatch) -> None:
        """Queue a batch."""
        with self._progress.change() as schedule:
            schedule.outbox.add(batch)
            self._start_if_needed()

    def on_turn(self, batch: ImportBatch) -> None:
        """Note that a batch goes out now, so that the next one may be begun."""
        with self._progress.change() as schedule:
            schedule.outbox.on_the_wire(batch.number, self._clock())
            self._start_if_needed()

    def join(self, seconds: float) -> None:
        """Wait until they have ended; one that does not in time is left behind."""
        # This machine's time: it is a thread that is waited for.
        end = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(end - time.monotonic(), 0))

    def _start_if_needed(self) -> None:
        """Start another thread if a step would find none that takes it (lock held)."""
        if self._idle or len(self._threads) >= MAX_THREADS or self._progress.is_over:
            return
        if self._progress.schedule.next_step(self._clock()) == Wait(None):
            return
        name = f"importer-{len(self._threads) + 1}"
        thread = threading.Thread(target=self._run, name=name, daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            if not self._threads:
                raise TargetError(
                    "The system lets this process start no thread, so that nothing was sent. Give "
                    "it more memory, or raise the limit of processes, and start the run again"
                ) from error
            # Those that are there do its work, only later.
            return
        self._threads.append(thread)
        # Now, or the next change would start one more before it runs.
        self._idle += 1

    def _run(self) -> None:
        try:
            while step := self._next():
                self._carry_out(step)
                with self._progress.change() as schedule:
                    schedule.asked(step, self._clock())
                    self._idle += 1
        except Exception as error:  # noqa: BLE001 - the main thread raises it
            self._progress.fail(error)
            with self._progress.change():
                self._progress.broken = True

    def _next(self) -> Step | None:
        """Wait for something to do; None when there is nothing left."""
        with self._progress.changed:
            while not self._progress.is_over:
                step = self._progress.schedule.next_step(self._clock())
                if isinstance(step, Wait):
                    self._progress.changed.wait(step.seconds)
                    continue
                self._progress.schedule.take(step)
                self._idle -= 1
                # Who takes over what this one leaves?
                self._start_if_needed()
                return step
        return None
