"""Counts per stream and list that must add up, as ``report.json`` and as a summary."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from target_constant_contact.batches.batch import Destination
from target_constant_contact.ledger.settlement import Settlement
from target_constant_contact.reports.counts import Counts, bad_rows
from target_constant_contact.reports.date_orders import DateOrders
from target_constant_contact.reports.examples import Examples
from target_constant_contact.reports.imported import ImportRecord, PackedByList
from target_constant_contact.reports.waits import LimitWaits

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from target_constant_contact.contacts.contact import Rejection
    from target_constant_contact.reports.planned import Planned
    from target_constant_contact.reports.segments import SegmentUse
    from target_constant_contact.reports.swept import SweptList


@dataclass(slots=True)
class Report:  # one attribute for each part of the report
    """What a run has done, row by row.

    Attributes:
        run: Name of the run, which is also the name of its folder.
        started_at: When it started.
        counts: Counts per stream and set of lists.
        reasons: Rejected rows per stream, reason and field.
        withheld: Rows that may not be sent, or need not be, per stream and reason.
        held_back: Rows that were rejected or withheld, per stream and lists, place and reason.
        dropped: Values that were left out of rows that were sent, per stream, reason and field.
        findings: Rows that were sent and have not landed, as far as they could be named, per
            stream, reason and kind of evidence.
        imports: The settled imports.
        by_list: What was packed by list, per stream.
        date_orders: What columns of dates show of their order of day and month.
        segments: Which streams fell under which entry of ``segments``.
        swept: Lists that people were taken off.
        kind: ``load`` or ``sweep``.
        versions: Rows of streams that had come before their latest ACTIVATE_VERSION.
        replays: Whether the rows of a stream come from a file of rejected rows.
        examples: What values looked like that rows were rejected for.
        waits: How long the run has waited for the limits of the service.
        planned: What would change in the account, in a run that changes nothing.
    """

    run: str
    started_at: datetime
    counts: dict[Destination, Counts] = field(default_factory=dict)
    reasons: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    withheld: Counter[tuple[str, str]] = field(default_factory=Counter)
    held_back: Counter[tuple[Destination, str, str]] = field(default_factory=Counter)
    dropped: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    findings: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    imports: list[ImportRecord] = field(default_factory=list)
    by_list: dict[str, PackedByList] = field(default_factory=dict)
    date_orders: DateOrders = field(default_factory=DateOrders)
    segments: list[SegmentUse] = field(default_factory=list)
    swept: list[SweptList] = field(default_factory=list)
    kind: str = "load"
    versions: dict[str, int] = field(default_factory=dict)
    replays: dict[str, bool] = field(default_factory=dict)
    examples: Examples = field(default_factory=Examples)
    waits: LimitWaits = field(default_factory=LimitWaits)
    planned: Planned | None = None

    def of(self, destination: Destination) -> Counts:
        """The counts of a destination, made at its first use."""
        counts = self.counts.get(destination)
        if counts is None:
            counts = self.counts[destination] = Counts()
        return counts

    def of_stream(self, stream: str) -> list[Counts]:
        """The counts of a stream, by its lists."""
        # A copy: the importer's thread asks while the main thread meets new destinations.
        places = list(self.counts.items())
        return [counts for place, counts in places if place.stream == stream]

    def copies_of(self, stream: str) -> int:
        """How much more often than once the rows of a stream are counted."""
        return self.by_list[stream].copies if stream in self.by_list else 0

    def drop(self, stream: str, values: Iterable[Rejection]) -> None:
        """Count values that are left out of a row that is sent.

        Args:
            stream: Name of the stream.
            values: Why each cannot be sent.
        """
        for value in values:
            self.dropped[stream, value.reason, value.field] += 1

    def pack_by_list(
        self, stream: str, combinations: Iterable[tuple[Destination, int]], imports: int
    ) -> None:
        """Count rows of several lists for each of these lists from now on.

        Args:
            stream: Name of the stream.
            combinations: Sets of lists, with the numbers of rows.
            imports: How many imports would have carried them.
        """
        packed = self.by_list.setdefault(stream, PackedByList())
        packed.imports_by_combination += imports
        for destination, rows in combinations:
            packed.rows += rows
            packed.copies += rows * (len(destination.list_ids) - 1)
            counts = self.of(destination)
            counts.read -= rows
            if counts == Counts():
                del self.counts[destination]
            for list_id in destination.list_ids:
                self.of(Destination(stream, (list_id,))).read += rows

    def note_list_import(self, destination: Destination, merged: int) -> None:
        """Count an import of rows that were packed by list.

        Args:
            destination: Stream and list.
            merged: Rows of people whom the list had already, by another row.
        """
        self.by_list[destination.stream].imports += 1
        self.of(destination).merged += merged

    def settle(self, destination: Destination, settlement: Settlement) -> None:
        """Count what became of the rows of one import."""
        self.correct(destination, Settlement(0), settlement)

    def correct(self, destination: Destination, before: Settlement, after: Settlement) -> None:
        """Count the rows of one import anew."""
        counts = self.of(destination)
        counts.landed += after.landed - before.landed
        counts.refused += after.refused - before.refused
        counts.suppressed += after.suppressed - before.suppressed
        counts.unexplained += after.unexplained - before.unexplained

    @property
    def totals(self) -> Counts:
        """The counts of the whole run, in which every row is read once."""
        counts = sum(self.counts.values(), Counts())
        counts.copies = sum(packed.copies for packed in self.by_list.values())
        counts.read -= counts.copies
        return counts

    def rejected_percent(self, stream: str) -> float:
        """Share of a stream's rows that were rejected here or refused by the service.

        A row that was packed by list may be refused for several lists, and counts once. Rows that
        had left and blank rows do not count, unless there is nothing but blank rows: then most
        likely the mapping reads the wrong fields.
        """
        of_stream, copies = self.of_stream(stream), self.copies_of(stream)
        judged = sum(counts.judged for counts in of_stream) - copies
        if not judged:
            return 100.0 if self.is_blank(stream) else 0.0
        return 100 * bad_rows(of_stream, copies) / judged

    def note_replay(self, stream: str, *, is_replay: bool) -> None:
        """Note whether the rows of a stream come from a file of rejected rows."""
        # All of its SCHEMA messages have to say so: beside a tap's own rows they are no such file.
        self.replays[stream] = is_replay and self.replays.get(stream, True)

    def note_version(self, stream: str) -> None:
        """Note that an ACTIVATE_VERSION of a stream has come."""
        self.versions[stream] = self._rows_of(stream)

    def ends_with_version(self, stream: str) -> bool:
        """Whether no row of a stream has come after its latest ACTIVATE_VERSION."""
        return self.versions.get(stream) == self._rows_of(stream)

    def _rows_of(self, stream: str) -> int:
        return sum(counts.read for counts in self.of_stream(stream)) - self.copies_of(stream)

    def is_blank(self, stream: str) -> bool:
        """Whether a stream has blank rows, and no other but those that had left."""
        of_stream = self.of_stream(stream)
        return any(each.blank for each in of_stream) and not any(each.judged for each in of_stream)

    def differences(self) -> Iterator[tuple[Destination, int]]:
        """Destinations whose sums do not add up, with the rows that are missing."""
        for destination, counts in self.counts.items():
            if counts.accounted != counts.read:
                yield destination, counts.read - counts.accounted

    def document(self, list_names: Mapping[str, str], **facts: Any) -> dict[str, Any]:
        """The report, as ``report.json`` and the store have it.

        Args:
            list_names: Names of the lists by id.
            facts: Further members of the report: status, error, requests ...
        """
        document = {
            "run": self.run,
            "kind": self.kind,
            "started_at": self.started_at.isoformat(timespec="seconds"),
            **facts,
            "totals": asdict(self.totals),
            "destinations": [
                {"stream": destination.stream, "lists": _lists(destination, list_names)}
                | asdict(counts)
                for destination, counts in self.counts.items()
            ],
            "rejections": _listed(self.reasons, "stream", "reason", "field", "rows"),
            "withheld": _listed(self.withheld, "stream", "reason", "rows"),
            "dropped": _listed(self.dropped, "stream", "reason", "field", "values"),
            "findings": _listed(self.findings, "stream", "reason", "evidence", "rows"),
            "packed_by_list": [
                {"stream": stream} | asdict(packed) for stream, packed in self.by_list.items()
            ],
            "date_orders": self.date_orders.as_list(),
            "imports": [asdict(record) for record in self.imports],
            "segments": [asdict(use) for use in self.segments],
            "swept": [asdict(one) for one in self.swept],
            "streams": [*self.replays],
            "replayed": [stream for stream, is_replay in self.replays.items() if is_replay],
            "waits": self.waits.as_list(),
            "examples": self.examples.as_list(),
        }
        if self.planned:
            document["planned"] = self.planned.as_dict()
        return document


def _listed(numbers: Counter[Any], *names: str) -> list[dict[str, Any]]:
    """Counted keys with their numbers as members of these names, the most frequent first."""
    return [dict(zip(names, (*key, count), strict=True)) for key, count in numbers.most_common()]


def _lists(destination: Destination, names: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"id": list_id, "name": names.get(list_id, "")} for list_id in destination.list_ids]
