"""Keeps two runs of one export from sending at the same time."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from target_constant_contact.exceptions import TryLaterError
from target_constant_contact.waiting import SLICE_SECONDS
from target_constant_contact.wording import counted

if TYPE_CHECKING:
    from target_constant_contact.store.ledger import LedgerRows
    from target_constant_contact.waiting import Waiting

_logger = logging.getLogger("target-constant-contact")


def take_run_lock(rows: LedgerRows, waiting: Waiting) -> None:
    """Take the lock of an export, once the run that holds it has ended.

    Args:
        rows: The export's ledger; it tells the holder's name.
        waiting: How the holder is waited for.

    Raises:
        TryLaterError: The other run has not ended in time.
        TargetError: The store cannot be used.
    """
    deadline = waiting.clock() + waiting.timeout_seconds
    told = False
    while not rows.take_lock():
        if waiting.clock() >= deadline:
            raise TryLaterError(
                f"{_holder(rows)} of the same export has not ended in "
                f"{counted(waiting.timeout_minutes, 'minute')} (import_timeout_minutes). Start "
                "the run again when it has, or end it"
            )
        if not told:
            _logger.info("%s of the same export is under way; waiting", _holder(rows))
            told = True
        waiting.raise_if_stopped()
        waiting.sleep(SLICE_SECONDS)


def _holder(rows: LedgerRows) -> str:
    """What to call the run that has begun last."""
    # It may be between taking the lock and its first row.
    runs = rows.open_runs()
    return f"Run {runs[-1][0]}" if runs else "Another run"
