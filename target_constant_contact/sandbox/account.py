"""One Constant Contact account: its data, its clock, and how it behaves."""

from __future__ import annotations

import random
import threading
import time
from typing import TYPE_CHECKING

from target_constant_contact.sandbox.activities import activities
from target_constant_contact.sandbox.control.faults import FaultBook
from target_constant_contact.sandbox.control.limits import RequestCounter
from target_constant_contact.sandbox.control.request_log import RequestLog
from target_constant_contact.sandbox.data import seed
from target_constant_contact.sandbox.data.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from target_constant_contact.sandbox.control.behaviour import Behaviour, Span

ORGANISATION = "Sandbox Trading Co."
ENCODED_ACCOUNT_ID = "a07e1sandbox01"
_PATIENCE = 2.0


class Account:
    """What every endpoint of one sandbox shares.

    Args:
        path: SQLite file, or None for a temporary one.
        behaviour: How the account behaves; may be replaced at any time.
        clock: Seconds since the epoch.
    """

    def __init__(self, path: Path | None, behaviour: Behaviour, clock: Callable[[], float]) -> None:
        self.behaviour = behaviour
        self.clock = clock
        self.store = Store(path, lambda db: seed.fill(db, clock()))
        self.faults = FaultBook()
        self.calls = RequestCounter()
        self.token_calls = RequestCounter()
        self.log = RequestLog(self.store)
        self._random = random.Random(behaviour.seed)  # noqa: S311 - simulated durations
        self._settling = threading.Lock()
        self.closing = threading.Event()

    def settle(self, *, patience: float | None = None) -> None:
        """Carry out the activities that are due, in the order in which they end.

        Args:
            patience: Stop after so many seconds of work, so that a request is answered although
                many large imports are due; the next call goes on. None: all of them.
        """
        began = time.monotonic()
        with self._settling:
            while activities.settle_next(self.store, self.behaviour, self.clock()):
                if patience is not None and time.monotonic() - began > patience:
                    return

    def settle_for_a_request(self) -> None:
        """Carry out what is due, but let the request wait for a bounded time only."""
        self.settle(patience=_PATIENCE)

    def waits(self) -> tuple[float, float]:
        """Draw the seconds until a new activity starts, and from then until it ends."""
        behaviour = self.behaviour
        return self._draw(behaviour.seconds_to_start), self._draw(behaviour.seconds_to_finish)

    def _draw(self, span: Span) -> float:
        return self._random.uniform(*span) if isinstance(span, tuple) else float(span)
