"""Opening the store that the settings name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_constant_contact.store.older import take_over_requests
from target_constant_contact.store.versions import prepare

if TYPE_CHECKING:
    from target_constant_contact.data_folder import DataFolder
    from target_constant_contact.store.database import Database


def open_store(folder: DataFolder, url: str | None = None, schema: str | None = None) -> Database:
    """Open the store, with its tables made or upgraded, and what is older taken over.

    Args:
        folder: Where a file of this machine is, if there is no other store.
        url: Of a PostgreSQL database.
        schema: Of its tables there.

    Raises:
        TargetError: It cannot be used.
    """
    database = _database(folder, url, schema)
    try:
        prepare(database)
        take_over_requests(database, folder.requests)
    except BaseException:
        database.close()
        raise
    return database


def _database(folder: DataFolder, url: str | None, schema: str | None) -> Database:
    # One of the two is enough.
    if url:
        from target_constant_contact.store.postgres import PostgresServer  # noqa: PLC0415

        return PostgresServer(url, schema)
    from target_constant_contact.store.sqlite import SqliteFile  # noqa: PLC0415

    return SqliteFile(folder.store)
