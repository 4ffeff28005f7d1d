"""What people read of a run in the log."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from target_constant_contact.data_folder import REPORT_FILE
from target_constant_contact.events.kinds import ImportSettled, RunEnded, StreamMapped
from target_constant_contact.wording import counted

if TYPE_CHECKING:
    from target_constant_contact.events.events import Events
    from target_constant_contact.events.kinds import Event
    from target_constant_contact.settings.settings import Settings
    from target_constant_contact.store.database import Database

_logger = logging.getLogger("target-constant-contact")


def listen(events: Events, _settings: Settings, _database: Database) -> None:
    """Have the log tell of settled imports and of the end of a run."""
    events.listen(_tell)


def _tell(event: Event) -> None:
    if isinstance(event, StreamMapped):
        _logger.info(
            "Stream %s goes to %s; fields %s: %s",
            event.stream,
            event.goal,
            "matched by name" if event.automatic else "mapped",
            event.sent,
        )
    elif isinstance(event, ImportSettled):
        _tell_settled(event)
    elif isinstance(event, RunEnded):
        for line in event.lines:
            _logger.info("%s", line)
        for line in event.warnings:
            _logger.warning("%s", line)
        _tell_end(event)


def _tell_settled(event: ImportSettled) -> None:
    level = logging.WARNING if event.refused or event.unexplained else logging.INFO
    if event.taken_up and level == logging.INFO:
        # All of them are one line at the end of the run.
        level = logging.DEBUG
    _logger.log(
        level,
        "Activity %s of %s %s: %s of %s landed, %s refused, %s suppressed, %s unexplained",
        event.activity_id,
        event.stream,
        "taken up" if event.taken_up else f"completed in {event.seconds:.1f} s",
        f"{event.landed:,}",
        counted(event.rows, "row"),
        f"{event.refused:,}",
        f"{event.suppressed:,}",
        f"{event.unexplained:,}",
        extra={
            "activity_id": event.activity_id,
            "rows": event.rows,
            "not_landed": event.rows - event.landed,
        },
    )


def _tell_end(event: RunEnded) -> None:
    path = Path(event.folder) / REPORT_FILE
    if event.kind == "sweep":
        _logger.info("Sweep %s; report: %s", event.run, path)
        return
    used, per_day = event.document["requests_today"], event.document["requests_per_day"]
    of_day = f" ({used:,} of the day's {per_day:,} are used)" if used else ""
    _logger.info(
        "Run %s: %s in %.1f s with %s%s; report: %s",
        event.run,
        event.status,
        event.seconds,
        counted(event.requests, "request"),
        of_day,
        path,
    )
