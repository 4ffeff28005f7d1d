"""People who were erased, as keyed hashes: they are never imported again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import insert, select

from target_constant_contact.store.segment_tables import SUPPRESSIONS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection

    from target_constant_contact.store.database import Database


class Suppressions:
    """The people of a store who were erased.

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

    def _add(self, connection: Connection, wanted: Iterable[str]) -> int:
        known = {*connection.scalars(select(SUPPRESSIONS.c.person))}
        since = self._database.now(connection)
        new = [{"person": person, "since": since} for person in wanted if person not in known]
        if new:
            connection.execute(insert(SUPPRESSIONS), new)
        return len(new)
