"""Writing all secrets of a shared store anew with the first key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, update

from target_constant_contact.exceptions import SettingsError
from target_constant_contact.store.address import other_key
from target_constant_contact.store.archive import HIDDEN, TABLES, name_of
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
        SettingsError: No key opens some of them; nothing was written.
        TryLaterError: One of them is being used; those before it are done.
    """
    cipher = database.cipher
    if cipher is None:
        return 0, 0
    found = database.run(_secrets)
    faults = [
        other_key(name_of(table, name), f"the store at {database.place}")
        for table, name, hidden in found
        if cipher.key_of(hidden) is None
    ]
    if faults:
        raise SettingsError(faults)
    written = 0
    for table, name, _ in found:
        # Not while it is renewed: that reads it, and writes it later.
        used = [name] if table is CONNECTIONS else []
        with standstill(database, used, []) as held, held.transaction() as connection:
            written += _rotate(connection, table, name, cipher)
    return written, len(found)


def _secrets(connection: Connection) -> list[tuple[Table, str, str]]:
    found: list[tuple[Table, str, str]] = []
    for table, column in ((TABLES[name], column) for name, column in HIDDEN.items()):
        query = select(table.c.name, table.c[column]).order_by(table.c.name)
        found += [(table, row.name, row[1]) for row in connection.execute(query)]
    return found


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
