"""Past runs, as their reports tell them. A report may be damaged, or somebody else's file."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from target_constant_contact.api.models import ContactList
from target_constant_contact.reports.counts import Counts
from target_constant_contact.reports.imported import ImportRecord, PackedByList, UnsettledImport
from target_constant_contact.reports.members import (
    as_moment,
    as_seconds,
    as_text,
    as_texts,
    as_whole,
    records,
)
from target_constant_contact.reports.past_parts import (
    PastDestination,
    PastDropped,
    PastExamples,
    PastFindings,
    PastPackedByList,
    PastPlannedList,
    PastRejections,
    PastWithheld,
)
from target_constant_contact.reports.planned import Effort
from target_constant_contact.reports.segments import SegmentUse
from target_constant_contact.reports.swept import SweptList
from target_constant_contact.reports.told import Alert, Told
from target_constant_contact.reports.waits import WaitRecord
from target_constant_contact.store.run_row import MACHINE, RunRow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_constant_contact.events.kinds import RunEnded

UNFINISHED: Final = "unfinished"
"""Status of a run without a report: it is under way, or it was killed."""

LOAD: Final = "load"
"""Kind of a run that has imported rows."""

UNREADABLE: Final = "unreadable"
"""Status of a run whose report is damaged, or was written by something else."""

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
        requests_today: Requests of the day when it ended, of all runs of the API key.
        requests_per_day: How many there may be.
        export: Key of its export.
        streams: Streams that have come, with rows or without.
        replayed: Those of them whose rows came from a file of rejected rows.
        told: What each receiver of alerts knew after it; None when alerts were not set.
        advice: What would need fewer requests.
        warnings: What people should look at.
        waits: How long it has waited for the limits of the service, and when.
        examples: What the values looked like that rows were rejected for.
        settings: The settings that were given; those that are secret are not among them.
        planned: What would have changed on each list, of a dry run.
        effort: What sending would have taken, of a dry run that has compared with the account.
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
    requests_today: int | None = None
    requests_per_day: int | None = None
    export: str = ""
    streams: tuple[str, ...] = ()
    replayed: tuple[str, ...] = ()
    told: tuple[Told, ...] | None = None
    advice: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    waits: tuple[WaitRecord, ...] = ()
    examples: tuple[PastExamples, ...] = ()
    settings: Mapping[str, object] = field(default_factory=dict)
    planned: tuple[PastPlannedList, ...] = ()
    effort: Effort | None = None

    @property
    def is_dry_run(self) -> bool:
        """Whether it was to change nothing."""
        return self.status == "dry run"

    @property
    def seconds(self) -> int | None:
        """How long it took, to the second, as far as it is known."""
        return round((self.ended_at - self.started_at).total_seconds()) if self.ended_at else None


def read_run(row: RunRow) -> PastRun:
    """Read the report of a run; whatever stands there instead shows in the status."""
    if row.report is not None:
        with suppress(*_NO_REPORT):
            return past_run(row, json.loads(row.report))
    status = UNFINISHED if row.report is None else UNREADABLE
    # Who can write to a database can write anything.
    started_at = datetime.min.replace(tzinfo=UTC)
    with suppress(OverflowError, OSError, ValueError):
        started_at = datetime.fromtimestamp(row.started_at, UTC)
    return PastRun(row.run, status, started_at, row.machine, row.folder)


def ended_run(event: RunEnded) -> PastRun:
    """A run that has just ended, as its report tells it."""
    return past_run(RunRow(event.run, 0.0, MACHINE, event.folder), event.document)


def past_run(row: RunRow, document: Mapping[str, Any]) -> PastRun:
    """Read what ``Report.document`` made; members of later versions are passed over.

    Args:
        row: The run, as the store has it; its report is not read.
        document: The report.

    Raises:
        Exception: It is none; which error it is depends on what is wrong with it.
    """
    kind = as_text(document.get("kind", LOAD))
    return PastRun(
        run=row.run,
        machine=row.machine,
        folder=row.folder,
        status=as_text(document["status"]),
        started_at=as_moment(document["started_at"]),
        ended_at=as_moment(document["ended_at"]),
        connection=as_text(document.get("connection")),
        account=as_text(document.get("account")),
        error=as_text(document.get("error")),
        requests=as_whole(document.get("requests", 0)),
        rejects_file=as_text(document.get("rejects_file")),
        # A sweep has no rows.
        totals=_counts(document["totals"]) if kind == LOAD else None,
        destinations=tuple(map(_destination, document.get("destinations", ()))),
        packed_by_list=tuple(map(_packed_by_list, document.get("packed_by_list", ()))),
        unsettled=records(UnsettledImport, document.get("unsettled_imports", ())),
        imports=tuple(map(_import, document.get("imports", ()))),
        segments=tuple(map(_segment, document.get("segments", ()))),
        swept=records(SweptList, document.get("swept", ())),
        kind=kind,
        export=as_text(document.get("export")),
        streams=as_texts(document.get("streams", [])),
        replayed=as_texts(document.get("replayed", [])),
        told=tuple(map(_told, document["alerts"])) if "alerts" in document else None,
        **_reasons(document),
        **_beside_the_rows(document),
    )


def _reasons(document: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "rejections": records(PastRejections, document.get("rejections", ())),
        "withheld": records(PastWithheld, document.get("withheld", ())),
        "dropped": records(PastDropped, document.get("dropped", ())),
        "findings": records(PastFindings, document.get("findings", ())),
    }


def _told(member: Mapping[str, Any]) -> Told:
    owed = records(Alert, member["owed"])
    turn = as_whole(member.get("turn", 0))
    return Told(as_text(member["receiver"]), as_texts(member["active"]), owed, turn)


def _beside_the_rows(document: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "requests_today": as_whole(document.get("requests_today") or 0) or None,
        "requests_per_day": as_whole(document.get("requests_per_day", 0)) or None,
        "advice": as_texts(document.get("advice", [])),
        "warnings": as_texts(document.get("warnings", [])),
        "waits": records(WaitRecord, document.get("waits", ())),
        "examples": records(PastExamples, document.get("examples", ())),
        "settings": _settings(document.get("settings", {})),
        **_planned(document.get("planned", {})),
    }


def _planned(document: Mapping[str, Any]) -> dict[str, Any]:
    effort = records(Effort, [document["effort"]] if "effort" in document else ())
    return {
        "planned": records(PastPlannedList, document.get("lists", ())),
        "effort": effort[0] if effort else None,
    }


def _destination(member: Mapping[str, Any]) -> PastDestination:
    lists = (ContactList(as_text(item["id"]), as_text(item["name"])) for item in member["lists"])
    return PastDestination(as_text(member["stream"]), tuple(lists), _counts(member))


def _packed_by_list(member: Mapping[str, Any]) -> PastPackedByList:
    counts = PackedByList(
        **{item.name: as_whole(member[item.name]) for item in fields(PackedByList)}
    )
    return PastPackedByList(as_text(member["stream"]), counts)


def _import(member: Mapping[str, Any]) -> ImportRecord:
    return ImportRecord(
        activity_id=as_text(member["activity_id"]),
        stream=as_text(member["stream"]),
        rows=as_whole(member["rows"]),
        seconds=as_seconds(member["seconds"]),
        counters={as_text(name): as_whole(count) for name, count in member["counters"].items()},
        taken_up=bool(member.get("taken_up", False)),
        sent_at=None if (sent_at := member.get("sent_at")) is None else as_seconds(sent_at),
    )


def _settings(members: Mapping[str, object]) -> Mapping[str, object]:
    return {as_text(name): value for name, value in members.items()}


def _segment(member: Mapping[str, Any]) -> SegmentUse:
    entry = member["entry"]
    streams = [as_text(stream) for stream in member["streams"]]
    return SegmentUse(
        None if entry is None else as_whole(entry), as_text(member["stream"]), streams
    )


def _counts(member: Mapping[str, Any]) -> Counts:
    return Counts(**{item.name: as_whole(member.get(item.name, 0)) for item in fields(Counts)})
