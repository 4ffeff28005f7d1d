"""Segments that lists follow, as rows of the store: loads, owners, and who is in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, select, true, union, update

from target_constant_contact.store.segment_row import SegmentRow
from target_constant_contact.store.segment_tables import LOADS, MEMBERS, OWNERS, SEGMENTS, is_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from sqlalchemy import Connection, RowMapping
    from sqlalchemy.sql.elements import ColumnElement

    from target_constant_contact.store.database import Database


class SegmentRows:
    """The segments of one account.

    Args:
        database: The store; not closed with this.
        account: Key of the account.

    Raises:
        TargetError: From every method: the store cannot be used.
    """

    def __init__(self, database: Database, account: str) -> None:
        self._database = database
        self._account = account

    def all(self) -> list[SegmentRow]:
        """The newest load of each stream to each list, by their names."""
        query = select(SEGMENTS).where(SEGMENTS.c.account == self._account)
        query = query.order_by(SEGMENTS.c.stream, SEGMENTS.c.list_id)
        rows = self._database.run(lambda connection: connection.execute(query).mappings().all())
        return [*map(_row, rows)]

    def of(self, stream: str, list_id: str) -> SegmentRow | None:
        """The newest load of a stream to a list; None when there was none."""
        query = select(SEGMENTS).where(is_of(SEGMENTS, (self._account, stream, list_id)))
        found = self._database.run(lambda connection: connection.execute(query).mappings().first())
        return None if found is None else _row(found)

    def begin(
        self, stream: str, run: str, state: str, reason: str, only: Collection[str] | None
    ) -> None:
        """Note that a run loads a stream, which voids what earlier loads of it have proven.

        Args:
            stream: The stream.
            run: Name of the run.
            state: What is known of the lists that the stream has gone to before.
            reason: Why nobody may be taken off them.
            only: The lists to which the run may send; None: all.
        """
        is_stream = (SEGMENTS.c.account == self._account) & (SEGMENTS.c.stream == stream)
        is_stream &= true() if only is None else SEGMENTS.c.list_id.in_(only)
        query = select(SEGMENTS.c.list_id).where(is_stream).limit(1)
        new = {"run": run, "state": state, "reason": reason}

        def write(connection: Connection) -> None:
            if connection.scalar(query) is not None:
                values = new | {"loaded_at": self._database.now(connection)}
                connection.execute(update(SEGMENTS).where(is_stream).values(values))

        self._database.run(write)

    def add(self, stream: str, list_id: str, run: str, state: str) -> None:
        """Note that a run loads a stream to a list.

        Args:
            stream: The stream.
            list_id: The list.
            run: Name of the run.
            state: What is known of it.
        """
        key = {"account": self._account, "stream": stream, "list_id": list_id}
        is_it = is_of(SEGMENTS, (self._account, stream, list_id))

        def write(connection: Connection) -> None:
            now = self._database.now(connection)
            new = {"run": run, "loaded_at": now, "state": state, "reason": ""}
            if not connection.execute(update(SEGMENTS).where(is_it).values(new)).rowcount:
                connection.execute(insert(SEGMENTS).values(key | new))

        self._database.run(write)

    def unfinished_loads(self, stream: str, run: str) -> list[tuple[str, str]]:
        """Lists, and runs other than one that have noted rows for them and have not ended well."""
        is_it = (LOADS.c.account == self._account) & (LOADS.c.stream == stream)
        query = select(LOADS.c.list_id, LOADS.c.run).where(is_it & (LOADS.c.run != run)).distinct()
        rows = self._database.run(lambda connection: connection.execute(query).all())
        return sorted((row.list_id, row.run) for row in rows)

    def conclude(self, rows: Iterable[SegmentRow]) -> list[SegmentRow]:
        """Note what loads have proven, all at once, unless another run has loaded them since.

        Args:
            rows: What is to be known of them.

        Returns:
            Those that another run has loaded since; of these, nothing was changed.
        """
        wanted = [*rows]

        def write(connection: Connection) -> list[SegmentRow]:
            lost = []
            for row in wanted:
                key = self._account, row.stream, row.list_id
                is_it = is_of(SEGMENTS, key) & (SEGMENTS.c.run == row.run)
                values = {"state": row.state, "reason": row.reason}
                if not connection.execute(update(SEGMENTS).where(is_it).values(values)).rowcount:
                    lost.append(row)
            return lost

        return self._database.run(write)

    def owners(self) -> dict[str, str]:
        """The stream that each owned list follows, by list id."""
        query = select(OWNERS.c.list_id, OWNERS.c.stream).where(OWNERS.c.account == self._account)
        rows = self._database.run(lambda connection: connection.execute(query).all())
        return {row.list_id: row.stream for row in rows}

    def own(self, list_id: str, stream: str) -> str:
        """Let a list follow a stream if it follows none; return the stream that it follows."""
        is_it = (OWNERS.c.account == self._account) & (OWNERS.c.list_id == list_id)

        # Where two come to this at once, a server refuses the second, which then finds the first's.
        def find_or_own(connection: Connection) -> str:
            found = connection.scalar(select(OWNERS.c.stream).where(is_it))
            if found is None:
                new = insert(OWNERS).values(account=self._account, list_id=list_id, stream=stream)
                connection.execute(new)
            return found or stream

        return self._database.run(find_or_own)

    def release(self, list_id: str) -> str | None:
        """Let a list follow no stream any more, and forget who is in its segment.

        Returns:
            The stream that it has followed; None when it has followed none.
        """
        is_it = (OWNERS.c.account == self._account) & (OWNERS.c.list_id == list_id)

        def write(connection: Connection) -> str | None:
            stream = connection.scalar(select(OWNERS.c.stream).where(is_it))
            connection.execute(delete(OWNERS).where(is_it))
            if stream is not None:
                key = self._account, stream, list_id
                for table in (SEGMENTS, MEMBERS, LOADS):
                    connection.execute(delete(table).where(is_of(table, key)))
            return stream

        return self._database.run(write)

    def memories(self, list_id: str) -> list[MemberRows]:
        """What all streams remember of one list."""
        is_it = (MEMBERS.c.account == self._account) & (MEMBERS.c.list_id == list_id)
        query = select(MEMBERS.c.stream).where(is_it).distinct()
        streams = self._database.run(lambda connection: connection.scalars(query).all())
        return [self.members(stream, list_id) for stream in sorted(streams)]

    def members(self, stream: str, list_id: str, list_name: str = "") -> MemberRows:
        """Who is in a segment.

        Args:
            stream: The stream.
            list_id: The list.
            list_name: What it is called in lines for people.
        """
        return MemberRows(self._database, (self._account, stream, list_id), list_name)


class MemberRows:
    """Who is in one segment, and what loads bring that have not ended well.

    Args:
        database: The store; not closed with this.
        key: Key of the account, stream and list.
        list_name: What the list is called in lines for people.

    Attributes:
        name: What this is of, in a line for people.

    Raises:
        TargetError: From every method: the store cannot be used.
    """

    def __init__(self, database: Database, key: tuple[str, str, str], list_name: str = "") -> None:
        self._database = database
        self._key = key
        self.name = f"stream {key[1]!r} and list {list_name or key[2]!r}"

    def read(self, number: int) -> bytes:
        """A part; nothing when it was never written."""
        query = select(MEMBERS.c.people).where(self._is_part(number))
        return self._database.run(lambda connection: connection.scalar(query)) or b""

    def write(self, number: int, people: bytes) -> None:
        """Put a part in the place of the one that is there, for good when this returns."""

        def put(connection: Connection) -> None:
            change = update(MEMBERS).where(self._is_part(number)).values(people=people)
            if not connection.execute(change).rowcount:
                new = {**self._row, "part": number, "people": people}
                connection.execute(insert(MEMBERS).values(new))

        self._database.run(put)

    def read_all(self, most: int) -> dict[int, bytes] | None:
        """All parts, unless they are larger than so many bytes."""
        is_it = is_of(MEMBERS, self._key)
        size = select(func.sum(func.length(MEMBERS.c.people))).where(is_it)
        query = select(MEMBERS.c.part, MEMBERS.c.people).where(is_it)

        def read(connection: Connection) -> dict[int, bytes] | None:
            if (connection.scalar(size) or 0) > most:
                return None
            return {row.part: row.people for row in connection.execute(query)}

        return self._database.run(read)

    def write_all(self, parts: Mapping[int, bytes]) -> None:
        """Put parts in the place of those that are there, as :meth:`write` does."""
        if not parts:
            return
        rows = [{**self._row, "part": number, "people": part} for number, part in parts.items()]

        def put(connection: Connection) -> None:
            is_written = is_of(MEMBERS, self._key) & MEMBERS.c.part.in_([*parts])
            connection.execute(delete(MEMBERS).where(is_written))
            connection.execute(insert(MEMBERS), rows)

        self._database.run(put)

    def is_empty(self) -> bool:
        """Whether nothing is remembered."""
        query = select(func.count()).select_from(MEMBERS).where(is_of(MEMBERS, self._key))
        return not self._database.run(lambda connection: connection.scalar(query))

    def add_load(self, run: str, number: int, people: bytes) -> None:
        """Note rows that a run is about to send, for good when this returns."""
        new = {**self._row, "run": run, "number": number, "people": people}

        # What is tried again may have been written the first time.
        def put(connection: Connection) -> None:
            is_it = is_of(LOADS, self._key) & (LOADS.c.run == run) & (LOADS.c.number == number)
            connection.execute(delete(LOADS).where(is_it))
            connection.execute(insert(LOADS).values(new))

        self._database.run(put)

    def runs(self) -> list[str]:
        """Runs that have noted rows and have not ended well."""
        query = select(LOADS.c.run).where(is_of(LOADS, self._key)).distinct()
        return [*self._database.run(lambda connection: connection.scalars(query).all())]

    def load(self, run: str) -> Iterator[bytes]:
        """What a run has noted, in the order of coming; one at a time is in memory."""
        is_it = is_of(LOADS, self._key) & (LOADS.c.run == run)
        numbers = select(LOADS.c.number).where(is_it).order_by(LOADS.c.number)
        for number in self._database.run(lambda connection: connection.scalars(numbers).all()):
            yield self._piece(is_it & (LOADS.c.number == number))

    def forget_load(self, run: str) -> None:
        """Remove what a run has noted."""
        is_it = is_of(LOADS, self._key) & (LOADS.c.run == run)
        self._database.run(lambda connection: connection.execute(delete(LOADS).where(is_it)))

    def _piece(self, is_it: ColumnElement[bool]) -> bytes:
        query = select(LOADS.c.people).where(is_it)
        return self._database.run(lambda connection: connection.scalar(query)) or b""

    @property
    def _row(self) -> dict[str, Any]:
        return dict(zip(("account", "stream", "list_id"), self._key, strict=True))

    def _is_part(self, number: int) -> ColumnElement[bool]:
        return is_of(MEMBERS, self._key) & (MEMBERS.c.part == number)


def _row(columns: RowMapping) -> SegmentRow:
    return SegmentRow(**{name: value for name, value in columns.items() if name != "account"})


def all_members(database: Database) -> list[MemberRows]:
    """The segments of all accounts of which anything is remembered."""
    columns = [(each.c.account, each.c.stream, each.c.list_id) for each in (MEMBERS, LOADS)]
    query = union(*(select(*each) for each in columns))
    rows = database.run(lambda connection: connection.execute(query).all())
    return [MemberRows(database, (*row,)) for row in sorted(rows)]
