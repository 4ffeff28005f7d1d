"""The tables of the store about lists that follow segments, and people who may not be sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import Column, Double, Integer, LargeBinary, MetaData, Named, Table, Text, and_
from sqlalchemy import TypedColumns as Columns

if TYPE_CHECKING:
    from sqlalchemy.sql.elements import ColumnElement

METADATA: Final = MetaData()
"""Of all tables of the store."""


class _OfSegments(Columns):
    """Segments that a list follows: the latest load of each export, and what it has proven.

    Attributes:
        account: As in exports.
        stream: Name of the stream, after stream maps.
        list_id: The list.
        run: Name of the run that has loaded it last.
        loaded_at: When that has begun, as a Unix timestamp.
        state: As in `segments.seals`.
        reason: Why nobody may be taken off by it; empty when that is not so.
    """

    account = Column(Text, primary_key=True)
    stream = Column(Text, primary_key=True)
    list_id = Column(Text, primary_key=True)
    run: Named[str] = Column(Text)
    loaded_at: Named[float] = Column(Double)
    state: Named[str] = Column(Text)
    reason: Named[str] = Column(Text)


class _OfMembers(Columns):
    """Who is in each of these segments, and whom its export has put on the list.

    Attributes:
        account: As in exports.
        stream: As in segments.
        list_id: As in segments.
        part: Which part of all hashes.
        people: Keyed hashes, and what is known of each, as `segments.memory` packs them.
    """

    account = Column(Text, primary_key=True)
    stream = Column(Text, primary_key=True)
    list_id = Column(Text, primary_key=True)
    part = Column(Integer, primary_key=True, autoincrement=False)
    people: Named[bytes] = Column(LargeBinary)


class _OfLoads(Columns):
    """What loads that have not ended well bring: rows, before they are sent.

    Attributes:
        account: As in exports.
        stream: As in segments.
        list_id: As in segments.
        run: Name of the run.
        number: Place in the order of coming.
        people: Keyed hashes, and what is known of each, as `segments.parts` packs them.
    """

    account = Column(Text, primary_key=True)
    stream = Column(Text, primary_key=True)
    list_id = Column(Text, primary_key=True)
    run = Column(Text, primary_key=True)
    number = Column(Integer, primary_key=True, autoincrement=False)
    people: Named[bytes] = Column(LargeBinary)


class _OfOwners(Columns):
    """Which export a list follows; no list follows two.

    Attributes:
        account: As in exports.
        list_id: The list.
        stream: Stream of the export.
    """

    account = Column(Text, primary_key=True)
    list_id = Column(Text, primary_key=True)
    stream: Named[str] = Column(Text)


class _OfLeavers(Columns):
    """Whom a tap has named as leavers, as long as they are not off the list.

    Attributes:
        account: As in exports.
        stream: As in segments.
        list_id: As in segments.
        people: Keyed hashes, as `segments.people` packs them.
    """

    account = Column(Text, primary_key=True)
    stream = Column(Text, primary_key=True)
    list_id = Column(Text, primary_key=True)
    people: Named[bytes] = Column(LargeBinary)


class _OfScratchLists(Columns):
    """Lists that were made to take people off another one, until they are deleted.

    Attributes:
        account: As in exports.
        name: Name of the list.
        list_id: The list; empty until the service has said so.
        made_at: When it was made, as a Unix timestamp.
    """

    account = Column(Text, primary_key=True)
    name = Column(Text, primary_key=True)
    list_id: Named[str] = Column(Text)
    made_at: Named[float] = Column(Double)


class _OfSuppressions(Columns):
    """People who were erased: they are never imported again.

    Attributes:
        person: Keyed hash of the address.
        since: When, as a Unix timestamp.
    """

    person = Column(Text, primary_key=True)
    since: Named[float] = Column(Double)


class _OfOptOuts(Columns):
    """Who has unsubscribed from an account.

    Attributes:
        account: As in exports.
        read_at: When the service was last asked for those who did, as a Unix timestamp.
        whole_at: When it was last asked for all of them.
        people: Keyed hashes, as `segments.people` packs them.
    """

    account = Column(Text, primary_key=True)
    read_at: Named[float] = Column(Double)
    whole_at: Named[float] = Column(Double)
    people: Named[bytes] = Column(LargeBinary)


SEGMENTS: Final = Table("segments", METADATA, _OfSegments)
MEMBERS: Final = Table("members", METADATA, _OfMembers)
LOADS: Final = Table("loads", METADATA, _OfLoads)
OWNERS: Final = Table("owners", METADATA, _OfOwners)
LEAVERS: Final = Table("leavers", METADATA, _OfLeavers)
SCRATCH_LISTS: Final = Table("scratch_lists", METADATA, _OfScratchLists)
SUPPRESSIONS: Final = Table("suppressions", METADATA, _OfSuppressions)
OPT_OUTS: Final = Table("opt_outs", METADATA, _OfOptOuts)
TABLES: Final = (
    SEGMENTS,
    MEMBERS,
    LOADS,
    OWNERS,
    LEAVERS,
    SCRATCH_LISTS,
    SUPPRESSIONS,
    OPT_OUTS,
)


def is_of(table: Table, key: tuple[str, str, str]) -> ColumnElement[bool]:
    """Whether a row of one of these tables is of an account, a stream and a list."""
    account, stream, list_id = key
    return and_(table.c.account == account, table.c.stream == stream, table.c.list_id == list_id)
