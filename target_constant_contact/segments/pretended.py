"""Segments as a load would leave them: what it writes is kept in memory, and the store stays."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from typing_extensions import override

from target_constant_contact.store.segment_row import SegmentRow
from target_constant_contact.store.segments import MemberRows, SegmentRows

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from target_constant_contact.store.database import Database


class PretendedSegments(SegmentRows):
    """The segments of one account, for a run that changes nothing.

    Args:
        database: The store; it is only read.
        account: Key of the account.
    """

    def __init__(self, database: Database, account: str) -> None:
        super().__init__(database, account)
        self._new: dict[tuple[str, str], SegmentRow] = {}
        self._owned: dict[str, str] = {}
        self._members: dict[tuple[str, str], PretendedMembers] = {}

    @override
    def all(self) -> list[SegmentRow]:
        known = {(row.stream, row.list_id): row for row in super().all()} | self._new
        return [known[place] for place in sorted(known)]

    @override
    def of(self, stream: str, list_id: str) -> SegmentRow | None:
        return self._new.get((stream, list_id)) or super().of(stream, list_id)

    @override
    def begin(
        self, stream: str, run: str, state: str, reason: str, only: Collection[str] | None
    ) -> None:
        for row in self.all():
            if row.stream == stream and (only is None or row.list_id in only):
                place = row.stream, row.list_id
                self._new[place] = replace(row, run=run, state=state, reason=reason)

    @override
    def add(self, stream: str, list_id: str, run: str, state: str) -> None:
        self._new[stream, list_id] = SegmentRow(stream, list_id, run, 0, state)

    @override
    def conclude(self, rows: Iterable[SegmentRow]) -> list[SegmentRow]:
        self._new |= {(row.stream, row.list_id): row for row in rows}
        return []

    @override
    def owners(self) -> dict[str, str]:
        return self._owned | super().owners()

    @override
    def own(self, list_id: str, stream: str) -> str:
        return super().owners().get(list_id) or self._owned.setdefault(list_id, stream)

    @override
    def members(self, stream: str, list_id: str, list_name: str = "") -> MemberRows:
        place = stream, list_id
        if place not in self._members:
            key = self._account, stream, list_id
            self._members[place] = PretendedMembers(self._database, key, list_name)
        return self._members[place]


class PretendedMembers(MemberRows):
    """Who is in one segment, for a run that changes nothing: 32 bytes a person, in memory."""

    def __init__(self, database: Database, key: tuple[str, str, str], list_name: str = "") -> None:
        super().__init__(database, key, list_name)
        self._parts: dict[int, bytes] = {}
        self._loads: dict[str, list[bytes]] = {}
        self._forgotten: set[str] = set()

    @override
    def read(self, number: int) -> bytes:
        found = self._parts.get(number)
        return super().read(number) if found is None else found

    @override
    def write(self, number: int, people: bytes) -> None:
        self._parts[number] = people

    @override
    def read_all(self, most: int) -> dict[int, bytes] | None:
        found = super().read_all(most)
        return None if found is None else found | self._parts

    @override
    def write_all(self, parts: Mapping[int, bytes]) -> None:
        self._parts |= parts

    @override
    def is_empty(self) -> bool:
        return not self._parts and super().is_empty()

    @override
    def add_load(self, run: str, number: int, people: bytes) -> None:
        self._loads.setdefault(run, []).append(people)

    @override
    def load(self, run: str) -> Iterator[bytes]:
        if run not in self._forgotten:
            yield from super().load(run)
        yield from self._loads.get(run, ())

    @override
    def forget_load(self, run: str) -> None:
        self._forgotten.add(run)
        self._loads.pop(run, None)
