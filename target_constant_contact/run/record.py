"""What the store knows of a run, and for how long it knows it."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from target_constant_contact.exceptions import TargetError
from target_constant_contact.reports.old_runs import delete_old_runs
from target_constant_contact.store.run_row import MACHINE, RunRow
from target_constant_contact.wording import counted

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from target_constant_contact.settings.settings import Settings
    from target_constant_contact.store.database import Database

_END_SECONDS: Final = 15.0
"""Where somebody has locked the table, each try takes ten; all rows have landed by then."""
_logger = logging.getLogger("target-constant-contact")


class RunRecord:
    """The run in the store.

    Args:
        database: The store; not closed with this.
        settings: The settings.
        folder: Folder of the run.
        started_at: When it has started.
    """

    def __init__(
        self, database: Database, settings: Settings, folder: Path, started_at: datetime
    ) -> None:
        # Not before: what is imported for the help of a command need not load SQLAlchemy.
        from target_constant_contact.store.runs import RunRows  # noqa: PLC0415

        self._rows = RunRows(database)
        self._settings = settings
        self._row = RunRow(folder.name, started_at.timestamp(), MACHINE, str(folder.absolute()))

    def begin(self) -> None:
        """Note that the run is under way.

        Raises:
            TargetError: The store cannot be used.
        """
        self._rows.put(self._row)

    def end(self, report: str, *, insist: bool) -> None:
        """Note what has come of the run, and delete old ones. What fails is a warning.

        Args:
            report: Its report as JSON.
            insist: Try again for a while where the store cannot be reached.
        """
        try:
            longest = _END_SECONDS if insist else 0
            self._rows.put(replace(self._row, report=report), longest=longest)
        except TargetError as error:
            _logger.warning("The store does not have the report of this run: %s", error)
            return
        days = self._settings.keep_runs_days
        try:
            runs, folders = delete_old_runs(
                self._rows, self._settings.data_dir, days, now=self._rows.now(), own=self._row.run
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
            )
