"""What becomes of segments that are brought to a store which has some itself.

Of each stream's way to a list the newer load stays, with all that belongs to it. Who is in it are
hashes that only one key makes: what was made with another one would be about nobody.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, select

from target_constant_contact.exceptions import SettingsError
from target_constant_contact.store.schema import SECRETS
from target_constant_contact.store.secrets import PEOPLE_KEY
from target_constant_contact.store.segment_tables import (
    LEAVERS,
    LOADS,
    MEMBERS,
    OPT_OUTS,
    SEGMENTS,
    SUPPRESSIONS,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection, RowMapping, Table
    from sqlalchemy.sql.elements import ColumnElement

    SegmentKey = tuple[str, str, str]

_OF_SEGMENTS: Final = (SEGMENTS, MEMBERS, LOADS)
_OF_PEOPLE: Final = (MEMBERS, LOADS, LEAVERS, OPT_OUTS)
"""What holds keyed hashes that can be done without."""


@dataclass(slots=True)
class BroughtSegments:
    """The segments that are brought.

    Attributes:
        loaded: When each has been loaded last; 0 where that is not known.
        people_key: The key of all hashes; empty when there is none.
        has_people: Whether there are any hashes.
    """

    loaded: dict[SegmentKey, float] = field(default_factory=dict)
    people_key: str = ""
    has_people: bool = False

    def add(self, table: Table, row: Mapping[str, Any]) -> None:
        """Note a row, its secret in clear."""
        if table is SECRETS and row["name"] == PEOPLE_KEY:
            self.people_key = row["value"]
        if table in _OF_SEGMENTS:
            known = self.loaded.get(key_of(row), 0.0)
            self.loaded[key_of(row)] = max(known, row.get("loaded_at", 0.0))
        if table is SUPPRESSIONS or table in _OF_PEOPLE:
            self.has_people = True


class SegmentMerge:
    """Chooses between segments, in a transaction of the caller's.

    Args:
        connection: The transaction.
        brought: What is brought.
        own_key: The store's own key of all hashes; empty when there is none.
    """

    def __init__(self, connection: Connection, brought: BroughtSegments, own_key: str) -> None:
        self._connection = connection
        self._brought = brought
        self._differs = bool(
            brought.has_people and own_key and brought.people_key not in {"", own_key}
        )
        self._chosen: set[SegmentKey] = set()

    def choose(self, here: str, there: str, *, replace: bool) -> SettingsError | None:
        """Choose, and remove what is replaced. Before all rows.

        Args:
            here: What the store is called.
            there: What may be shown of where the rows are from.
            replace: What the store knows with another key may be forgotten.

        Returns:
            Why nothing may be changed, if that is so.
        """
        if self._differs:
            if fault := self._why_not(here, there, replace=replace):
                return SettingsError([fault])
            for table in (SEGMENTS, *_OF_PEOPLE):
                self._connection.execute(table.delete())
        for key, loaded_at in self._brought.loaded.items():
            if self._is_newer(key, loaded_at):
                self._chosen.add(key)
                for table in _OF_SEGMENTS:
                    self._connection.execute(table.delete().where(_is_of(table, key)))
        return None

    def takes(self, table: Table, row: Mapping[str, Any], kept: RowMapping | None) -> bool | None:
        """Whether a row is taken; None when it is none of those that are chosen here."""
        if table in _OF_SEGMENTS:
            return key_of(row) in self._chosen
        if table is OPT_OUTS and kept is not None:
            return bool(row["read_at"] > kept["read_at"])
        if table is SECRETS and row["name"] == PEOPLE_KEY:
            return kept is None or self._differs
        return None

    def _why_not(self, here: str, there: str, *, replace: bool) -> str:
        if self._has(SUPPRESSIONS):
            return (
                f"{here} and {there} know people by hashes of different keys, and people were "
                f"erased in {here}: they would not be known any more; nothing was changed. Import "
                "the other way round, or erase these people where the new store comes from"
            )
        if replace or not any(map(self._has, (MEMBERS, LOADS, LEAVERS))):
            return ""
        return (
            f"{here} and {there} know people by hashes of different keys; nothing was changed. "
            f"Pass --replace to forget what {here} remembers of people on lists"
        )

    def _has(self, table: Table) -> bool:
        return self._connection.execute(select(table).limit(1)).first() is not None

    def _is_newer(self, key: SegmentKey, loaded_at: float) -> bool:
        query = select(SEGMENTS.c.loaded_at).where(_is_of(SEGMENTS, key))
        kept = self._connection.scalar(query)
        if kept is not None:
            return loaded_at > kept
        known = (select(each.c.stream).where(_is_of(each, key)) for each in (MEMBERS, LOADS))
        return all(self._connection.scalar(query.limit(1)) is None for query in known)


def key_of(row: Mapping[str, Any]) -> SegmentKey:
    """Account, stream and list of a row."""
    return row["account"], row["stream"], row["list_id"]


def _is_of(table: Table, key: SegmentKey) -> ColumnElement[bool]:
    account, stream, list_id = key
    return and_(table.c.account == account, table.c.stream == stream, table.c.list_id == list_id)
