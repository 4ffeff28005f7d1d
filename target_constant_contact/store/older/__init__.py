"""What earlier versions have left in a data folder is taken over into the store, once.

There is a step for each kind. It takes the store and the data folder, and returns what was taken
over, as a part of a sentence; None when there was nothing.

Several processes may find it at once, and one may die at it: what is taken over is the same, and
what the store has by itself is never written over by something older.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from target_constant_contact.store.older.connections import take_over_connections
from target_constant_contact.store.older.ledgers import take_over_ledgers
from target_constant_contact.store.older.requests import take_over_requests
from target_constant_contact.store.older.runs import take_over_runs

if TYPE_CHECKING:
    from target_constant_contact.data_folder import DataFolder
    from target_constant_contact.store.database import Database

_LOCK_SECONDS: Final = 180.0
_logger = logging.getLogger("target-constant-contact")


def take_over(database: Database, folder: DataFolder) -> None:
    """Take over all that there is, and say so in one line.

    Args:
        database: The store, with its tables.
        folder: The data folder.

    Raises:
        TargetError: The store or the data folder cannot be used.
    """
    left = [folder.ledgers, folder.connections, folder.requests]
    if not folder.runs_mark.exists():
        left.append(folder.runs)
    if not any(path.exists() for path in left):
        return
    # Ledgers first: a run of an earlier version that is under way needs its connection.
    steps = (take_over_ledgers, take_over_connections, take_over_requests, take_over_runs)
    # One process at a time: whoever has waited finds that all is done.
    with database.lock(f"what is left in {folder.ledgers.parent.absolute()}", _LOCK_SECONDS):
        taken = [said for step in steps if (said := step(database, folder))]
    if taken:
        _logger.info(
            "Taken over from an earlier version into the store at %s: %s",
            database.place,
            "; ".join(taken),
        )
