"""Everything in a store, as lines that another store takes in."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from target_constant_contact.store.archive import TABLES, closed, head, line_of, opened, tail
from target_constant_contact.store.schema import (
    CONNECTIONS,
    ENTRIES,
    EXPORTS,
    FINGERPRINTS,
    OPEN_RUNS,
)
from target_constant_contact.store.standstill import in_use, standstill

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Select, Table

    from target_constant_contact.store.cipher import Cipher
    from target_constant_contact.store.database import Database, Held

_AT_ONCE: Final = 100
"""Rows in memory; of those with much in them, one."""


class Export:
    """One export of a store.

    Args:
        database: The store, with its tables.
        cipher: Encrypts what is secret in it, on the way.

    Attributes:
        counts: Rows of each table that were exported.
        connections: Names of the connections.

    Raises:
        TargetError: From every method: the store cannot be used.
    """

    def __init__(self, database: Database, cipher: Cipher) -> None:
        self.counts: Counter[str] = Counter()
        self.connections: frozenset[str] = frozenset()
        self._exports: frozenset[tuple[str, str]] = frozenset()
        self._database = database
        self._cipher = cipher

    @contextmanager
    def standstill(self) -> Iterator[Held]:
        """Keep all others from using what is in the store.

        Raises:
            TryLaterError: Something is being used.
        """
        self.connections, self._exports = self._database.run(_named)
        with standstill(self._database, self.connections, self._exports) as held:
            yield held

    def lines(self) -> Iterator[bytes]:
        """The lines, of one moment. Within the standstill.

        Raises:
            SettingsError: A secret was encrypted with another key.
            TryLaterError: Something has come into the store since it stands still.
        """
        self.counts.clear()
        with self._database.transaction(reads=True) as connection:
            self._refuse_new(connection)
            yield head()
            for table in TABLES.values():
                # Closed here whatever happens: a server's cursor ends with its transaction.
                with connection.execute(_all_of(table)) as rows:
                    for row in rows.mappings():
                        self.counts[table.name] += 1
                        yield line_of(table, self._on_its_way(table, dict(row)))
            yield tail(self.counts)

    def forget(self, held: Held) -> None:
        """Remove the connections from the store: they are elsewhere now."""
        with self._database.forgetting(held) as connection:
            gone = CONNECTIONS.c.name.in_(self.connections)
            connection.execute(CONNECTIONS.delete().where(gone))

    def _refuse_new(self, connection: Connection) -> None:
        connections, exports = _named(connection)
        for name in sorted(connections - self.connections):
            raise in_use(f"connection {name!r}")
        for account, export in sorted(exports - self._exports):
            raise in_use(f"export {account}/{export}")

    def _on_its_way(self, table: Table, row: dict[str, Any]) -> dict[str, Any]:
        if self._database.cipher:
            row = opened(self._database.cipher, table, row, self._database.name)
        return closed(self._cipher, table, row)


def _named(connection: Connection) -> tuple[frozenset[str], frozenset[tuple[str, str]]]:
    """The names of all connections, and those of all exports."""
    exports: set[tuple[str, str]] = set()
    for table in (EXPORTS, OPEN_RUNS, ENTRIES, FINGERPRINTS):
        query = select(table.c.account, table.c.export).distinct()
        exports.update((account, export) for account, export in connection.execute(query))
    return frozenset(connection.scalars(select(CONNECTIONS.c.name))), frozenset(exports)


def _all_of(table: Table) -> Select[Any]:
    at_once = 1 if table is FINGERPRINTS else _AT_ONCE
    return select(table).order_by(*table.primary_key).execution_options(yield_per=at_once)
