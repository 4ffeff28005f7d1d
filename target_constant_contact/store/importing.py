"""What was exported from another store is taken in: all of it, or nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from target_constant_contact.store.archive import opened
from target_constant_contact.store.merging import Merge
from target_constant_contact.store.schema import CONNECTIONS, EXPORTS, OPEN_RUNS
from target_constant_contact.store.segment_merging import BroughtSegments
from target_constant_contact.store.standstill import standstill

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Iterable

    from sqlalchemy import Table

    from target_constant_contact.store.cipher import Cipher
    from target_constant_contact.store.database import Database

    Rows = Iterable[tuple[Table, dict[str, Any]]]


# A plain record.
@dataclass(frozen=True, slots=True)
class Imported:
    """What came of an import.

    Attributes:
        taken: Rows of each table that are in the store now.
        kept: Those that were not needed: what the store has is the same, or newer.
        given_up: Whether interrupted runs of the store cannot be taken up any more.
    """

    taken: Counter[str]
    kept: Counter[str]
    given_up: bool


def import_store(
    database: Database,
    cipher: Cipher,
    rows: Callable[[], Rows],
    place: str,
    *,
    replace: bool = False,
) -> Imported:
    """Take everything in, in one transaction.

    Args:
        database: The store, with its tables.
        cipher: Opens what was encrypted on the way.
        rows: Tells what was exported, from its start each time.
        place: What may be shown of where that is from.
        replace: Put connections and interrupted runs in the place of others.

    Raises:
        SettingsError: It is not whole, its key is another one, or what the store has differs.
        TryLaterError: Something in the store is being used.
        TargetError: The store cannot be used.
    """
    brought = _Brought()
    # All of it, before anything is locked.
    for table, row in rows():
        brought.add(table, opened(cipher, table, row, place))
    standing = standstill(database, brought.connections, brought.exports)
    with standing as held, held.transaction() as connection:
        merge = Merge(connection, database, place, replace=replace)
        merge.choose(brought.exports)
        merge.choose_segments(brought.segments)
        for table, row in rows():
            merge.take(table, opened(cipher, table, row, place))
        merge.check()
    return Imported(merge.taken, merge.kept, merge.given_up)


@dataclass(slots=True)
class _Brought:
    """What is brought, by its names."""

    connections: set[str] = field(default_factory=set)
    exports: dict[tuple[str, str], tuple[float, frozenset[str]]] = field(default_factory=dict)

    segments: BroughtSegments = field(default_factory=BroughtSegments)

    def add(self, table: Table, row: dict[str, Any]) -> None:
        self.segments.add(table, row)
        if table is CONNECTIONS:
            self.connections.add(row["name"])
        if "export" not in row:
            return
        key = row["account"], row["export"]
        written_at, runs = self.exports.get(key, (0.0, frozenset()))
        if table is EXPORTS:
            written_at = row["written_at"]
        if table is OPEN_RUNS:
            runs |= {row["run"]}
        self.exports[key] = written_at, runs
