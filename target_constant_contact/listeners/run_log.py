"""What people read of a run in the log."""

from __future__ import annotations

import logging
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from target_constant_contact.data_folder import REPORT_FILE
from target_constant_contact.events.kinds import ImportSettled, RunBegun, RunEnded, StreamMapped
from target_constant_contact.log_fields import fields, fields_of, set_run
from target_constant_contact.wording import counted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_constant_contact.events.events import Events
    from target_constant_contact.events.kinds import Event
    from target_constant_contact.settings.settings import Settings
    from target_constant_contact.store.database import Database

_logger = logging.getLogger("target-constant-contact")


def listen(events: Events, _settings: Settings, _database: Database) -> None:
    """Have the log tell of settled imports and of the end of a run, and name the run."""
    set_run(None)
    events.listen(_tell)


def _tell(event: Event) -> None:
    match event:
        case RunBegun():
            set_run(event.run)
        case StreamMapped():
            _tell_mapped(event)
        case ImportSettled():
            _tell_settled(event)
        case RunEnded():
            for line in event.lines:
                _logger.info("%s", line, extra=fields_of(line))
            for line in event.warnings:
                _logger.warning("%s", line, extra=fields_of(line))
            _tell_end(event)


def _tell_mapped(event: StreamMapped) -> None:
    _logger.info(
        "Stream %s goes to %s; fields %s: %s",
        event.stream,
        event.goal,
        "matched by name" if event.automatic else "mapped",
        event.sent,
        extra=fields(stream=event.stream, lists=event.lists, list_ids=event.list_ids),
    )


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
        extra=fields(**asdict(event)),
    )


def _tell_end(event: RunEnded) -> None:
    path, document = Path(event.folder) / REPORT_FILE, event.document
    used, per_day = document["requests_today"], document["requests_per_day"]
    told = fields(
        kind=event.kind,
        status=event.status,
        report_file=str(path),
        seconds=event.seconds,
        requests=event.requests,
        requests_today=used,
        requests_per_day=per_day,
        **(_of_sweep(document) if event.kind == "sweep" else document["totals"]),
    )
    if event.kind == "sweep":
        _logger.info("Sweep %s; report: %s", event.run, path, extra=told)
        return
    of_day = f" ({used:,} of the day's {per_day:,} are used)" if used else ""
    _logger.info(
        "Run %s: %s in %.1f s with %s%s; report: %s",
        event.run,
        event.status,
        event.seconds,
        counted(event.requests, "request"),
        of_day,
        path,
        extra=told,
    )


def _of_sweep(document: Mapping[str, Any]) -> dict[str, Any]:
    swept = document["swept"]
    sums = ("before", "stay", "taken_off", "not_ours", "left_by_themselves")
    return {name: sum(each[name] for each in swept) for name in sums}
