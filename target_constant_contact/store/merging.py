"""What becomes of each row that is brought to a store: which one stays where there are two."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, select

from target_constant_contact.exceptions import SettingsError
from target_constant_contact.store.archive import HIDDEN, closed, name_of
from target_constant_contact.store.schema import (
    CONNECTIONS,
    ENTRIES,
    EXPORTS,
    FINGERPRINTS,
    OPEN_RUNS,
    SECRETS,
    SLOTS,
)
from target_constant_contact.store.secrets import LEDGER_KEY, PEOPLE_KEY
from target_constant_contact.store.segment_merging import SegmentMerge
from target_constant_contact.store.slot import both_counts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection, RowMapping, Table
    from sqlalchemy.sql.elements import ColumnElement

    from target_constant_contact.store.database import Database
    from target_constant_contact.store.segment_merging import BroughtSegments

    ExportKey = tuple[str, str]
    Written = tuple[float, frozenset[str]]

_OF_EXPORTS: Final = (EXPORTS, OPEN_RUNS, ENTRIES, FINGERPRINTS)
_NOTHING: Final = (0.0, frozenset[str]())


class Merge:
    """Takes rows into a store, in a transaction of the caller's.

    Args:
        connection: The transaction.
        database: The store.
        source: What may be shown of where the rows are from.
        replace: Put connections and interrupted runs in the place of others.

    Attributes:
        taken: Rows of each table that are in the store now.
        kept: Those that were not needed: what the store has is the same, or newer.
        given_up: Whether interrupted runs of the store cannot be taken up any more.
    """

    def __init__(
        self, connection: Connection, database: Database, source: str, *, replace: bool
    ) -> None:
        self.taken: Counter[str] = Counter()
        self.kept: Counter[str] = Counter()
        self.given_up = False
        self._refusals: list[SettingsError] = []
        self._connection = connection
        self._cipher = database.cipher
        self._words = database.name, source
        self._replace = replace
        self._chosen: dict[ExportKey, Written] = {}
        self._segments: SegmentMerge | None = None

    def choose(self, brought: Mapping[ExportKey, Written]) -> None:
        """Choose the exports whose rows are taken, and remove what they replace. Before all rows.

        Args:
            brought: When each export has last written to its ledger, and its interrupted runs.
        """
        for key, written in brought.items():
            if self._is_chosen(key, written):
                self._chosen[key] = written
                for table in _OF_EXPORTS:
                    self._connection.execute(table.delete().where(_is_of(table, key)))

    def choose_segments(self, brought: BroughtSegments) -> None:
        """Choose the segments whose rows are taken, and remove what they replace. Before all rows.

        Args:
            brought: What is known of those that are brought.
        """
        is_it = SECRETS.c.name == PEOPLE_KEY
        hidden = self._connection.scalar(select(SECRETS.c.value).where(is_it)) or ""
        own_key = (self._cipher.show(hidden) if self._cipher and hidden else hidden) or hidden
        self._segments = SegmentMerge(self._connection, brought, own_key)
        if refusal := self._segments.choose(*self._words, replace=self._replace):
            self._refusals.append(refusal)

    def take(self, table: Table, row: dict[str, Any]) -> None:
        """Take a row, its secret in clear, unless what the store has is to stay."""
        kept = None
        if table in _OF_EXPORTS:
            new = row if (row["account"], row["export"]) in self._chosen else None
        else:
            kept = self._connection.execute(select(table).where(_is(table, row))).mappings().first()
            is_left = self._segments and self._segments.takes(table, row, kept) is False
            new = None if is_left else row if kept is None else self._new(table, row, kept)
        if new is None:
            self.kept[table.name] += 1
            return
        self.taken[table.name] += 1
        stored = closed(self._cipher, table, new)
        if kept is None:
            self._connection.execute(table.insert().values(stored))
        else:
            self._connection.execute(table.update().where(_is(table, row)).values(stored))

    def check(self) -> None:
        """Let nothing be replaced that was not to be. Behind all rows.

        Raises:
            SettingsError: With a line for each.
        """
        if self._refusals:
            raise SettingsError(fault for each in self._refusals for fault in each.faults)

    def _is_chosen(self, key: ExportKey, written: Written) -> bool:
        at = self._connection.scalar(select(EXPORTS.c.written_at).where(_is_of(EXPORTS, key)))
        runs = self._connection.scalars(select(OPEN_RUNS.c.run).where(_is_of(OPEN_RUNS, key)))
        kept = at or 0.0, frozenset(runs)
        if kept in {_NOTHING, written}:
            return kept == _NOTHING
        if not kept[1] and not written[1]:
            return written > kept
        if not self._replace:
            here, there = self._words
            fault = (
                f"export {'/'.join(key)} has interrupted runs, and {here} and {there} do not agree "
                f"on what they have sent; nothing was changed. Pass --replace to go on from {there}"
            )
            self._refusals.append(SettingsError([fault]))
        return self._replace

    def _new(self, table: Table, row: dict[str, Any], kept: RowMapping) -> dict[str, Any] | None:
        """What is to be in the place of a row; None when it stays."""
        chosen = self._segments.takes(table, row, kept) if self._segments else None
        if chosen is not None:
            return row if chosen else None
        if table is SLOTS:
            counts = dict(kept)
            merged = both_counts(row, counts)
            return None if merged == counts else merged
        if table.name not in HIDDEN:
            return None
        hidden = kept[HIDDEN[table.name]]
        if (self._cipher.show(hidden) if self._cipher else hidden) == row[HIDDEN[table.name]]:
            return None
        if table is SECRETS and row["name"] == LEDGER_KEY:
            return row if self._is_key_replaced() else None
        if not self._replace:
            here, there = self._words
            fault = (
                f"{name_of(table, row['name'])} is in {here} already, and differs from the one in "
                f"{there}; nothing was changed. Pass --replace to put that one in its place"
            )
            self._refusals.append(SettingsError([fault]))
        # Who has read the old one must not write over the new one.
        return {**row, "writes": kept["writes"] + 1} if table is CONNECTIONS else row

    def _is_key_replaced(self) -> bool:
        """Whether the key of the ledger is needed for the runs that are brought."""
        if not any(runs for _, runs in self._chosen.values()):
            return False
        # Of those that are brought none is here yet, as keys come before what they hide.
        if self._connection.scalar(select(OPEN_RUNS.c.run).limit(1)) is None:
            return True
        self.given_up = self._replace
        if not self._replace:
            here, there = self._words
            fault = (
                f"the ledger key in {here} is another one than in {there}, and both have "
                "interrupted runs, which only their own key lets take up; nothing was changed. Let "
                f"the exports of one of the two end first, or pass --replace: those in {here} then "
                "send once more what they have sent"
            )
            self._refusals.append(SettingsError([fault]))
        return self._replace


def _is(table: Table, row: Mapping[str, Any]) -> ColumnElement[bool]:
    return and_(*(column == row[column.name] for column in table.primary_key))


def _is_of(table: Table, key: ExportKey) -> ColumnElement[bool]:
    return and_(table.c.account == key[0], table.c.export == key[1])
