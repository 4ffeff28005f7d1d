"""Runs, those that are under way among them, as rows of the store."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import delete, insert, select, update

from target_constant_contact.store.run_row import RunRow
from target_constant_contact.store.schema import OPEN_RUNS, RUNS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection, Select

    from target_constant_contact.store.database import Database

_NEWEST_FIRST: Final = (RUNS.c.started_at.desc(), RUNS.c.run.desc())


class RunRows:
    """All runs, of all machines that share the store.

    Args:
        database: The store; not closed with this.

    Raises:
        TargetError: From every method: the store cannot be used.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, row: RunRow, *, longest: float = math.inf) -> None:
        """Write a run, in the place of what was there of it.

        Args:
            row: The run.
            longest: As in `Database.run`.
        """
        self._database.run(lambda connection: _put(connection, row), longest=longest)

    def add(self, rows: Iterable[RunRow]) -> int:
        """Write those of these runs that are not there; return how many."""
        new = {row.run: asdict(row) for row in rows}
        return self._database.run(lambda connection: _add(connection, new)) if new else 0

    def newest(self, limit: int | None = None) -> list[RunRow]:
        """The newest runs, with what they have reported; the newest one first."""
        return self._rows(select(RUNS).order_by(*_NEWEST_FIRST).limit(limit))

    def after(self, name: str, limit: int) -> list[RunRow]:
        """The first runs whose names come after this text, in the order of their names.

        Names begin with the time of the start, so these come in the order in which they have
        started; the key of the table leads to them, however many there are.

        Args:
            name: A name, the beginning of one, or an empty text for all.
            limit: How many.
        """
        return self._look(select(RUNS).where(RUNS.c.run > name).order_by(RUNS.c.run).limit(limit))

    def named(self, names: Iterable[str]) -> list[RunRow]:
        """The runs of these names, as far as they are there."""
        return self._look(select(RUNS).where(RUNS.c.run.in_([*names])).order_by(RUNS.c.run))

    def names(self) -> list[str]:
        """The names of all runs, the newest one first."""
        return self._names(select(RUNS.c.run).order_by(*_NEWEST_FIRST))

    def read(self, run: str, *, longest: float = math.inf) -> RunRow | None:
        """The run of a name; None when there is none.

        Args:
            run: The name.
            longest: As in `Database.run`.
        """
        return next(iter(self._rows(select(RUNS).where(RUNS.c.run == run), longest)), None)

    def names_of_export(self, export: str, kind: str, limit: int) -> list[str]:
        """The names of the newest runs of an export that have a report; the newest one first.

        Tried once.

        Args:
            export: Key of the export, as reports have it.
            kind: Kind of the runs, as reports have it.
            limit: The most of them.
        """
        texts = f'"export": "{export}"', f'"kind": "{kind}"'
        said = [RUNS.c.report.contains(text, autoescape=True) for text in texts]
        query = select(RUNS.c.run).where(*said).order_by(*_NEWEST_FIRST).limit(limit)
        return self._names(query, longest=0)

    def interrupted(self, account: str, export: str) -> list[RunRow]:
        """Runs of an export that have sent what may be taken up and have no report, oldest first.

        Those that are under way are among them.

        Args:
            account: Key of the account.
            export: Key of the export, among those to the account.
        """
        own = (OPEN_RUNS.c.account == account) & (OPEN_RUNS.c.export == export)
        is_one = RUNS.c.run.in_(select(OPEN_RUNS.c.run).where(own)) & RUNS.c.report.is_(None)
        return self._rows(select(RUNS).where(is_one).order_by(RUNS.c.started_at, RUNS.c.run))

    def report(self, run: str, text: str) -> None:
        """Write the report of a run that is there anew; tried once."""
        change = update(RUNS).where(RUNS.c.run == run).values(report=text)
        self._database.run(lambda connection: connection.execute(change), longest=0)

    def now(self) -> float:
        """The time by the store's clock."""
        return self._database.run(self._database.now)

    def taken_up(self) -> set[str]:
        """Names of the runs that have sent what may be taken up."""
        return {*self._names(select(OPEN_RUNS.c.run))}

    def delete(self, *, ended_before: float, dead_before: float, spared: Iterable[str]) -> int:
        """Delete old runs; return how many.

        Args:
            ended_before: Those with a report that have started before this time.
            dead_before: Those without one that have started before this and that time.
            spared: Names of those that stay, besides those that may be taken up.
        """
        is_dead = RUNS.c.report.is_not(None) | (RUNS.c.started_at < dead_before)
        statement = delete(RUNS).where(
            RUNS.c.started_at < ended_before,
            is_dead,
            RUNS.c.run.not_in([*spared]),
            RUNS.c.run.not_in(select(OPEN_RUNS.c.run)),
        )
        return self._database.run(lambda connection: connection.execute(statement).rowcount)

    def _rows(self, query: Select[Any], longest: float = math.inf) -> list[RunRow]:
        rows = self._database.run(
            lambda connection: connection.execute(query).mappings().all(),
            reads=True,
            longest=longest,
        )
        return [RunRow(**row) for row in rows]

    def _names(self, query: Select[Any], longest: float = math.inf) -> list[str]:
        found = self._database.run(
            lambda connection: connection.scalars(query).all(), reads=True, longest=longest
        )
        return [*found]

    def _look(self, query: Select[Any]) -> list[RunRow]:
        """Runs as they are at one moment; nobody has to wait for it, and it may only read."""
        with self._database.transaction(reads=True) as connection:
            return [RunRow(**row) for row in connection.execute(query).mappings()]


def _put(connection: Connection, row: RunRow) -> None:
    # Anew also at its end: it may have taken so long that others have deleted it.
    connection.execute(delete(RUNS).where(RUNS.c.run == row.run))
    connection.execute(insert(RUNS).values(asdict(row)))


def _add(connection: Connection, new: dict[str, dict[str, object]]) -> int:
    known = connection.scalars(select(RUNS.c.run).where(RUNS.c.run.in_([*new]))).all()
    missing = [row for run, row in new.items() if run not in {*known}]
    if missing:
        connection.execute(insert(RUNS), missing)
    return len(missing)
