"""The request counts of version 0.8 and before."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from target_constant_contact.data_folder import usable
from target_constant_contact.store.schema import SLOTS
from target_constant_contact.store.slot import both_counts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from sqlalchemy import Connection

    from target_constant_contact.data_folder import DataFolder
    from target_constant_contact.store.database import Database

_EPOCH: Final = date(1970, 1, 1).toordinal()
_COUNTS: Final = """
    SELECT key, last, ifnull(at, last), day, used
    FROM days JOIN slots USING (key) LEFT JOIN asked USING (key)
    ORDER BY key, day DESC
"""
_logger = logging.getLogger("target-constant-contact")


def take_over_requests(database: Database, folder: DataFolder) -> str | None:
    """Take over the request counts, and put their file aside.

    Raises:
        TargetError: The store cannot be used, or the file cannot be put aside.
    """
    path = folder.requests
    if path.is_symlink() or not path.is_file():
        return None
    aside = path.with_name(f"{path.name}.old")
    said = None
    try:
        rows = list(_newest_days(path))
    except (sqlite3.Error, ValueError, TypeError) as error:
        _logger.warning(
            "The request counts of an earlier version in %s cannot be read (%s); requests of today "
            "are counted from now on. The file is now %s.",
            path,
            error,
            aside.name,
        )
    else:
        database.run(lambda connection: _take_over(connection, rows))
        said = f"the request counts ({path.name} is now {aside.name})"
    with usable(path):
        path.replace(aside)
    return said


def _newest_days(path: Path) -> Iterator[dict[str, Any]]:
    """The row of each key in the store's form: the last slot, and the two newest days."""
    found: dict[str, dict[str, Any]] = {}
    with closing(sqlite3.connect(path, timeout=30)) as file:
        for key, last, asked, day, used in file.execute(_COUNTS):
            number = date.fromisoformat(day).toordinal() - _EPOCH
            row = {"key": key, "last": last, "asked": asked, "day": number, "used": used}
            if first := found.get(key):
                first.setdefault("other_day", number)
                first.setdefault("other_used", used)
            else:
                found[key] = row
    for row in found.values():
        yield {"other_day": 0, "other_used": 0} | row


def _take_over(connection: Connection, rows: Iterable[dict[str, Any]]) -> None:
    """Put each row into the store; of each day the larger number counts."""
    for row in rows:
        is_key = SLOTS.c.key == row["key"]
        kept = connection.execute(select(SLOTS).where(is_key).with_for_update()).mappings().first()
        if kept is None:
            connection.execute(SLOTS.insert().values(row))
        else:
            connection.execute(SLOTS.update().where(is_key).values(both_counts(row, dict(kept))))
