"""The stored connections, each with the newest refresh token of its chain.

A refresh token of Constant Contact serves once; the answer to its use brings the next one, and
whoever loses that answer has to sign in again. So the rules are: one process at a time renews a
connection (:meth:`StoredConnections.lock`); that a token is going to be used is in the store
before it is sent; and the next token is in it, for good, before it is used. What is written goes
the way of the lock, so a process that has lost its lock can note nothing, and sends nothing.

Source: https://developer.constantcontact.com/api_guide/auth_overview.html
"""

from __future__ import annotations

from contextlib import closing, contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from target_constant_contact.api.oauth.connection import Connection, name_fault
from target_constant_contact.exceptions import (
    SettingsError,
    SignInError,
    TryLaterError,
)
from target_constant_contact.store.opening import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from target_constant_contact.exceptions import TargetError
    from target_constant_contact.store.database import Database
    from target_constant_contact.store.place import StorePlace

_LOCK_SECONDS: Final = 180.0
_DAMAGED: Final = (ValueError, KeyError, TypeError, AttributeError, RecursionError)
"""What reading a document of another shape raises."""


class StoredConnections:
    """The connections of a store.

    Args:
        database: The store, with its tables; not closed with this.

    Raises:
        SettingsError: From every method that takes a name: no connection can be called so.
        TargetError: From every method: the store cannot be used.
    """

    def __init__(self, database: Database) -> None:
        # Not before: what is imported for the help of a command need not load SQLAlchemy.
        from target_constant_contact.store.connections import ConnectionRows  # noqa: PLC0415

        self.place = f"the store {'in' if database.kind == 'sqlite' else 'at'} {database.place}"
        self._rows = ConnectionRows(database, database.cipher)

    def has(self, name: str) -> bool:
        """Whether there is such a connection, readable or not."""
        _refuse_if_no_name(name)
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
        _refuse_if_no_name(name)
        try:
            document = self._rows.read(name)
            return None if document is None else _connection(document, name)
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
            TargetError: It cannot be written; what was stored before is as it was.
        """
        # What notes that a token is going to be sent need not be stored: it is not sent then.
        insist = not connection.sent
        self._rows.write(connection.name, asdict(connection), insist=insist)

    def remove(self, name: str) -> bool:
        """Remove a connection and its tokens; a renewal that is under way is waited for."""
        with self.lock(name):
            return self._rows.delete(name)

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Keep everyone else from renewing or changing a connection; a crash frees it.

        Raises:
            TryLaterError: Somebody else has held the lock for minutes.
        """
        _refuse_if_no_name(name)
        with self._rows.lock(name, _LOCK_SECONDS) as is_held:
            if not is_held:
                raise TryLaterError(
                    f"Another process has been renewing connection {name!r} for "
                    f"{_LOCK_SECONDS:.0f} seconds. Run again later"
                )
            yield


@contextmanager
def open_connections(place: StorePlace) -> Iterator[StoredConnections]:
    """The connections of a store of which nothing else is needed; it is closed at the end.

    Raises:
        TargetError: The store cannot be used.
    """
    with closing(open_store(place)) as database:
        yield StoredConnections(database)


def reason(error: TargetError) -> str:
    """What an error of the store says has happened, without what to do about it."""
    return str(error).partition(";")[0]


def _refuse_if_no_name(name: str) -> None:
    if fault := name_fault(name):
        raise SettingsError([fault])


def _connection(document: dict[str, Any], name: str) -> Connection:
    """Read what `StoredConnections.write` wrote.

    Raises:
        ValueError, KeyError, TypeError, AttributeError: It is no such document.
    """
    found = Connection.from_json(document)
    # Who can write to the database, and read nothing, could send members to another account.
    if found.name != name:
        raise ValueError(name)
    return found
