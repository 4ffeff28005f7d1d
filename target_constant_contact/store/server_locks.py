"""Locks of a PostgreSQL server, which it frees with the connection that has them."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Double, cast, extract, func, literal, select, text, true
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from target_constant_contact.exceptions import SettingsError
from target_constant_contact.store.database import Held
from target_constant_contact.store.schema import STORE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy import Connection
    from sqlalchemy.engine.interfaces import IsolationLevel

    from target_constant_contact.exceptions import TargetError
    from target_constant_contact.store.database import Change, Database, Now

_TIME: Final = cast(extract("epoch", func.statement_timestamp()), Double)
"""The same in all parts of a statement."""
_LOCKED: Final = "55P03"
_TABLE: Final = "SELECT CAST(CAST(:name AS regclass) AS oid), pg_backend_pid()"


class ConnectionHeld(Held):
    """Locks of a connection of its own.

    Args:
        connection: The connection.
        schema: Of the store's tables; None: where the database puts them.
        database: The store.
        explained: Makes an error line of ours of the library's error.
    """

    def __init__(
        self,
        connection: Connection,
        schema: str | None,
        database: Database,
        explained: Callable[[Exception], TargetError],
    ) -> None:
        self._connection = connection
        self._table = f'"{schema}"."{STORE.name}"' if schema else f'"{STORE.name}"'
        self._database = database
        self._explained = explained

    @contextmanager
    def transaction(self, *, durable: bool = True) -> Iterator[Connection]:
        """A transaction of the connection that has the locks."""
        del durable  # A server syncs for all at once; it costs little.
        with self._begun("READ COMMITTED") as connection:
            yield connection

    def write(self, changes: Callable[[Now], Sequence[Change]], *, durable: bool = True) -> float:
        """Make changes by one statement, so that the server is asked once for all of them."""
        del durable
        now = literal(self._database.clock()) if self._database.clock else _TIME
        steps = (change.cte(f"change_{n}") for n, change in enumerate(changes(now)))
        with self._begun("AUTOCOMMIT") as connection:
            return float(connection.scalar(select(now).add_cte(*steps)) or 0.0)

    @property
    def can_be_lost(self) -> bool:
        """With the connection."""
        return True

    def take(self, what: str, seconds: float) -> bool:
        """Take a lock, in the order of asking; False when somebody else has it for so long."""
        number = self._number(what)
        if seconds <= 0:
            with self.transaction() as connection:
                return bool(connection.scalar(select(func.pg_try_advisory_lock(number))))
        patience = {"statement_timeout": "0", "lock_timeout": f"{seconds * 1_000:.0f}ms"}
        driver: Any = self._connection.connection.driver_connection
        driver.patience += seconds
        try:
            with self._connection.begin():
                for name, value in patience.items():
                    # For this transaction; the lock stays after it.
                    self._connection.execute(select(func.set_config(name, value, true())))
                self._connection.execute(select(func.pg_advisory_lock(number)))
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) == _LOCKED:
                return False
            explained = self._explained(error)
        else:
            return True
        finally:
            driver.patience -= seconds
        raise explained

    def give_back(self) -> None:
        """Free the locks; a connection that may still have one is not used again."""
        try:
            if not self._connection.invalidated:
                with self._connection.begin():
                    self._connection.execute(select(func.pg_advisory_unlock_all()))
        except (SQLAlchemyError, OSError):
            self._connection.invalidate()
        finally:
            self._connection.close()

    @contextmanager
    def _begun(self, level: IsolationLevel) -> Iterator[Connection]:
        # SQLAlchemy would connect anew, without the locks.
        if self._connection.invalidated:
            raise self._explained(OSError("the locks were lost"))
        try:
            with self._connection.execution_options(isolation_level=level).begin():
                yield self._connection
        except (SQLAlchemyError, OSError) as error:
            explained = self._explained(error)
        else:
            return
        raise explained

    def _number(self, what: str) -> int:
        """The lock's number: the same for all who use the same tables, whatever they call them.

        Raises:
            SettingsError: No lock would hold.
        """
        with self.transaction() as connection:
            table, session = connection.execute(text(_TABLE), {"name": self._table}).one()
            driver: Any = connection.connection.driver_connection
        # Of another number: there is a pooler between. What it gave here it may now give others.
        if session != driver.info.backend_pid and session == self._database.run(_session):
            fault = (
                f"store_url: at {self._database.place}, each transaction gets another connection, "
                "as from PgBouncer with pool_mode = transaction, so no lock would hold; name the "
                "server itself, or a pooler that leaves a connection to whoever has it"
            )
            raise SettingsError([fault])
        words = f"target-constant-contact\0{table}\0{what}".encode()
        return int.from_bytes(hashlib.sha256(words).digest()[:8], signed=True)


def _session(connection: Connection) -> Any:
    return connection.scalar(select(func.pg_backend_pid()))
