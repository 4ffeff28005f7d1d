"""Writing all secrets of a shared store anew with the first key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update

from target_constant_contact.store.archive import HIDDEN, TABLES, opened
from target_constant_contact.store.schema import CONNECTIONS
from target_constant_contact.store.standstill import standstill

if TYPE_CHECKING:
    from sqlalchemy import Connection, Table

    from target_constant_contact.store.cipher import Cipher
    from target_constant_contact.store.database import Database


def rotate(database: Database) -> tuple[int, int]:
    """Write each secret anew that was not encrypted with the first key.

    Args:
        database: The store, with its tables; where nothing is encrypted, nothing is written.

    Returns:
        How many were written, and how many there are.

    Raises:
        SettingsError: No key opens one of them; nothing was written.
        TryLaterError: One of them is being used; those before it are done.
    """
    cipher = database.cipher
    if cipher is None:
        return 0, 0
    found = database.run(_secrets)
    for table, row in found:
        opened(cipher, table, row, f"the store at {database.place}")
    written = 0
    for table, row in found:
        # Not while it is renewed: that reads it, and writes it later.
        used = [row["name"]] if table is CONNECTIONS else []
        with standstill(database, used, []) as held, held.transaction() as connection:
            written += _rotate(connection, table, row["name"], cipher)
    return written, len(found)


def _secrets(connection: Connection) -> list[tuple[Table, dict[str, Any]]]:
    return [
        (table, dict(row))
        for table in map(TABLES.__getitem__, HIDDEN)
        for row in connection.execute(select(table).order_by(table.c.name)).mappings()
    ]


def _rotate(connection: Connection, table: Table, name: str, cipher: Cipher) -> bool:
    """Write a secret anew, if it is still there, and another key has encrypted it."""
    column = table.c[HIDDEN[table.name]]
    query = select(column).where(table.c.name == name)
    hidden = connection.scalar(query.with_for_update()) or ""
    text = cipher.show(hidden)
    if text is None or cipher.key_of(hidden) == 0:
        return False
    # Its number of writes stays: who has lost the lock with the next token in his hand can still
    # store that.
    new = update(table).where(table.c.name == name).values({column.name: cipher.hide(text)})
    connection.execute(new)
    return True
