"""What the store knows of a run, and for how long it knows it."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from target_constant_contact.events.kinds import RunBegun, RunEnded
from target_constant_contact.exceptions import TargetError
from target_constant_contact.log_fields import fields
from target_constant_contact.redaction import json_text
from target_constant_contact.reports.old_runs import delete_old_runs
from target_constant_contact.store.run_row import MACHINE, RunRow
from target_constant_contact.store.runs import RunRows
from target_constant_contact.wording import counted

if TYPE_CHECKING:
    from target_constant_contact.events.events import Events
    from target_constant_contact.events.kinds import Event
    from target_constant_contact.settings.settings import Settings
    from target_constant_contact.store.database import Database

_END_SECONDS: Final = 15.0
"""Where somebody has locked the table, each try takes ten; all rows have landed by then."""
_logger = logging.getLogger("target-constant-contact")


def listen(events: Events, settings: Settings, database: Database) -> None:
    """Have the store know of a run, from its beginning on."""
    events.listen(_RunRecord(settings, database), required=True)


class _RunRecord:
    """The run in the store.

    Args:
        settings: The settings.
        database: The store; not closed with this.
    """

    def __init__(self, settings: Settings, database: Database) -> None:
        self._rows = RunRows(database)
        self._settings = settings
        self._row: RunRow | None = None

    def __call__(self, event: Event) -> None:
        """Note the beginning and the end of a run.

        Raises:
            TargetError: The store cannot be used at the beginning. At the end, that is a warning.
        """
        if isinstance(event, RunBegun):
            began = event.started_at.timestamp()
            self._row = RunRow(event.run, began, MACHINE, event.folder)
            self._rows.put(self._row)
        elif isinstance(event, RunEnded) and self._row:
            report = f"{json_text(event.document)}\n"
            # A run that is told to stop has little time left.
            self._end(replace(self._row, report=report), insist=event.error is None)

    def _end(self, row: RunRow, *, insist: bool) -> None:
        """Note what has come of the run, and delete old ones.

        Args:
            row: The run with its report.
            insist: Try again for a while where the store cannot be reached.
        """
        try:
            self._rows.put(row, longest=_END_SECONDS if insist else 0)
        except TargetError as error:
            _logger.warning("The store does not have the report of this run: %s", error)
            return
        days = self._settings.keep_runs_days
        try:
            runs, folders = delete_old_runs(
                self._rows, self._settings.data_dir, days, now=self._rows.now(), own=row.run
            )
        except TargetError as error:
            _logger.warning("Not all old runs were deleted; the next run tries again: %s", error)
            return
        if runs or folders:
            _logger.info(
                "Deleted what is older than %s: %s in the store, %s of this machine",
                counted(days, "day"),
                counted(runs, "run"),
                counted(folders, "folder"),
                extra=fields(keep_runs_days=days, runs=runs, folders=folders),
            )
