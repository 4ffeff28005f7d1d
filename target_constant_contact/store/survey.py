"""What is in a store, told without a secret and without a key."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from sqlalchemy import column, func, literal_column, select, table, text

from target_constant_contact.store.archive import HIDDEN, TABLES
from target_constant_contact.store.opening import connect
from target_constant_contact.store.schema import ENTRIES, EXPORTS, OPEN_RUNS, RUNS, SLOTS, STORE
from target_constant_contact.store.slot import DAY_SECONDS
from target_constant_contact.store.versions import version_of

if TYPE_CHECKING:
    from sqlalchemy import Connection, Table

    from target_constant_contact.store.cipher import Cipher
    from target_constant_contact.store.database import Database
    from target_constant_contact.store.place import StorePlace

_SHOWN: Final = 8
"""Characters of a hash that are shown."""
_CLASSES: Final = table(
    "pg_class", *map(column, ("oid", "relname", "relnamespace", "relkind")), schema="pg_catalog"
)
_FILE_SIZE: Final = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"


# A plain record: what `store --json` prints.
@dataclass(frozen=True, slots=True)
class Interrupted:
    """An export whose runs since the last one that has ended well may be taken up.

    Attributes:
        account: Key of the account.
        export: Its key among those to the account.
        runs: Names of these runs, the latest last.
        imports: How many imports they have sent.
        written_at: When it has last written, in ISO 8601.
    """

    account: str
    export: str
    runs: list[str]
    imports: int
    written_at: str | None


@dataclass(frozen=True, slots=True)
class Survey:
    """What is in a store.

    Attributes:
        version: Of its tables.
        server: What keeps it, with its version.
        bytes: How large it is.
        rows: How many rows there are of each table.
        interrupted: Exports whose runs may be taken up.
        requests_today: Of each key, by the beginning of its hash.
        runs_unfinished: Runs that are under way, or were killed.
        oldest_run: When it has started, in ISO 8601.
        newest_run: The same.
        secrets: How many of them the first key opens, how many an older one, and how many none
            that is set; None where they are in clear for their owner.
    """

    version: int
    server: str
    bytes: int
    rows: dict[str, int]
    interrupted: list[Interrupted]
    requests_today: dict[str, int]
    runs_unfinished: int
    oldest_run: str | None
    newest_run: str | None
    secrets: dict[str, int] | None


def survey(place: StorePlace) -> Survey | None:
    """Look into the store; None where there is none. Nothing is made, upgraded or taken over.

    Raises:
        TargetError: It cannot be used, or a newer program has made its tables.
    """
    if not place.url and not place.folder.store.exists():
        return None
    database = connect(place)
    try:
        with database.transaction(reads=True) as connection:
            version = version_of(database, connection)
            return _survey(database, connection, version, _cipher(place)) if version else None
    finally:
        database.close()


def _cipher(place: StorePlace) -> Cipher | None:
    from target_constant_contact.store.cipher import Cipher  # noqa: PLC0415 - takes long to load

    return Cipher(place.key) if place.key else None


def _survey(
    database: Database, connection: Connection, version: int, cipher: Cipher | None
) -> Survey:
    dialect = connection.dialect
    numbers = dialect.server_version_info or ()
    name = "SQLite" if database.kind == "sqlite" else "PostgreSQL"
    started = func.min(RUNS.c.started_at), func.max(RUNS.c.started_at)
    oldest, newest = connection.execute(select(*started)).one()
    unfinished = select(func.count()).select_from(RUNS).where(RUNS.c.report.is_(None))
    return Survey(
        version=version,
        server=f"{name} {'.'.join(map(str, numbers))}",
        bytes=_size(database, connection),
        rows={name: _count(connection, table) for name, table in TABLES.items()},
        interrupted=_interrupted(connection),
        requests_today=_requests(database, connection),
        runs_unfinished=connection.scalar(unfinished) or 0,
        oldest_run=_iso(oldest),
        newest_run=_iso(newest),
        secrets=None if database.kind == "sqlite" else _secrets(connection, cipher),
    )


def _count(connection: Connection, of: Table) -> int:
    return connection.scalar(select(func.count()).select_from(of)) or 0


def _size(database: Database, connection: Connection) -> int:
    if database.kind == "sqlite":
        return connection.scalar(text(_FILE_SIZE)) or 0
    ours = select(literal_column("tableoid")).select_from(STORE).scalar_subquery()
    schema = select(_CLASSES.c.relnamespace).where(_CLASSES.c.oid == ours).scalar_subquery()
    sizes = select(func.sum(func.pg_total_relation_size(_CLASSES.c.oid))).where(
        _CLASSES.c.relnamespace == schema,
        _CLASSES.c.relkind == "r",
        _CLASSES.c.relname.in_([STORE.name, *TABLES]),
    )
    return int(connection.scalar(sizes) or 0)


def _interrupted(connection: Connection) -> list[Interrupted]:
    runs: dict[tuple[str, str], list[str]] = {}
    order = OPEN_RUNS.c.account, OPEN_RUNS.c.export, OPEN_RUNS.c.begun_at
    for row in connection.execute(select(OPEN_RUNS).order_by(*order)):
        runs.setdefault((row.account, row.export), []).append(row.run)
    found = []
    for (account, export), names in runs.items():
        key = {"account": account, "export": export}
        imports = select(func.count()).select_from(ENTRIES).filter_by(**key)
        written_at = connection.scalar(select(EXPORTS.c.written_at).filter_by(**key))
        sent = connection.scalar(imports) or 0
        found.append(Interrupted(account, export, names, sent, _iso(written_at)))
    return found


def _requests(database: Database, connection: Connection) -> dict[str, int]:
    today = int(database.now(connection) // DAY_SECONDS)
    return {
        row.key[:_SHOWN]: row.used if row.day == today else row.other_used
        for row in connection.execute(select(SLOTS).order_by(SLOTS.c.key))
        if today in {row.day, row.other_day}
    }


def _secrets(connection: Connection, cipher: Cipher | None) -> dict[str, int]:
    counts = {"first_key": 0, "older_key": 0, "no_key": 0}
    for name, secret in HIDDEN.items():
        hidden: str
        for hidden in connection.scalars(select(TABLES[name].c[secret])):
            number = cipher.key_of(hidden) if cipher else None
            kind = "no_key" if number is None else "older_key" if number else "first_key"
            counts[kind] += 1
    return counts


def _iso(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
