"""Runs of versions that had no store are taken over into it, once."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from target_constant_contact.data_folder import REPORT_FILE, usable
from target_constant_contact.files import write_private
from target_constant_contact.store.runs import MACHINE, RunRow, RunRows
from target_constant_contact.wording import are, counted

if TYPE_CHECKING:
    from pathlib import Path

    from target_constant_contact.data_folder import DataFolder
    from target_constant_contact.store.database import Database

_AT_ONCE: Final = 100
"""Runs that are read and written together."""
_logger = logging.getLogger("target-constant-contact")


def take_over_runs(database: Database, folder: DataFolder) -> None:
    """Take over what the folders of runs tell, and note there that it is done. They stay.

    Several processes may find them at once: what is in the store already stays as it is.

    Args:
        database: The store, with its tables.
        folder: Where the folders are.

    Raises:
        TargetError: The store cannot be used, or the folder.
    """
    mark, runs = folder.runs_mark, folder.runs
    if mark.exists() or not runs.exists():
        return
    found, rows = folder.run_folders(), RunRows(database)
    taken = 0
    for start in range(0, len(found), _AT_ONCE):
        taken += rows.add(
            RunRow(path.name, begun_at, MACHINE, str(path.absolute()), _report_in(path))
            for begun_at, path in found[start : start + _AT_ONCE]
        )
    with usable(mark):
        write_private(mark, "")
    if taken:
        _logger.info(
            "%s of an earlier version %s in the store now; the files stay in %s.",
            counted(taken, "run"),
            are(taken),
            runs,
        )


def _report_in(folder: Path) -> str | None:
    """What stands in the place of a run's report; None when there is nothing."""
    path = folder / REPORT_FILE
    try:
        # A database takes no such character in a text.
        text = path.read_bytes().decode(errors="replace").replace("\0", "\ufffd")
    except FileNotFoundError:
        return None
    except OSError:
        return ""
    return "" if path.is_symlink() else text
