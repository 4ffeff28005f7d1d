"""Whom taps have named as leavers, as rows of the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select

from target_constant_contact.store.segment_tables import LEAVERS, is_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import Connection

    from target_constant_contact.store.database import Database


class LeaverRows:
    """The leavers of an account that are not off their lists yet.

    Args:
        database: The store; not closed with this.
        account: Key of the account.

    Raises:
        TargetError: From every method: the store cannot be used.
    """

    def __init__(self, database: Database, account: str) -> None:
        self._database = database
        self._account = account

    def read(self, stream: str) -> dict[str, bytes]:
        """The leavers of a stream by list, as `segments.hash_set` packs them."""
        query = select(LEAVERS.c.list_id, LEAVERS.c.people).where(
            LEAVERS.c.account == self._account, LEAVERS.c.stream == stream
        )
        rows = self._database.run(lambda connection: connection.execute(query).all())
        return {list_id: bytes(people) for list_id, people in rows}

    def streams(self) -> list[str]:
        """Names of the streams that have leavers."""
        query = (
            select(LEAVERS.c.stream)
            .where(LEAVERS.c.account == self._account)
            .distinct()
            .order_by(LEAVERS.c.stream)
        )
        return [*self._database.run(lambda connection: connection.scalars(query).all())]

    def put(self, people: Mapping[tuple[str, str], bytes]) -> None:
        """Note leavers, in the place of what was there; for good when this returns.

        Args:
            people: As `read` tells them, by stream and list; nobody: the row is deleted.
        """
        self._database.run(lambda connection: self._put(connection, people.items()))

    def _put(self, connection: Connection, rows: Iterable[tuple[tuple[str, str], bytes]]) -> None:
        for (stream, list_id), people in rows:
            connection.execute(
                delete(LEAVERS).where(is_of(LEAVERS, (self._account, stream, list_id)))
            )
            if people:
                row = {"stream": stream, "list_id": list_id, "people": people}
                connection.execute(insert(LEAVERS).values(account=self._account, **row))
