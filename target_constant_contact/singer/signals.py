"""Signals: a run that is asked to stop, and a blocked reader that has to be woken."""

from __future__ import annotations

import math
import os
import signal
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from target_constant_contact.exceptions import InterruptedRunError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType


REPEAT_SECONDS: Final = 1.5
"""For so long a further signal is the same request: for one Ctrl-C a terminal sends SIGINT to
everybody, and Meltano sends it once more."""
PATIENCE_SECONDS: Final = 2.0
"""How long after a signal is waited for somebody to read what is written."""


class Signals:
    """What has come of SIGINT, SIGTERM and SIGHUP.

    A signal is noted and obeyed at the next :meth:`check`: raised anywhere, it would tear the
    handling of a row apart. Only what is done under :meth:`interruptible` is interrupted at once.

    Args:
        raise_failure: Raises when the run cannot succeed any more.
        clock: Seconds that never go back.
    """

    def __init__(
        self, raise_failure: Callable[[], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._raise_failure = raise_failure
        self._clock = clock
        self._received: int | None = None
        self._received_at = math.inf
        self._waking = False
        self._interruptible = False

    def install(self) -> None:
        """Handle the signals from now on, if this is the thread that may."""
        if threading.current_thread() is not threading.main_thread():
            return
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self.handle)
        hang_up = getattr(signal, "SIGHUP", None)
        # Under nohup it is ignored, and is to stay so.
        if hang_up is not None and signal.getsignal(hang_up) is not signal.SIG_IGN:
            signal.signal(hang_up, self.handle)

    def overdue(self) -> bool:
        """Whether a signal came so long ago that nobody who reads is waited for any more."""
        return self._clock() - self._received_at > PATIENCE_SECONDS

    def check(self) -> None:
        """Raise when the run is to stop: a signal came, or it cannot succeed any more."""
        # The failure comes first: to wake the reader it has sent a signal of its own.
        self._raise_failure()
        if self._received is not None:
            raise InterruptedRunError(
                f"{signal.Signals(self._received).name} came before the run was finished. What "
                "Constant Contact has completed is counted, and STATE covers nothing else; "
                "start the run again."
            )

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Whatever is done meanwhile may be interrupted at any point."""
        self._interruptible = True
        try:
            yield
        finally:
            self._interruptible = False

    def handle(self, signum: int, _frame: FrameType | None) -> None:
        """Note a signal; one that comes later than a repetition ends the process at once."""
        if self._waking:
            self._waking = False
        elif self._received is None:
            self._received, self._received_at = signum, self._clock()
        elif self._clock() - self._received_at > REPEAT_SECONDS:
            # Not SystemExit: whoever catches it on its way might wait for something once more.
            os._exit(1)
        if self._interruptible:
            # Only once: a repetition would meet the first one on its way out.
            self._interruptible = False
            self.check()
            self._interruptible = True

    def wake(self) -> None:
        """Make a blocked reader look up: the run has failed in another thread."""
        # Without a handler of ours, as in a rehearsal, SIGINT would end the process.
        if signal.getsignal(signal.SIGINT) == self.handle:
            self._waking = True
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
