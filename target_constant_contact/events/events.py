"""Tells events to those who listen."""

from __future__ import annotations

import logging
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

from target_constant_contact.events.kinds import WorkBegun, WorkEnded
from target_constant_contact.exceptions import InterruptedRunError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from target_constant_contact.events.kinds import Event

    Listener: TypeAlias = Callable[[Event], None]

_logger = logging.getLogger("target-constant-contact")


class Events:
    """What happens in one run, or in one command.

    Listeners are called in the order in which they began to listen, in the thread in which the
    event happens: from several threads at a time. One that fails is told of in the log, once, and
    hears nothing more; no run fails for it, unless what it does is what the run promises.
    """

    def __init__(self) -> None:
        self._listeners: tuple[tuple[Listener, bool], ...] = ()

    def listen(self, listener: Listener, *, required: bool = False) -> None:
        """Have every event from now on told to a listener.

        Args:
            listener: Called with each event.
            required: What it raises, the run fails of; the other listeners are told first.
        """
        self._listeners = (*self._listeners, (listener, required))

    def tell(self, event: Event) -> None:
        """Tell an event to all listeners.

        Raises:
            InterruptedRunError: The run is to stop.
            Exception: What the first required listener has raised.
        """
        raised: Exception | None = None
        for listener, required in self._listeners:
            try:
                listener(event)
            except InterruptedRunError as error:
                # A signal has come while it was told.
                raised = raised or error
            except Exception as error:  # noqa: BLE001 - whatever fails in what only listens
                if required:
                    raised = raised or error
                else:
                    self._dismiss(listener, error)
        if raised:
            raise raised

    @contextmanager
    def work(self, work: str, span: str) -> Iterator[None]:
        """Tell that something goes on which may take a while, and when it has ended.

        Args:
            work: What, as people read it.
            span: What, for machines.
        """
        self.tell(WorkBegun(work, span))
        began, failed = time.monotonic(), True
        try:
            yield
            failed = False
        finally:
            self.tell(WorkEnded(work, span, time.monotonic() - began, failed))

    def _dismiss(self, listener: Listener, error: Exception) -> None:
        self._listeners = tuple(pair for pair in self._listeners if pair[0] is not listener)
        # Its text may quote anything.
        _logger.warning(
            "%s failed (%s) and is left out for the rest of the run; nothing else is affected",
            listener.__module__.rpartition(".")[2],
            type(error).__name__,
        )
