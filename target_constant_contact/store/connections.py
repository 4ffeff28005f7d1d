"""Connections with their tokens, as rows of the store."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import insert, select, update

from target_constant_contact.exceptions import SettingsError, TargetError, TryLaterError
from target_constant_contact.store.address import other_key
from target_constant_contact.store.schema import CONNECTIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from sqlalchemy import Connection

    from target_constant_contact.store.cipher import Cipher
    from target_constant_contact.store.database import Database, Held

_INSISTING: Final = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds between the tries to store what cannot be had again."""

_PROBE: Final = "."
"""No connection can be called so."""


class ConnectionRows:
    """The documents of connections, each with the newest refresh token of its chain.

    Args:
        database: The store; not closed with this.
        cipher: Encrypts the documents; None leaves them as they are.
        sleep: Waits for a number of seconds.

    Raises:
        TargetError: From every method: the store cannot be used.
    """

    def __init__(
        self,
        database: Database,
        cipher: Cipher | None,
        *,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self.place = database.place
        self._database = database
        self._cipher = cipher
        self._sleep = sleep
        self._held: dict[str, Held] = {}
        self._writes: dict[str, int] = {}

    def names(self) -> list[str]:
        """The names of the stored connections, sorted."""
        query = select(CONNECTIONS.c.name)
        return sorted(self._database.run(lambda connection: connection.scalars(query).all()))

    def read(self, name: str) -> dict[str, Any] | None:
        """The document of a connection; None when there is none.

        Raises:
            SettingsError: The key is another one than it was stored with.
            ValueError: It is damaged.
        """
        query = select(CONNECTIONS).where(CONNECTIONS.c.name == name)
        row = self._database.run(lambda connection: connection.execute(query).mappings().first())
        if name in self._held:
            self._writes[name] = row["writes"] if row else 0
        if row is None:
            return None
        text = self._cipher.show(row["document"]) if self._cipher else row["document"]
        if text is None:
            raise SettingsError([other_key(f"connection {name!r}", self._database.name)])
        found = json.loads(text)
        if not isinstance(found, dict):
            raise ValueError(name)  # noqa: TRY004 - as for all that is damaged
        return found

    def prove(self) -> None:
        """Make sure, without a trace, that a connection could be stored."""
        probe = {"name": _PROBE, "document": "", "writes": 0}

        def write(connection: Connection) -> None:
            connection.execute(insert(CONNECTIONS).values(probe))
            connection.execute(CONNECTIONS.delete().where(CONNECTIONS.c.name == _PROBE))

        self._database.run(write)

    @contextmanager
    def lock(self, name: str, seconds: float) -> Iterator[bool]:
        """Keep all others from renewing or changing a connection; False after so many seconds."""
        with self._database.lock(f"connection {name}", seconds) as held:
            if held is None:
                yield False
                return
            query = select(CONNECTIONS.c.writes).where(CONNECTIONS.c.name == name)
            with held.transaction() as connection:
                self._writes[name] = connection.scalar(query) or 0
            self._held[name] = held
            try:
                yield True
            finally:
                self._held.pop(name, None)

    def write(self, name: str, document: Mapping[str, Any], *, insist: bool = False) -> None:
        """Store a connection, for good when this returns. Call it with the lock held.

        Args:
            name: Its name.
            document: What it is.
            insist: It holds what cannot be had again: when the lock is lost, take it again, as
                long as nobody else has written the connection since.

        Raises:
            TryLaterError: The store cannot be reached, or the lock was lost.
        """
        text = json.dumps(document)
        hidden = self._cipher.hide(text) if self._cipher else text
        try:
            with self._held[name].transaction() as connection:
                self._put(connection, name, hidden)
        except TryLaterError:
            if not insist:
                raise
            self._insist(name, hidden)
        self._writes[name] += 1

    def delete(self, name: str) -> bool:
        """Remove a connection and its tokens; return whether there was one. Lock held."""
        with self._database.forgetting(self._held[name]) as connection:
            done = connection.execute(CONNECTIONS.delete().where(CONNECTIONS.c.name == name))
        self._writes[name] = 0
        return bool(done.rowcount)

    def _put(self, connection: Connection, name: str, hidden: str) -> None:
        """Write a row, unless somebody else has done so since it was read."""
        known = self._writes.setdefault(name, 0)
        new = {"name": name, "document": hidden, "writes": known + 1}
        if not known and self._kept(connection, name) is None:
            connection.execute(insert(CONNECTIONS).values(new))
            return
        is_known = (CONNECTIONS.c.name == name) & (CONNECTIONS.c.writes == known)
        if connection.execute(update(CONNECTIONS).where(is_known).values(new)).rowcount:
            return
        # The answer to the try before may be all that was lost.
        if self._kept(connection, name) != hidden:
            raise TryLaterError(
                f"connection {name!r} in the store at {self.place} was changed by somebody else "
                "while it was locked here; run again"
            )

    def _kept(self, connection: Connection, name: str) -> str | None:
        query = select(CONNECTIONS.c.document).where(CONNECTIONS.c.name == name)
        return connection.scalar(query)

    def _insist(self, name: str, hidden: str) -> None:
        failure: TargetError | None = None
        for pause in _INSISTING:
            self._sleep(pause)
            try:
                with self._database.lock(f"connection {name}", 0) as held:
                    if held is not None:
                        with held.transaction() as connection:
                            self._put(connection, name, hidden)
                        return
            except TryLaterError as error:
                failure = error
        raise failure or TryLaterError(
            f"connection {name!r} in the store at {self.place} is locked by somebody else"
        )
