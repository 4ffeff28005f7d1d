"""The ledger of what was sent, as rows of the store."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, func, insert, select, update

from target_constant_contact.store.schema import ENTRIES, EXPORTS, FINGERPRINTS, OPEN_RUNS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Insert, Table, Update
    from sqlalchemy.sql.elements import ColumnElement

    from target_constant_contact.store.database import Database, Held, Now

_OF_RUNS: Final = (OPEN_RUNS, ENTRIES, FINGERPRINTS)
"""What is not needed any more when a run has ended well."""


def lock_of(account: str, export: str) -> str:
    """What a run of an export holds."""
    return f"export {account}/{export}"


class LedgerRows:
    """The ledger of an export. Who writes holds its lock, and with the lock loses the way to write.

    Args:
        database: The store; not closed with this.
        account: Key of the account.
        export: Key of the export, among those to the account.

    Raises:
        TargetError: From every method: the store cannot be used, or the lock was lost.
    """

    def __init__(self, database: Database, account: str, export: str) -> None:
        self._database = database
        self._account = account
        self._export = export
        self._taken = ExitStack()
        self._held: Held | None = None

    def take_lock(self) -> bool:
        """Keep all others, on all machines, from running the export; False when another one does.

        A crash frees it.
        """
        if self._held is None:
            self._held = self._taken.enter_context(self._database.holding())
        return self._held.take(lock_of(self._account, self._export), 0)

    def release(self) -> None:
        """Let the next run of the export go on."""
        self._held = None
        self._taken.close()

    @property
    def can_lose_lock(self) -> bool:
        """Whether the lock may be lost before it is given back."""
        return self._held is not None and self._held.can_be_lost

    def raise_if_lost(self) -> None:
        """Ask the database whether the lock is held; raise when it is not, or may not be."""
        self._lock_holder.write(lambda _: ())

    def open_runs(self) -> list[tuple[str, str | None]]:
        """Runs since the last that has ended well, the latest last, each with its key's name."""
        query = (
            select(OPEN_RUNS.c.run, OPEN_RUNS.c.key)
            .where(self._is_own(OPEN_RUNS))
            .order_by(OPEN_RUNS.c.begun_at, OPEN_RUNS.c.run)
        )
        rows = self._database.run(lambda connection: connection.execute(query).all())
        return [(run, key) for run, key in rows]

    def entries(self) -> list[dict[str, Any]]:
        """What these runs have sent, in the order of sending."""
        query = select(ENTRIES).where(self._is_own(ENTRIES)).order_by(ENTRIES.c.number)
        rows = self._database.run(lambda connection: connection.execute(query).mappings().all())
        return [dict(row) for row in rows]

    def fingerprints(self, number: int) -> bytes | None:
        """What an entry has said of its people; None when that was lost."""
        is_it = self._is_own(FINGERPRINTS) & (FINGERPRINTS.c.number == number)
        query = select(FINGERPRINTS.c.said).where(is_it)
        return self._database.run(lambda connection: connection.scalar(query))

    def others_written_at(self) -> float:
        """When another export to the account has last written to its ledger; 0 for never."""
        is_other = (EXPORTS.c.account == self._account) & (EXPORTS.c.export != self._export)
        query = select(func.max(EXPORTS.c.written_at)).where(is_other)
        return self._database.run(lambda connection: connection.scalar(query)) or 0.0

    def begin(self, run: str, key: str) -> None:
        """Note that a run begins.

        Args:
            run: Its name.
            key: Name of the key that hides whom it is about.
        """
        with self._lock_holder.transaction() as connection:
            now = self._database.now(connection)
            if not connection.execute(self._trace(now)).rowcount:
                connection.execute(self._new(EXPORTS, written_at=now))
            connection.execute(self._new(OPEN_RUNS, run=run, key=key, begun_at=now))

    def add(self, entry: Mapping[str, Any], said: bytes) -> float:
        """Note what is going to be sent; for good when this returns.

        Args:
            entry: Its row, without the time.
            said: What it says of its people.

        Returns:
            The time by the store's clock, as the row has it.
        """
        return self._lock_holder.write(
            lambda now: (
                self._trace(now),
                self._new(ENTRIES, **entry, began_at=now),
                self._new(FINGERPRINTS, number=entry["number"], said=said),
            )
        )

    def change(self, number: int, *, durable: bool, **values: Any) -> None:
        """Note what has become of an entry.

        Args:
            number: Its number.
            durable: As in `Held.transaction`.
            **values: Of its row.
        """
        is_it = self._is_own(ENTRIES) & (ENTRIES.c.number == number)
        change = update(ENTRIES).where(is_it).values(values)
        self._lock_holder.write(lambda now: (self._trace(now), change), durable=durable)

    def end(self) -> None:
        """Note that nothing is left to take up: all at once or not at all."""
        with self._lock_holder.transaction() as connection:
            connection.execute(self._trace(self._database.now(connection)))
            for table in _OF_RUNS:
                connection.execute(table.delete().where(self._is_own(table)))
        self._database.shrink()

    @property
    def _lock_holder(self) -> Held:
        if self._held is None:
            raise RuntimeError("the export's lock is not held")
        return self._held

    def _trace(self, now: Now) -> Update:
        """Notes, for other exports to the account, that this one is at work."""
        return update(EXPORTS).where(self._is_own(EXPORTS)).values(written_at=now)

    def _new(self, table: Table, **values: Any) -> Insert:
        return insert(table).values(account=self._account, export=self._export, **values)

    def _is_own(self, table: Table) -> ColumnElement[bool]:
        return and_(table.c.account == self._account, table.c.export == self._export)


def living_runs(database: Database) -> set[str]:
    """Names of the runs that are under way, and of those that they take up.

    Raises:
        TargetError: The store cannot be used.
    """
    columns = (OPEN_RUNS.c.account, OPEN_RUNS.c.export, OPEN_RUNS.c.run)
    rows = database.run(lambda connection: connection.execute(select(*columns)).all())
    living = {(account, export) for account, export, _ in rows if _runs(database, account, export)}
    return {run for account, export, run in rows if (account, export) in living}


def _runs(database: Database, account: str, export: str) -> bool:
    with database.lock(lock_of(account, export), 0) as held:
        return held is None
