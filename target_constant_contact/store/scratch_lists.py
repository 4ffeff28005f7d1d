"""Lists that were made to take people off another one, as rows of the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, insert, select, update

from target_constant_contact.store.segment_tables import SCRATCH_LISTS

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from sqlalchemy import Connection, Delete

    from target_constant_contact.store.database import Database, Held

REMOVALS: Final = ""
"""The name that is no list's: jobs are under way that take people off lists."""

_LATEST_SECONDS: Final = 3_600
"""How long after it was asked for a list may still appear."""


class ScratchRows:
    """The scratch lists of an account that are not deleted yet, and whether they are in use.

    Args:
        database: The store; not closed with this.
        account: Key of the account.

    Raises:
        TargetError: From every method: the store cannot be used.
    """

    def __init__(self, database: Database, account: str) -> None:
        self._database = database
        self._account = account

    def lock(self) -> AbstractContextManager[Held | None]:
        """Keep all others, on all machines, from taking people off lists of the account.

        Returns:
            None when somebody else does.
        """
        return self._database.lock(f"taking off {self._account}", 0)

    def read(self) -> dict[str, str]:
        """Ids of the lists by name; empty where the service has not told it."""
        query = select(SCRATCH_LISTS.c.name, SCRATCH_LISTS.c.list_id).where(
            SCRATCH_LISTS.c.account == self._account
        )
        rows = self._database.run(lambda connection: connection.execute(query).all())
        return {row.name: row.list_id for row in rows}

    def may_come(self) -> set[str]:
        """Names of lists that were asked for in the last hour, and whose id is not known."""
        query = select(SCRATCH_LISTS.c.name).where(
            SCRATCH_LISTS.c.account == self._account,
            SCRATCH_LISTS.c.list_id == "",
            SCRATCH_LISTS.c.made_at > self._database.now_clause - _LATEST_SECONDS,
        )
        told = {} if self._database.clock is None else {"now": self._database.clock()}
        return set(self._database.run(lambda connection: connection.scalars(query, told).all()))

    def add(self, name: str) -> None:
        """Note that a list is going to be made; for good when this returns."""

        def step(connection: Connection) -> None:
            connection.execute(self._without(name))
            values = {"account": self._account, "name": name, "list_id": ""}
            now = self._database.now(connection)
            connection.execute(insert(SCRATCH_LISTS).values(**values, made_at=now))

        self._database.run(step)

    def made(self, name: str, list_id: str) -> None:
        """Note its id."""
        is_it = (SCRATCH_LISTS.c.account == self._account) & (SCRATCH_LISTS.c.name == name)
        statement = update(SCRATCH_LISTS).where(is_it).values(list_id=list_id)
        self._database.run(lambda connection: connection.execute(statement))

    def forget(self, name: str) -> None:
        """Note that it is deleted."""
        self._database.run(lambda connection: connection.execute(self._without(name)))

    def _without(self, name: str) -> Delete:
        return delete(SCRATCH_LISTS).where(
            SCRATCH_LISTS.c.account == self._account, SCRATCH_LISTS.c.name == name
        )
