"""OpenTelemetry: a trace and metrics of a run, when the standard variables ask for them."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

from target_constant_contact.events.kinds import RunBegun, RunEnded
from target_constant_contact.redaction import said
from target_constant_contact.telemetry.variables import asked_for

if TYPE_CHECKING:
    from target_constant_contact.events.events import Events
    from target_constant_contact.events.kinds import Event
    from target_constant_contact.settings.settings import Settings
    from target_constant_contact.store.database import Database
    from target_constant_contact.telemetry.told import ToldRun
    from target_constant_contact.telemetry.variables import AskedFor

_logger = logging.getLogger("target-constant-contact")


def listen(events: Events, _settings: Settings, _database: Database) -> None:
    """Begin to listen, if variables of the environment ask for it; no setting does."""
    asked = asked_for(os.environ)
    for fault in asked.faults:
        _logger.warning("OpenTelemetry: %s. The run goes on without.", fault)
    if asked.traces or asked.metrics:
        events.listen(Telemetry(asked))


class Telemetry:
    """Tells a collector of each run.

    Args:
        asked: What is asked for.
    """

    def __init__(self, asked: AskedFor) -> None:
        self._asked = asked
        self._run: ToldRun | None = None

    def __call__(self, event: Event) -> None:
        """Take an event; commands that are no run tell of nothing."""
        if isinstance(event, RunBegun):
            self._run = _told_run(self._asked, event)
        elif self._run is not None:
            self._run.tell(event)
            if isinstance(event, RunEnded):
                self._run = None


def _told_run(asked: AskedFor, begun: RunBegun) -> ToldRun | None:
    """Begin to tell of a run; None where what this needs is not there."""
    try:
        # Of no use to a run that nobody asks this for, and not installed with it.
        from target_constant_contact.telemetry.told import ToldRun  # noqa: PLC0415
    except ImportError as error:
        _logger.warning(
            "OpenTelemetry: %s is not installed; install target-constant-contact[otel]. The run "
            "goes on without.",
            error.name,
        )
        return None
    try:
        return ToldRun(asked, begun)
    except (ValueError, RuntimeError) as error:
        _logger.warning(
            "OpenTelemetry: its SDK does not take what a variable OTEL_... says: %s. The run goes "
            "on without.",
            said(str(error).rstrip(".")),
        )
        return None
