"""One run, told to a collector."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from target_constant_contact.events.kinds import RunEnded
from target_constant_contact.reports.past_run import ended_run
from target_constant_contact.telemetry.exporting import Exporting
from target_constant_contact.telemetry.meters import Meters
from target_constant_contact.telemetry.trace import Trace

if TYPE_CHECKING:
    from target_constant_contact.events.kinds import Event, RunBegun
    from target_constant_contact.telemetry.variables import AskedFor


class ToldRun:
    """A run that is told to a collector, as a trace and as metrics.

    What is sent is sent by other threads; the run waits for them at its end, and not for long.

    Args:
        asked: What is asked for.
        begun: The first event of the run.
    """

    def __init__(self, asked: AskedFor, begun: RunBegun) -> None:
        self._lock = threading.Lock()
        self._exporting = Exporting(asked)
        self._trace = Trace(self._exporting.tracer, begun, os.environ)
        self._meters = Meters(self._exporting.meter, begun)

    def tell(self, event: Event) -> None:
        """Tell what has happened; with the end of the run, send what has not been sent."""
        past = ended_run(event) if isinstance(event, RunEnded) else None
        with self._lock:
            self._trace.note(event)
            self._meters.note(event)
            if isinstance(event, RunEnded) and past is not None:
                self._trace.end(event, past)
                self._meters.end(event, past)
        if past is not None:
            self._exporting.close()
