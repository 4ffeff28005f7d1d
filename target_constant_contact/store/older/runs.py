"""The folders of runs of version 0.8 and before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from target_constant_contact.data_folder import REPORT_FILE, usable
from target_constant_contact.files import write_private
from target_constant_contact.store.run_row import MACHINE, RunRow
from target_constant_contact.store.runs import RunRows
from target_constant_contact.wording import counted

if TYPE_CHECKING:
    from pathlib import Path

    from target_constant_contact.data_folder import DataFolder
    from target_constant_contact.store.database import Database

_AT_ONCE: Final = 100
"""Runs that are read and written together."""


def take_over_runs(database: Database, folder: DataFolder) -> str | None:
    """Take over what the folders of runs tell, and note beside them that it is done. They stay.

    Raises:
        TargetError: The store cannot be used, or the folder.
    """
    mark, runs = folder.runs_mark, folder.runs
    if mark.exists() or not runs.exists():
        return None
    found, rows = folder.run_folders(), RunRows(database)
    taken = 0
    for start in range(0, len(found), _AT_ONCE):
        taken += rows.add(
            RunRow(path.name, begun_at, MACHINE, str(path.absolute()), _report_in(path))
            for begun_at, path in found[start : start + _AT_ONCE]
        )
    with usable(mark):
        write_private(mark, "")
    return f"{counted(taken, 'run')} (the files stay in {runs.name})" if taken else None


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
