"""What the threads of a run share: the schedule of its imports, and why it failed."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from target_constant_contact.imports.schedule import Schedule


class Progress:
    """A schedule under a lock. One thread adds batches; others send and settle them.

    Args:
        schedule: The schedule.
        on_failed: Called once when the run cannot succeed any more, by whom finds it out.

    Attributes:
        schedule: The schedule.
        changed: Its lock, notified of every change that another thread may wait for.
        failure: Why the run cannot succeed any more; None as long as it can.
        stopped: The run has ended; what is learned now is nobody's concern any more.
        broken: A thread has died of an error; nothing is sent or settled any more.
    """

    def __init__(self, schedule: Schedule, on_failed: Callable[[], None]) -> None:
        self.schedule = schedule
        self.changed = threading.Condition()
        self.failure: Exception | None = None
        self.stopped = False
        self.broken = False
        self._on_failed = on_failed

    @property
    def is_over(self) -> bool:
        """Whether no thread has anything left to do."""
        return self.stopped or self.broken

    @contextmanager
    def change(self) -> Iterator[Schedule]:
        """Hold the lock to change the schedule; whoever waits for a change looks at it then."""
        with self.changed:
            yield self.schedule
            self.changed.notify_all()

    def fail(self, error: Exception) -> None:
        """Note the first failure; what is in flight is still polled, nothing more is sent."""
        with self.change() as schedule:
            if self.stopped:
                return
            first = self.failure is None
            self.failure = self.failure or error
            schedule.close()
        # Without the lock: what is called may have to wait for another thread.
        if first:
            self._on_failed()

    def raise_failure(self) -> None:
        """Raise what made success impossible, if anything did."""
        if self.failure is not None:
            raise self.failure
