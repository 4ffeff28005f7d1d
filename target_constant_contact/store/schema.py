"""The tables of the store, the same in SQLite and in PostgreSQL."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, Double, Integer, MetaData, Named, Table, Text
from sqlalchemy import TypedColumns as Columns

VERSION: Final = 1
"""Of the tables. `versions` leads from each to the next one."""

METADATA: Final = MetaData()


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


STORE: Final = Table("store", METADATA, _OfStore)
SLOTS: Final = Table("slots", METADATA, _OfSlots)
CONNECTIONS: Final = Table("connections", METADATA, _OfConnections)
