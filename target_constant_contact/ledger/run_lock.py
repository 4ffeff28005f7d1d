"""Keeps two runs of one export from sending at the same time."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from target_constant_contact.data_folder import JOURNAL_FILE, LOCK_FILE
from target_constant_contact.exceptions import TryLaterError
from target_constant_contact.files import PRIVATE_FILE
from target_constant_contact.ledger.journal import DamagedJournalError, Journal
from target_constant_contact.waiting import SLICE_SECONDS
from target_constant_contact.wording import counted

if TYPE_CHECKING:
    from pathlib import Path

    from target_constant_contact.waiting import Waiting

_logger = logging.getLogger("target-constant-contact")


class RunLock:
    """The lock of an export. The system frees it when its holder dies.

    Args:
        folder: Folder of the export.
        journal: The journal that the holder writes; it tells the holder's name.
    """

    def __init__(self, folder: Path, journal: Journal) -> None:
        self._journal = journal
        # The main thread takes the lock, and whichever thread ends the run frees it.
        self._file_lock = FileLock(folder / LOCK_FILE, mode=PRIVATE_FILE, thread_local=False)

    def acquire(self, waiting: Waiting) -> None:
        """Take the lock, once the run that holds it has ended.

        Raises:
            TryLaterError: The other run has not ended in time.
            OSError: The folder cannot be used.
        """
        deadline = waiting.clock() + waiting.timeout_seconds
        told = False
        while True:
            with suppress(Timeout):
                self._file_lock.acquire(timeout=0)
                return
            if waiting.clock() >= deadline:
                raise TryLaterError(
                    f"{self._holder()} of the same export has not ended in "
                    f"{counted(waiting.timeout_minutes, 'minute')} (import_timeout_minutes). Start "
                    "the run again when it has, or end it"
                )
            if not told:
                _logger.info("%s of the same export is under way; waiting", self._holder())
                told = True
            waiting.raise_if_stopped()
            waiting.sleep(SLICE_SECONDS)

    def release(self) -> None:
        """Let the next run of the export go on."""
        self._file_lock.release()

    def _holder(self) -> str:
        """What to call the run that has begun last."""
        # It may be between taking the lock and the first line of its journal.
        with suppress(OSError, DamagedJournalError):
            if names := _runs_in(self._journal):
                return f"Run {names[-1]}"
        return "Another run"


def living_runs(ledgers: Path) -> set[str]:
    """Names of the runs that are under way, and of those that they take up.

    Args:
        ledgers: Folder of all ledgers.

    Raises:
        OSError, DamagedJournalError: It cannot be told.
    """
    return {
        name
        for path in ledgers.glob(f"*/*/{LOCK_FILE}")
        if _is_held(path)
        for name in _runs_in(Journal(path.with_name(JOURNAL_FILE)))
    }


def _is_held(path: Path) -> bool:
    try:
        with FileLock(path, timeout=0, mode=PRIVATE_FILE):
            return False
    except Timeout:
        return True


def _runs_in(journal: Journal) -> list[str]:
    """Names of the runs that have written to a journal, the latest last."""
    names = [line.get("run") for line in journal.read() if line.get("line") == "run"]
    return [name for name in names if name]
