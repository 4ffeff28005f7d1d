"""Connections in a database, shared by all machines that use it.

The rules are those of the token store: that a token is going to be used is committed before it is
sent, and the next one before it is used. What is written goes the way of the lock, so a process
that has lost its lock can note nothing, and sends nothing.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from target_constant_contact.api.oauth.connection import Connection, name_fault
from target_constant_contact.exceptions import (
    SettingsError,
    SignInError,
    TargetError,
    TryLaterError,
)
from target_constant_contact.store.connections import ConnectionRows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from target_constant_contact.store.cipher import Cipher
    from target_constant_contact.store.database import Database

_LOCK_SECONDS: Final = 180.0
_DAMAGED: Final = (ValueError, KeyError, TypeError, AttributeError, RecursionError)
"""What reading a document of another shape raises."""


class NotStoredError(OSError):
    """A connection could not be written.

    Attributes:
        explained: Why, for the one who runs the target.
    """

    def __init__(self, explained: TargetError) -> None:
        super().__init__(0, str(explained).partition(";")[0])
        self.explained = explained


class SharedConnections:
    """A `ConnectionStore` in a database.

    Args:
        database: The store, with its tables; not closed with this.
        cipher: Encrypts the connections.

    Raises:
        TargetError: From every method that reads: the store cannot be used.
    """

    kind = "database"

    def __init__(self, database: Database, cipher: Cipher) -> None:
        self._rows = ConnectionRows(database, cipher)

    @property
    def place(self) -> str:
        """Where the store is."""
        return f"the store at {self._rows.place}"

    def place_of(self, _name: str) -> str:
        """The same, for every connection."""
        return self.place

    def has(self, name: str) -> bool:
        """Whether there is such a connection, readable or not."""
        if fault := name_fault(name):
            raise SettingsError([fault])
        return name in self._rows.names()

    def names(self) -> list[str]:
        """The names of the stored connections, sorted."""
        return self._rows.names()

    def read(self, name: str) -> Connection | None:
        """The connection as it was last stored; None when there is none.

        Raises:
            SettingsError: It was stored with another key.
            SignInError: It is damaged.
        """
        if fault := name_fault(name):
            raise SettingsError([fault])
        try:
            document = self._rows.read(name)
            return _connection(document, name) if document else None
        except _DAMAGED:
            raise SignInError(
                f"Connection {name!r} in {self.place} is damaged. Sign in again: "
                f"target-constant-contact login --connection {name}"
            ) from None

    def prove(self) -> None:
        """Make sure that a connection could be stored."""
        self._rows.prove()

    def write(self, connection: Connection) -> None:
        """Store a connection, for good when this returns. Call it with the lock held.

        Raises:
            NotStoredError: It cannot be written.
        """
        try:
            # What notes that a token is going to be sent need not be stored: it is not sent then.
            insist = not connection.sent
            self._rows.write(connection.name, asdict(connection), insist=insist)
        except TargetError as error:
            raise NotStoredError(error) from None

    def remove(self, name: str) -> bool:
        """Remove a connection and its tokens; a renewal that is under way is waited for."""
        with self.lock(name):
            return self._rows.delete(name)

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Keep everyone else, on all machines, from renewing or changing a connection.

        Raises:
            TryLaterError: Somebody else has held the lock for minutes.
        """
        if fault := name_fault(name):
            raise SettingsError([fault])
        with self._rows.lock(name, _LOCK_SECONDS) as is_held:
            if not is_held:
                raise TryLaterError(
                    f"Another process has been renewing connection {name!r} for "
                    f"{_LOCK_SECONDS:.0f} seconds. Run again later"
                )
            yield

    def unwritable(self, name: str, error: OSError) -> TargetError:
        """The error for a store in which no token can be kept; none was used."""
        if isinstance(error, NotStoredError):
            return error.explained
        return TryLaterError(f"connection {name!r} cannot be stored in {self.place}; run again")


def _connection(document: dict[str, Any], name: str) -> Connection:
    """Read what `SharedConnections.write` wrote.

    Raises:
        ValueError, KeyError, TypeError, AttributeError: It is no such document.
    """
    found = Connection.from_json(document)
    # Who can write to the database, and read nothing, could send members to another account.
    if found.name != name:
        raise ValueError(name)
    return found
