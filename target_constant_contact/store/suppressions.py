"""People who may not be sent, as keyed hashes: who was erased, and who has unsubscribed."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from sqlalchemy import and_, delete, insert, select, update

from target_constant_contact.store.opt_out_row import OptOutRow
from target_constant_contact.store.segment_tables import LEAVERS, OPT_OUTS, SUPPRESSIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sqlalchemy import Connection

    from target_constant_contact.store.database import Database


class Suppressions:
    """The people of a store who may not be sent.

    Args:
        database: The store; not closed with this.

    Raises:
        TargetError: From every method: the store cannot be used.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, persons: Iterable[str]) -> int:
        """Suppress these people from now on.

        Args:
            persons: What `segments.people.PeopleKey.person` makes of them.

        Returns:
            How many of them were not suppressed before.
        """
        wanted = dict.fromkeys(persons)
        return self._database.run(lambda connection: self._add(connection, wanted))

    def persons(self) -> frozenset[str]:
        """All of them."""
        query = select(SUPPRESSIONS.c.person)
        return self._database.run(lambda connection: frozenset(connection.scalars(query)))

    def opt_outs(self, account: str) -> OptOutRow | None:
        """Who has unsubscribed from an account; None when it was never asked for.

        Args:
            account: Key of the account.
        """
        columns = OPT_OUTS.c.read_at, OPT_OUTS.c.whole_at, OPT_OUTS.c.people
        query = select(*columns).where(OPT_OUTS.c.account == account)
        row = self._database.run(lambda connection: connection.execute(query).first())
        return OptOutRow(row.read_at, row.whole_at, bytes(row.people)) if row else None

    def put_opt_outs(self, account: str, row: OptOutRow) -> None:
        """Write who has unsubscribed from an account, in the place of what was there."""

        def put(connection: Connection) -> None:
            connection.execute(delete(OPT_OUTS).where(OPT_OUTS.c.account == account))
            connection.execute(insert(OPT_OUTS).values(account=account, **asdict(row)))

        self._database.run(put)

    def now(self) -> float:
        """The time by the store's clock."""
        return self._database.run(self._database.now)

    def change_people(self, change: Callable[[bytes], tuple[bytes, int]]) -> int:
        """Change who is remembered as a leaver, or as having unsubscribed, all or nothing.

        Args:
            change: Gets packed hashes, and tells what they become, and a number.

        Returns:
            The sum of these numbers.
        """
        return self._database.run(lambda connection: _change(connection, change))

    def _add(self, connection: Connection, wanted: Iterable[str]) -> int:
        known = {*connection.scalars(select(SUPPRESSIONS.c.person))}
        since = self._database.now(connection)
        new = [{"person": person, "since": since} for person in wanted if person not in known]
        if new:
            connection.execute(insert(SUPPRESSIONS), new)
        return len(new)


def _change(connection: Connection, change: Callable[[bytes], tuple[bytes, int]]) -> int:
    total = 0
    for table in (LEAVERS, OPT_OUTS):
        for row in connection.execute(select(table)).mappings().all():
            people, number = change(bytes(row["people"]))
            total += number
            is_it = and_(*(column == row[column.name] for column in table.primary_key))
            if not people and table is LEAVERS:
                connection.execute(delete(table).where(is_it))
            elif people != row["people"]:
                connection.execute(update(table).where(is_it).values(people=people))
    return total
