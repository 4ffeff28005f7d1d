"""Writing all secrets of a shared store anew with the first key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import select, update

from target_constant_contact.store.archive import HIDDEN, TABLES, name_of, opened
from target_constant_contact.store.schema import CONNECTIONS
from target_constant_contact.store.standstill import standstill

if TYPE_CHECKING:
    from sqlalchemy import Connection, Table

    from target_constant_contact.store.cipher import Cipher
    from target_constant_contact.store.database import Database


class Rotated(NamedTuple):
    """What has become of the secrets of a store.

    Attributes:
        written: How many were written anew.
        there: How many there are now.
        removed: What was removed, in words.
    """

    written: int
    there: int
    removed: list[str]


def rotate(database: Database, *, forget: bool = False) -> Rotated:
    """Write each secret anew that was not encrypted with the first key.

    Args:
        database: The store, with its tables; where nothing is encrypted, nothing is written.
        forget: Remove those that no key opens.

    Raises:
        SettingsError: No key opens one of them, and it is not to be removed; nothing was written.
        TryLaterError: One of them is being used; those before it are done.
    """
    cipher = database.cipher
    if cipher is None:
        return Rotated(0, 0, [])
    found = database.run(_secrets)
    if not forget:
        for table, row in found:
            opened(cipher, table, row, database.name)
    written, removed = 0, []
    for table, row in found:
        # Not while it is renewed: that reads it, and writes it later.
        used = [row["name"]] if table is CONNECTIONS else []
        with standstill(database, used, []) as held, held.transaction() as connection:
            if forget and _forget(connection, table, row["name"], cipher):
                removed.append(name_of(table, row["name"]))
            else:
                written += _rotate(connection, table, row["name"], cipher)
    return Rotated(written, len(found) - len(removed), removed)


def _secrets(connection: Connection) -> list[tuple[Table, dict[str, Any]]]:
    return [
        (table, dict(row))
        for table in map(TABLES.__getitem__, HIDDEN)
        for row in connection.execute(select(table).order_by(table.c.name)).mappings()
    ]


def _forget(connection: Connection, table: Table, name: str, cipher: Cipher) -> bool:
    """Remove a secret that no key opens; return whether it was one."""
    is_it = table.c.name == name
    hidden = connection.scalar(select(table.c[HIDDEN[table.name]]).where(is_it).with_for_update())
    if hidden is None or cipher.show(hidden) is not None:
        return False
    connection.execute(table.delete().where(is_it))
    return True


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
