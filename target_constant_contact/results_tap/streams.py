"""The streams of the tap: which records each run has."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any, ClassVar, Final

from singer_sdk import typing as th
from typing_extensions import override

from target_constant_contact.redaction import redacted
from target_constant_contact.reports.counts import Counts
from target_constant_contact.results_tap.stream import ResultsStream, iso, numbered, properties

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from target_constant_contact.reports.past_run import PastRun

_MEANINGS: Final = {
    "read": "Rows that arrived.",
    "landed": "Rows that became or updated a member of the list.",
    "rejected": "Rows that were not sent, because something was wrong with them.",
    "refused": "Rows that Constant Contact counted as errors.",
    "suppressed": "Rows of people who had unsubscribed.",
    "merged": "Rows that joined another row of the same address.",
    "left": "Rows that are deleted in the source, and were not imported.",
    "unchanged": "Rows that say what has landed before, and were not sent.",
    "blank": "Rows in which every mapped field is blank.",
    "unexplained": "Rows that Constant Contact neither confirmed nor explained.",
    "unsettled": "Rows that had not been imported when the run ended.",
    "copies": "How much more often than once rows are counted, because they were packed by list.",
}
_PLACES: Final = tuple(item.name for item in fields(Counts))
_COUNTS: Final = tuple(
    th.Property(name, th.IntegerType, description=_MEANINGS[name]) for name in _PLACES
)
_STREAM: Final = th.Property("stream", th.StringType, description="Stream of the rows.")
_LIST_NAME: Final = th.Property("list_name", th.StringType, description="Its name.")
_NUMBER: Final = th.Property(
    "number", th.IntegerType, required=True, description="Place in the report, from 1."
)
NO_LIST: Final = "none"
"""Id of no list: a part of a key cannot be null, and some loaders take an empty text for that."""


class Runs(ResultsStream):
    """Runs and their sums, those that have not ended among them."""

    name = "runs"
    primary_keys: ClassVar[Sequence[str]] = ("run",)
    schema: ClassVar[dict[str, Any]] = properties(
        th.Property("kind", th.StringType, description="`load` or `sweep`."),
        th.Property(
            "status",
            th.StringType,
            description="`completed`, `dry run`, `failed`; `unfinished` when it was under way, or "
            "was killed; `unreadable` when its report is damaged.",
        ),
        th.Property("started_at", th.DateTimeType, description="When it has started (UTC)."),
        th.Property("seconds", th.IntegerType, description="How long it took."),
        th.Property("connection", th.StringType, description="Name of its connection."),
        th.Property("account", th.StringType, description="Name of the account."),
        th.Property("machine", th.StringType, description="The machine it was on."),
        th.Property("folder", th.StringType, description="Folder of its files there."),
        th.Property("error", th.StringType, description="What it failed of."),
        th.Property("requests", th.IntegerType, description="Requests it has made."),
        *_COUNTS,
    )

    @override
    def records_of(self, run: PastRun) -> Iterator[dict[str, Any]]:
        yield {
            "kind": run.kind,
            "status": run.status,
            "started_at": iso(run.started_at),
            "seconds": run.seconds,
            "connection": run.connection or None,
            "account": run.account or None,
            "machine": run.machine,
            "folder": run.folder,
            "error": run.error or None,
            "requests": run.requests,
        } | (asdict(run.totals) if run.totals else dict.fromkeys(_PLACES))


class Destinations(ResultsStream):
    """The sums of each stream and list of a run. A row with two lists counts on both."""

    name = "destinations"
    primary_keys: ClassVar[Sequence[str]] = ("run", "stream", "list_id")
    schema: ClassVar[dict[str, Any]] = properties(
        th.Property("stream", th.StringType, required=True, description="Stream of the rows."),
        th.Property(
            "list_id",
            th.StringType,
            required=True,
            description="The list; `none` for rows that were rejected before theirs was known.",
        ),
        _LIST_NAME,
        *(each for each in _COUNTS if each.name != "copies"),
    )

    @override
    def records_of(self, run: PastRun) -> Iterator[dict[str, Any]]:
        sums: defaultdict[tuple[str, str], Counts] = defaultdict(Counts)
        names: dict[str, str] = {}
        for place in run.destinations:
            ids = {redacted(item.list_id): item.name for item in place.lists} or {NO_LIST: ""}
            names |= ids
            for list_id in ids:
                # As they are shown: a key that two of them share has to have the sums of both.
                sums[redacted(place.stream), list_id] += place.counts
        for (stream, list_id), counts in sums.items():
            counted = asdict(counts)
            del counted["copies"]
            yield {
                "stream": stream,
                "list_id": list_id,
                "list_name": names[list_id] or None,
            } | counted


class Imports(ResultsStream):
    """The imports of a run, as the service has counted them."""

    name = "imports"
    primary_keys: ClassVar[Sequence[str]] = ("run", "activity_id")
    schema: ClassVar[dict[str, Any]] = properties(
        th.Property(
            "activity_id",
            th.StringType,
            required=True,
            description="Constant Contact's name for the import.",
        ),
        _STREAM,
        th.Property("rows", th.IntegerType, description="Rows that were sent."),
        th.Property(
            "is_settled",
            th.BooleanType,
            description="Whether it had come to its end when the run did.",
        ),
        th.Property(
            "seconds", th.NumberType, description="From the submission until it was seen completed."
        ),
        th.Property(
            "is_taken_up",
            th.BooleanType,
            description="Whether an interrupted run had sent it, and not this one.",
        ),
        th.Property(
            "counters",
            th.ObjectType(additional_properties=th.IntegerType),
            description="Constant Contact's own counters.",
        ),
    )

    @override
    def records_of(self, run: PastRun) -> Iterator[dict[str, Any]]:
        for one in run.imports:
            record = asdict(one)
            del record["sent_at"]  # the page shows it
            yield record | {"is_settled": True, "is_taken_up": record.pop("taken_up")}
        for late in run.unsettled:
            open_still = {"seconds": None, "is_taken_up": None, "counters": None}
            yield asdict(late) | {"is_settled": False} | open_still


class Findings(ResultsStream):
    """Why rows, and values of rows, have not landed."""

    name = "findings"
    primary_keys: ClassVar[Sequence[str]] = ("run", "kind", "number")
    schema: ClassVar[dict[str, Any]] = properties(
        th.Property(
            "kind",
            th.StringType,
            required=True,
            description="`rejected`: rows that were not sent, because something was wrong; "
            "`withheld`: rows that were not sent, though nothing was; `not_landed`: rows that were "
            "sent and did not land; `dropped`: values that were left out of rows that were sent.",
        ),
        _NUMBER,
        _STREAM,
        th.Property("reason", th.StringType, description="Why."),
        th.Property("field", th.StringType, description="The record field that it is about."),
        th.Property("evidence", th.StringType, description="How it is known."),
        th.Property("count", th.IntegerType, description="How many rows; values when dropped."),
    )

    @override
    def records_of(self, run: PastRun) -> Iterator[dict[str, Any]]:
        kinds = {
            "rejected": [
                _finding(it.stream, it.reason, it.rows, it.field) for it in run.rejections
            ],
            "withheld": [_finding(it.stream, it.reason, it.rows) for it in run.withheld],
            "not_landed": [
                _finding(it.stream, it.reason, it.rows, evidence=it.evidence) for it in run.findings
            ],
            "dropped": [_finding(it.stream, it.reason, it.values, it.field) for it in run.dropped],
        }
        for kind, found in kinds.items():
            yield from ({"kind": kind} | finding for finding in numbered(found))


class Sweeps(ResultsStream):
    """What has become of the people on lists that follow segments."""

    name = "sweeps"
    primary_keys: ClassVar[Sequence[str]] = ("run", "number")
    schema: ClassVar[dict[str, Any]] = properties(
        _NUMBER,
        th.Property("stream", th.StringType, description="Stream whose segment the list follows."),
        th.Property("list_id", th.StringType, description="The list; null when none is known."),
        _LIST_NAME,
        th.Property(
            "outcome",
            th.StringType,
            description="`swept`, `planned`, `idle`, `refused` or, in a dry run, `unknown`.",
        ),
        th.Property("before", th.IntegerType, description="People on the list before."),
        th.Property("stay", th.IntegerType, description="Those of them who stay."),
        th.Property("taken_off", th.IntegerType, description="Those who were taken off."),
        th.Property(
            "not_ours",
            th.IntegerType,
            description="Those who are in no segment, and were not put there by this export.",
        ),
        th.Property(
            "left_by_themselves", th.IntegerType, description="Those whom nobody here took off."
        ),
        th.Property("way", th.StringType, description="How they were found and taken off."),
        th.Property("requests", th.IntegerType, description="Requests that it has taken."),
        th.Property("reason", th.StringType, description="Why nobody was taken off."),
    )

    @override
    def records_of(self, run: PastRun) -> Iterator[dict[str, Any]]:
        for record in numbered([asdict(one) for one in run.swept]):
            names = ("list_id", "list_name", "way", "reason")
            yield record | {name: record[name] or None for name in names}


def _finding(
    stream: str, reason: str, count: int, field: str = "", evidence: str = ""
) -> dict[str, Any]:
    return {
        "stream": stream,
        "reason": reason,
        "field": field or None,
        "evidence": evidence or None,
        "count": count,
    }


STREAMS: Final[tuple[type[ResultsStream], ...]] = (Runs, Destinations, Imports, Findings, Sweeps)
