"""Making the tables of the store, and leading older ones to what this program knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import select, update

from target_constant_contact.exceptions import SettingsError
from target_constant_contact.store.schema import METADATA, SINCE, STORE, VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection

    from target_constant_contact.store.database import Database


def _make_tables_of_version_2(connection: Connection) -> None:
    for table, since in SINCE.items():
        if since == 2:  # noqa: PLR2004 - its name says it
            table.create(connection)


UPGRADES: Final[Sequence[Callable[[Connection], object]]] = (_make_tables_of_version_2,)
"""What leads from each version to the next one; the first from version 1."""


def prepare(database: Database) -> None:
    """Make or upgrade the tables, unless they are what this program knows.

    Of several processes that start at once one does it, and the others wait.

    Raises:
        TargetError: The database cannot be used, or a newer program has made its tables.
    """
    # Whoever only reads then has to wait for nobody.
    if database.run(lambda connection: version_of(database, connection), reads=True) == VERSION:
        return
    with database.making():
        database.run(lambda connection: _make(database, connection))


def version_of(database: Database, connection: Connection) -> int:
    """Version of the tables that there are; 0 when there are none.

    Raises:
        SettingsError: It is newer than what this program knows.
    """
    if not database.has_tables(connection):
        return 0
    found = connection.execute(select(STORE.c.version)).scalar() or 0
    if found > VERSION:
        fault = (
            f"the store at {database.place} has version {found}, and this program knows "
            f"{VERSION}: a newer one has used it. Install the newest target-constant-contact here, "
            "too"
        )
        raise SettingsError([fault])
    return found


def _make(database: Database, connection: Connection) -> None:
    database.lock_out_others(connection)
    # Somebody else may have been first.
    found = version_of(database, connection)
    if not found:
        database.make_schema(connection)
        METADATA.create_all(connection, checkfirst=False)
        connection.execute(STORE.insert().values(version=VERSION))
    elif found < VERSION:
        for upgrade in UPGRADES[found - 1 :]:
            upgrade(connection)
        connection.execute(update(STORE).values(version=VERSION))
