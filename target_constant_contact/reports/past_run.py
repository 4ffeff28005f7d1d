"""Past runs, as their reports tell them. A report may be damaged, or somebody else's file."""

from __future__ import annotations

import json
import math
from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, TypeVar

from target_constant_contact.api.models import ContactList
from target_constant_contact.reports.counts import Counts
from target_constant_contact.reports.imported import ImportRecord, PackedByList, UnsettledImport
from target_constant_contact.reports.past_parts import (
    PastDestination,
    PastDropped,
    PastFindings,
    PastPackedByList,
    PastRejections,
    PastWithheld,
)
from target_constant_contact.reports.segments import SegmentUse
from target_constant_contact.reports.swept import SweptList
from target_constant_contact.reports.told import Alert, Told

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from target_constant_contact.store.run_row import RunRow

UNFINISHED: Final = "unfinished"
"""Status of a run without a report: it is under way, or it was killed."""

LOAD: Final = "load"
"""Kind of a run that has imported rows."""

UNREADABLE: Final = "unreadable"
"""Status of a run whose report is damaged, or was written by something else."""

_MOST: Final = (1 << 63) - 1
_Plain = TypeVar("_Plain")
_NO_REPORT: Final = (
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    OverflowError,
    RecursionError,
)


@dataclass(frozen=True, slots=True)
class PastRun:  # a plain record: one attribute for each member of the report
    """A run as its report tells it. What the report does not tell is None or empty.

    Attributes:
        run: Name of the run, which is also the name of its folder.
        status: ``completed``, ``dry run``, ``failed``, :data:`UNFINISHED` or :data:`UNREADABLE`.
        started_at: When it started.
        machine: The machine it was on.
        folder: Its folder there.
        ended_at: When it ended.
        connection: Name of its connection.
        account: Name of the account.
        error: What it failed of.
        requests: Requests made.
        rejects_file: File of the rejected rows.
        totals: The counts of the whole run.
        destinations: Counts per stream and set of lists.
        rejections: Rejected rows per reason, the most frequent first.
        withheld: Rows that were not sent per reason, the most frequent first.
        dropped: Values that were left out per reason, the most frequent first.
        findings: Rows that did not land per reason, the most frequent first.
        packed_by_list: What was packed by list, per stream.
        imports: The settled imports.
        unsettled: Those that were accepted and had not ended.
        segments: Which streams fell under which entry of ``segments``.
        swept: Lists that people were taken off.
        kind: ``load`` or ``sweep``.
        requests_today: Requests of the day at its end, of all programs with the same key.
        requests_per_day: How many there may be.
        export: Key of its export.
        streams: Streams that have come, with rows or without.
        replayed: Those of them whose rows came from a file of rejected rows.
        told: What each receiver of alerts knew after it; None when alerts were not set.
    """

    run: str
    status: str
    started_at: datetime
    machine: str
    folder: str
    ended_at: datetime | None = None
    connection: str = ""
    account: str = ""
    error: str = ""
    requests: int | None = None
    rejects_file: str = ""
    totals: Counts | None = None
    destinations: tuple[PastDestination, ...] = ()
    rejections: tuple[PastRejections, ...] = ()
    withheld: tuple[PastWithheld, ...] = ()
    dropped: tuple[PastDropped, ...] = ()
    findings: tuple[PastFindings, ...] = ()
    packed_by_list: tuple[PastPackedByList, ...] = ()
    imports: tuple[ImportRecord, ...] = ()
    unsettled: tuple[UnsettledImport, ...] = ()
    segments: tuple[SegmentUse, ...] = ()
    swept: tuple[SweptList, ...] = ()
    kind: str = LOAD
    requests_today: int = 0
    requests_per_day: int = 0
    export: str = ""
    streams: tuple[str, ...] = ()
    replayed: tuple[str, ...] = ()
    told: tuple[Told, ...] | None = None

    @property
    def seconds(self) -> int | None:
        """How long it took, to the second, as far as it is known."""
        return round((self.ended_at - self.started_at).total_seconds()) if self.ended_at else None


def read_run(row: RunRow) -> PastRun:
    """Read the report of a run; whatever stands there instead shows in the status."""
    if row.report is not None:
        with suppress(*_NO_REPORT):
            return _past_run(row, json.loads(row.report))
    status = UNFINISHED if row.report is None else UNREADABLE
    # Who can write to a database can write anything.
    started_at = datetime.min.replace(tzinfo=UTC)
    with suppress(OverflowError, OSError, ValueError):
        started_at = datetime.fromtimestamp(row.started_at, UTC)
    return PastRun(row.run, status, started_at, row.machine, row.folder)


def _past_run(row: RunRow, document: Mapping[str, Any]) -> PastRun:
    """Read what ``Report.as_json`` made; members of later versions are passed over."""
    kind = _text(document.get("kind", LOAD))
    return PastRun(
        run=row.run,
        machine=row.machine,
        folder=row.folder,
        status=_text(document["status"]),
        started_at=_moment(document["started_at"]),
        ended_at=_moment(document["ended_at"]),
        connection=_text(document.get("connection")),
        account=_text(document.get("account")),
        error=_text(document.get("error")),
        requests=_whole(document.get("requests", 0)),
        rejects_file=_text(document.get("rejects_file")),
        # A sweep has no rows.
        totals=_counts(document["totals"]) if kind == LOAD else None,
        destinations=tuple(map(_destination, document.get("destinations", ()))),
        rejections=_records(PastRejections, document.get("rejections", ())),
        withheld=_records(PastWithheld, document.get("withheld", ())),
        dropped=_records(PastDropped, document.get("dropped", ())),
        findings=_records(PastFindings, document.get("findings", ())),
        packed_by_list=tuple(map(_packed_by_list, document.get("packed_by_list", ()))),
        unsettled=_records(UnsettledImport, document.get("unsettled_imports", ())),
        imports=tuple(map(_import, document.get("imports", ()))),
        segments=tuple(map(_segment, document.get("segments", ()))),
        swept=_records(SweptList, document.get("swept", ())),
        kind=kind,
        requests_today=_whole(document.get("requests_today", 0)),
        requests_per_day=_whole(document.get("requests_per_day", 0)),
        export=_text(document.get("export")),
        streams=tuple(map(_text, document.get("streams", ()))),
        replayed=tuple(map(_text, document.get("replayed", ()))),
        told=tuple(map(_told, document["alerts"])) if "alerts" in document else None,
    )


def _told(member: Mapping[str, Any]) -> Told:
    owed = _records(Alert, member["owed"])
    return Told(_text(member["receiver"]), tuple(map(_text, member["active"])), owed)


def _destination(member: Mapping[str, Any]) -> PastDestination:
    lists = (ContactList(_text(item["id"]), _text(item["name"])) for item in member["lists"])
    return PastDestination(_text(member["stream"]), tuple(lists), _counts(member))


def _records(kind: type[_Plain], members: Iterable[Mapping[str, Any]]) -> tuple[_Plain, ...]:
    """Records of texts and whole numbers."""
    names = {item.name: _whole if item.type == "int" else _text for item in fields(kind)}  # type: ignore[arg-type]
    return tuple(
        kind(**{name: read(member[name]) for name, read in names.items()}) for member in members
    )


def _packed_by_list(member: Mapping[str, Any]) -> PastPackedByList:
    counts = PackedByList(**{item.name: _whole(member[item.name]) for item in fields(PackedByList)})
    return PastPackedByList(_text(member["stream"]), counts)


def _import(member: Mapping[str, Any]) -> ImportRecord:
    return ImportRecord(
        activity_id=_text(member["activity_id"]),
        stream=_text(member["stream"]),
        rows=_whole(member["rows"]),
        seconds=_seconds(member["seconds"]),
        counters={_text(name): _whole(count) for name, count in member["counters"].items()},
        taken_up=bool(member.get("taken_up", False)),
    )


def _segment(member: Mapping[str, Any]) -> SegmentUse:
    entry = member["entry"]
    streams = [_text(stream) for stream in member["streams"]]
    return SegmentUse(None if entry is None else _whole(entry), _text(member["stream"]), streams)


def _counts(member: Mapping[str, Any]) -> Counts:
    return Counts(**{item.name: _whole(member.get(item.name, 0)) for item in fields(Counts)})


def _moment(value: str) -> datetime:
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError(value)
    return moment.astimezone(UTC)


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(value)
    if abs(value) > _MOST:
        raise ValueError(value)  # No database for programs has such a number.
    return value


def _seconds(value: Any) -> float:
    seconds = float(value)
    if not math.isfinite(seconds):
        raise ValueError(value)  # JSON for programs has no such number.
    return seconds


def _text(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise TypeError(value)
    return value
