"""The store in a PostgreSQL database, for any number of machines."""

from __future__ import annotations

import time
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, Final

from sqlalchemy import (
    any_,
    column,
    create_engine,
    event,
    false,
    func,
    make_url,
    select,
    table,
    text,
)
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.schema import CreateSchema

from target_constant_contact.exceptions import SettingsError, TargetError, TryLaterError
from target_constant_contact.store import spoken
from target_constant_contact.store.address import bad_option, no_url, place_of, url_fault
from target_constant_contact.store.database import Database, Held
from target_constant_contact.store.schema import STORE
from target_constant_contact.store.server_locks import ConnectionHeld

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Literal

    from sqlalchemy import Connection, Engine

_CONNECT_SECONDS: Final = 5
_UPGRADE_LOCK: Final = 0x7461_7267_6574_6363
"""Any number that no other program takes: it locks nothing but the making of tables."""

_TABLES: Final = table("pg_tables", column("schemaname"), column("tablename"), schema="pg_catalog")

_SNAPSHOT: Final = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
_NO_RIGHTS: Final = "42501"
_NO_SCHEMA: Final = "3F000"
_READ_ONLY: Final = "25006"
_OTHER_TABLES: Final = ("42703", "42P01", "42P07")
"""A column or a table is missing, or there is one already."""
_WRONG_LOGIN: Final = ("28", "3D000")


class PostgresServer(Database):
    """The store in a database of a PostgreSQL server, version 12 or later.

    Args:
        url: ``postgresql://user:password@host:port/database``, also with ``+psycopg``.
        schema: Schema of the tables; made if it is missing. None: where the database puts them.
        clock: Stands in for the server's clock, in tests.
        sleep: Waits for a number of seconds before the server is asked again.

    Raises:
        SettingsError: The URL cannot be used, the server refuses the login or the rights, or the
            package psycopg is not installed (all but the URL from every method).
        TryLaterError: The server cannot be reached, or takes no connection now (from every method).
    """

    kind: ClassVar[Literal["postgresql"]] = "postgresql"

    def __init__(
        self,
        url: str,
        schema: str | None = None,
        *,
        clock: Callable[[], float] | None = None,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        if fault := url_fault(url):
            raise SettingsError([fault])
        self._schema = schema
        self._is_missing = self._is_making = False
        self._user = make_url(url).username or "the user"
        engine = _engine(url)
        if schema:
            engine = engine.execution_options(schema_translate_map={None: schema})
        event.listen(engine, "connect", self._connected)
        super().__init__(engine, place_of(url), clock=clock, sleep=sleep)
        self._single = self._engine.execution_options(isolation_level="AUTOCOMMIT")

    def has_tables(self, connection: Connection) -> bool:
        """Whether anybody has made the tables of the store."""
        # A query, as functions such as to_regclass may answer what was true a moment ago.
        query = select(func.count()).where(_TABLES.c.tablename == STORE.name)
        here = self._schema or any_(func.current_schemas(false()))
        return bool(connection.scalar(query.where(_TABLES.c.schemaname == here)))

    def lock_out_others(self, connection: Connection) -> None:
        """Let nobody else make tables before this transaction has ended."""
        connection.execute(select(func.pg_advisory_xact_lock(_UPGRADE_LOCK)))

    def make_schema(self, connection: Connection) -> None:
        """Make the schema of the tables, if it is missing."""
        # Not `IF NOT EXISTS`, which asks for the right to make one also where there is one.
        query = text("SELECT count(*) FROM pg_namespace WHERE nspname = :name")
        if self._schema and not connection.scalar(query, {"name": self._schema}):
            self._is_missing = True
            connection.execute(CreateSchema(self._schema))
            self._is_missing = False

    @contextmanager
    def holding(self) -> Iterator[Held]:
        """What holds no lock yet, and frees at the end what it has taken.

        Locks are a connection's, and what is written under them goes the same way: with the
        connection both are lost.
        """
        connection = self.run(lambda _: self._engine.connect())
        held = ConnectionHeld(connection, self._schema, self, self._explained)
        try:
            yield held
        finally:
            held.give_back()

    @contextmanager
    def making(self) -> Iterator[None]:
        """Tables are being made: an error of rights is of making, not of using."""
        self._is_making = True
        try:
            yield
        finally:
            self._is_making = False

    @contextmanager
    def _begun(
        self, *, durable: bool, alone: bool = False, reads: bool = False
    ) -> Iterator[Connection]:
        del durable  # A server syncs for all at once; it costs little.
        with (self._single if alone else self._engine).begin() as connection:
            if reads:
                connection.execute(text(_SNAPSHOT))
            yield connection

    def _connected(self, driver: Any, _record: object) -> None:
        self._user = driver.info.user

    def _explained(self, error: Exception) -> TargetError:
        found: Any = error.orig if isinstance(error, DBAPIError) else error
        code = getattr(found, "sqlstate", None) or ""
        if code in {_NO_RIGHTS, _NO_SCHEMA}:
            return SettingsError([self._rights()])
        if fault := self._to_correct(found, code):
            return SettingsError([fault])
        return TryLaterError(
            f"the store at {self.place} cannot be used ({spoken.cause(found)}); nothing is sent "
            "without it. Check that the server is up and that store_url is right, and run again"
        )

    def _to_correct(self, found: Any, code: str) -> str:
        """What the settings or the server's owner have to change; empty when nothing of that."""
        if code in _OTHER_TABLES:
            return (
                f"store_url: in the database {self.place}, tables of the store are missing, or "
                "another program has some of their names; restore a backup, or set store_schema to "
                "a schema of its own"
            )
        if code == _READ_ONLY:
            return (
                f"store_url: the server at {self.place} takes no changes, as a standby does; name "
                "the primary one"
            )
        if code.startswith(_WRONG_LOGIN) or spoken.refuses(found):
            return (
                f"store_url: the server at {self.place} refuses this login "
                f"({spoken.cause(found)}); correct user, password and database, or let the "
                "server's pg_hba.conf admit them"
            )
        if unsafe := spoken.unsafe(found):
            return (
                f"store_url: the connection to {self.place} is not as safe as sslmode asks "
                f"({unsafe}); correct sslmode and sslrootcert, or the server's certificate"
            )
        if option := spoken.option(found):
            return bad_option(option)
        # The library's words may quote the URL.
        return bad_option() if type(found).__name__ == "ProgrammingError" and not code else ""

    def _rights(self) -> str:
        schema = f'"{self._schema}"' if self._schema else "public"
        user = f'"{self._user}"'
        if self._is_missing:
            statement = f"CREATE SCHEMA {schema} AUTHORIZATION {user}"
        elif self._is_making:
            statement = f"GRANT USAGE, CREATE ON SCHEMA {schema} TO {user}"
        else:
            statement = (
                f"GRANT USAGE ON SCHEMA {schema} TO {user}; "
                f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {user}"
            )
        return (
            f"store_url: user {self._user} lacks rights in the database {self.place}; let somebody "
            f"who may grant them run: {statement}"
        )


def _engine(url: str) -> Engine:
    try:
        import_module("psycopg")
    except ImportError as error:
        fault = (
            f"store_url: {error.name or 'psycopg'} is not installed; install "
            "target-constant-contact[postgres]"
        )
        raise SettingsError([fault]) from error
    patience = {
        "connect_timeout": _CONNECT_SECONDS,
        # A server that has gone without a word is noticed, in milliseconds.
        "tcp_user_timeout": 10_000,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        # Those of poolers outlive the connection that they were prepared on.
        "prepare_threshold": None,
        # Whatever the role or the database has: with SQL_ASCII, texts would come as bytes.
        "client_encoding": "utf8",
        "application_name": "target-constant-contact",
    }
    try:
        parsed = make_url(url).set(drivername="postgresql+psycopg")
        given = {name: value for name, value in patience.items() if name not in parsed.query}
        engine = create_engine(
            parsed, connect_args=given, pool_size=1, max_overflow=20, hide_parameters=True
        )
    except (ArgumentError, ValueError, TypeError):
        raise SettingsError([no_url()]) from None
    # Needs psycopg.
    driver = import_module("target_constant_contact.store.driver")
    event.listen(engine, "do_connect", driver.connect)
    return engine
