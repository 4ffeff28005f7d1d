"""Signals: a run that is asked to stop, and a blocked reader that has to be woken."""

from __future__ import annotations

import signal
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from target_constant_contact.exceptions import InterruptedRunError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType


class Signals:
    """What has come of SIGINT and SIGTERM.

    A signal is noted and obeyed at the next :meth:`check`: raised anywhere, it would tear the
    handling of a row apart. Only what is done under :meth:`interruptible` is interrupted at once.

    Args:
        raise_failure: Raises when the run cannot succeed any more.
    """

    def __init__(self, raise_failure: Callable[[], None]) -> None:
        self._raise_failure = raise_failure
        self._received: int | None = None
        self._waking = False
        self._interruptible = False

    def install(self) -> None:
        """Handle both signals from now on, if this is the thread that may."""
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, self.handle)

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
        """Note a signal; a second one ends the process at once."""
        if self._waking:
            self._waking = False
        elif self._received is not None:
            sys.exit(1)
        else:
            self._received = signum
        if self._interruptible:
            self.check()

    def wake(self) -> None:
        """Make a blocked reader look up: the run has failed in another thread."""
        # Without a handler of ours, as in a rehearsal, SIGINT would end the process.
        if signal.getsignal(signal.SIGINT) == self.handle:
            self._waking = True
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
