"""Runs that are older than `keep_runs_days` are deleted, with what people could read of them."""

from __future__ import annotations

import shutil
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from target_constant_contact.data_folder import REPORT_FILE, usable

if TYPE_CHECKING:
    from target_constant_contact.data_folder import DataFolder
    from target_constant_contact.store.runs import RunRows

LONGEST_RUN: Final = timedelta(days=30)
"""A run that has no report may be under way for so long."""

_DAY: Final = 86_400


def delete_old_runs(
    rows: RunRows, folder: DataFolder, days: int, *, now: float, own: str
) -> tuple[int, int]:
    """Delete runs that have started more than so many days ago.

    Those that have sent what may be taken up stay, and so do those that may be under way: they
    have no report, and have started in the last 30 days.

    Args:
        rows: The runs of all machines.
        folder: Those of this machine have folders here.
        days: How many days runs are kept.
        now: The time, as a Unix timestamp.
        own: Name of the run that does it; it stays.

    Returns:
        How many runs were deleted, and how many folders.

    Raises:
        TargetError: The store cannot be used, or a folder cannot be deleted.
    """
    ended_before = now - days * _DAY
    dead_before = min(ended_before, now - LONGEST_RUN.total_seconds())
    spared = rows.taken_up() | {own}
    deleted = rows.delete(ended_before=ended_before, dead_before=dead_before, spared=[own])
    folders = 0
    # By their names, whatever the store knows of them: also what another machine has deleted.
    for begun_at, path in folder.run_folders():
        has_ended = (path / REPORT_FILE).exists()
        if begun_at < (ended_before if has_ended else dead_before) and path.name not in spared:
            # Another run may end at this moment, and be faster.
            with usable(path), suppress(FileNotFoundError):
                shutil.rmtree(path)
                folders += 1
    return deleted, folders
