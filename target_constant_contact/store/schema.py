"""The tables of the store, the same in SQLite and in PostgreSQL."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    Integer,
    LargeBinary,
    Named,
    Table,
    Text,
)
from sqlalchemy import TypedColumns as Columns

from target_constant_contact.store import segment_tables

VERSION: Final = 2
"""Of the tables. `versions` leads from each to the next one."""

METADATA: Final = segment_tables.METADATA


class _OfStore(Columns):
    """One row: what the tables are.

    Attributes:
        version: Their version.
    """

    version = Column(Integer, primary_key=True, autoincrement=False)


class _OfSlots(Columns):
    """The requests of each key: its last slot, and the counts of the two days that were last seen.

    Two, because a clock that is set back over midnight must not open a full day again.

    Attributes:
        key: Hash of what the limit belongs to.
        last: The last slot, as a Unix timestamp.
        asked: When that was asked for.
        day: The UTC day that the last request counted for, in days since 1970.
        used: Requests of that day.
        other_day: The one before it, mostly yesterday.
        other_used: Requests of that day.
    """

    key = Column(Text, primary_key=True)
    last: Named[float] = Column(Double)
    asked: Named[float] = Column(Double)
    day: Named[int] = Column(BigInteger)
    used: Named[int] = Column(BigInteger)
    other_day: Named[int] = Column(BigInteger)
    other_used: Named[int] = Column(BigInteger)


class _OfConnections(Columns):
    """Connections to accounts, with their tokens.

    Attributes:
        name: Its name.
        document: What it is, as JSON; in a shared store encrypted.
        writes: How often it was written. Who writes it names the number that he has read.
    """

    name = Column(Text, primary_key=True)
    document: Named[str] = Column(Text)
    writes: Named[int] = Column(BigInteger)


class _OfSecrets(Columns):
    """What else nobody may read who can read a shared store.

    Attributes:
        name: What it is, such as the key of the ledger.
        value: The secret; in a shared store encrypted.
    """

    name = Column(Text, primary_key=True)
    value: Named[str] = Column(Text)


class _OfExports(Columns):
    """Exports that have ever sent anything.

    Attributes:
        account: Key of the account that it goes to.
        export: Its key among those to the account.
        written_at: When it has last written to its ledger, as a Unix timestamp.
    """

    account = Column(Text, primary_key=True)
    export = Column(Text, primary_key=True)
    written_at: Named[float] = Column(Double)


class _OfOpenRuns(Columns):
    """Runs of an export since the last one that has ended well: what they sent may be taken up.

    Attributes:
        account: As in exports.
        export: As in exports.
        run: Name of the run.
        begun_at: When it has begun, as a Unix timestamp.
        key: Name of the ledger's key by then; null for version 0.5, which had none.
    """

    account = Column(Text, primary_key=True)
    export = Column(Text, primary_key=True)
    run = Column(Text, primary_key=True)
    begun_at: Named[float] = Column(Double)
    key: Named[str | None] = Column(Text, nullable=True)


class _OfEntries(Columns):
    """What these runs have sent: one row for each batch.

    Attributes:
        account: As in exports.
        export: As in exports.
        number: Its place in the order of sending.
        content: Hash of everything that was sent.
        stream: Stream of its rows.
        rows: Number of its rows.
        began_at: When it was sent, as a Unix timestamp of the store's clock.
        newest_before: Creation of the newest activity that had been accepted before, likewise of
            the service's clock.
        file_name: What its CSV file was called; empty for JSON.
        state: As in `ledger.entry`.
        activity_id: The service's name for the import; empty until it is accepted.
        created_at: When the service has made it, as a Unix timestamp of its clock.
    """

    account = Column(Text, primary_key=True)
    export = Column(Text, primary_key=True)
    number = Column(BigInteger, primary_key=True, autoincrement=False)
    content: Named[str] = Column(Text)
    stream: Named[str] = Column(Text)
    rows: Named[int] = Column(BigInteger)
    began_at: Named[float] = Column(Double)
    newest_before: Named[float | None] = Column(Double, nullable=True)
    file_name: Named[str] = Column(Text)
    state: Named[str] = Column(Text)
    activity_id: Named[str] = Column(Text)
    created_at: Named[float | None] = Column(Double, nullable=True)


class _OfFingerprints(Columns):
    """What each of these batches has said of its people, encrypted with the ledger's key.

    Attributes:
        account: As in exports.
        export: As in exports.
        number: As in entries.
        said: The fingerprints.
    """

    account = Column(Text, primary_key=True)
    export = Column(Text, primary_key=True)
    number = Column(BigInteger, primary_key=True, autoincrement=False)
    said: Named[bytes] = Column(LargeBinary)


class _OfRuns(Columns):
    """Runs, those that are under way among them.

    Attributes:
        run: Its name.
        started_at: When it has started, as a Unix timestamp.
        machine: Name of the machine it has run on.
        folder: Its folder there, with the files that people read.
        report: Its report as JSON; null until it has ended.
    """

    run = Column(Text, primary_key=True)
    started_at: Named[float] = Column(Double)
    machine: Named[str] = Column(Text)
    folder: Named[str] = Column(Text)
    report: Named[str | None] = Column(Text, nullable=True)


STORE: Final = Table("store", METADATA, _OfStore)
SLOTS: Final = Table("slots", METADATA, _OfSlots)
CONNECTIONS: Final = Table("connections", METADATA, _OfConnections)
SECRETS: Final = Table("secrets", METADATA, _OfSecrets)
EXPORTS: Final = Table("exports", METADATA, _OfExports)
OPEN_RUNS: Final = Table("open_runs", METADATA, _OfOpenRuns)
ENTRIES: Final = Table("entries", METADATA, _OfEntries)
FINGERPRINTS: Final = Table("fingerprints", METADATA, _OfFingerprints)
RUNS: Final = Table("runs", METADATA, _OfRuns)

SINCE: Final = dict.fromkeys(segment_tables.TABLES, 2)
"""Version that has brought each table; version 1 all others."""
