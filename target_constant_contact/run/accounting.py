"""Accounts for the rows of a run: counts, rejected rows, and the STATE that they allow.

The main thread reads rows; the importer's thread settles them and releases STATE. What both touch
is guarded by one lock.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from target_constant_contact.data_folder import REJECTS_FILE, REPORT_FILE
from target_constant_contact.events.kinds import RowsRead, RowsRejected
from target_constant_contact.reports.counts import WITHHELD
from target_constant_contact.reports.imported import ImportRecord
from target_constant_contact.reports.rejects import RejectsFile
from target_constant_contact.reports.report import Report
from target_constant_contact.run.checkpoints import Checkpoints
from target_constant_contact.run.faults import raise_faults
from target_constant_contact.run.rejection_limit import RejectionLimit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from target_constant_contact.batches.batch import Destination
    from target_constant_contact.batches.list_group import ListGroup
    from target_constant_contact.contacts.contact import Rejection
    from target_constant_contact.events.events import Events
    from target_constant_contact.imports.settled import SettledImport
    from target_constant_contact.mapping.field_mapping import FieldMapping
    from target_constant_contact.reports.counts import PassedOver
    from target_constant_contact.run.hooks import Encode, WriteState
    from target_constant_contact.verification.explanation import Explanation, Finding

_TELL_ROWS: Final = 500
"""Rows after which it is told that they were read: that costs as much as to handle a row does."""


# What has to be said of every row, under one lock.
class Accounting:
    """The books of a run.

    Args:
        folder: Folder of the run; the rejected rows go there.
        max_rejected_percent: Share of a stream's rows beyond which the run cannot succeed.
        encode: Encodes a rejected row; None: none is written.
        write_state: Puts out a STATE that may leave; None: none may.
        events: Who is told of the rows.

    Attributes:
        folder: As above.
        report: The counts.
        rows: Rows read so far.
    """

    def __init__(
        self,
        folder: Path,
        *,
        max_rejected_percent: float,
        encode: Encode | None,
        write_state: WriteState | None,
        events: Events,
    ) -> None:
        self.folder = folder
        self.report = Report(folder.name, datetime.now(UTC))
        self.rows = 0
        self._events = events
        events.listen(self.report.waits.hear)
        self._write_state = write_state
        self._rejects = RejectsFile(folder / REJECTS_FILE, encode)
        self._limit = RejectionLimit(max_rejected_percent, self.report, self._rejects.path)
        self._checkpoints = Checkpoints()
        self._streams: dict[str, tuple[Mapping[str, Any], FieldMapping]] = {}
        self._found: set[int] = set()
        self._lock = threading.Lock()

    @property
    def rejects_path(self) -> Path | None:
        """The file of rejected rows; None when there are none."""
        return self._rejects.path if self.report.reasons or self.report.findings else None

    def know(self, stream: str, schema: Mapping[str, Any], mapping: FieldMapping) -> None:
        """Note the SCHEMA message and the mapping of a stream, for rows that are found later."""
        with self._lock:
            self._streams[stream] = (schema, mapping)
        for field, _, read in mapping.dates:
            self.report.date_orders.know(stream, field, read)

    def read(self, destination: Destination, *, merged: bool) -> None:
        """Count a row that goes into a batch."""
        self._count(1)
        counts = self.report.of(destination)
        counts.read += 1
        counts.merged += merged

    def read_all(self, taken: Iterable[tuple[Destination, int]]) -> None:
        """Count many rows that go into batches, none of which has joined another.

        Args:
            taken: Destinations and numbers of rows.
        """
        for destination, rows in taken:
            self._count(rows)
            self.report.of(destination).read += rows

    def reject(
        self,
        destination: Destination,
        rejection: Rejection,
        context: Mapping[str, Any],
        *,
        hint: str = "",
    ) -> None:
        """Count a row that cannot be sent, and write it to the file of rejected rows.

        Args:
            destination: Stream and lists of the row; no lists when they are not known.
            rejection: Why it cannot be sent.
            context: ``schema`` and ``message``: the Singer messages as they were read.
            hint: What else helps to correct it; for the rejects file only.

        Raises:
            AllRejectedError: It is one of many, none of which can be sent.
        """
        self._count(1)
        counts = self.report.of(destination)
        counts.read += 1
        counts.rejected += 1
        self._events.tell(RowsRejected(destination.stream, rejection.reason, rejection.field))
        self.report.reasons[destination.stream, rejection.reason, rejection.field] += 1
        self.report.held_back[destination, "rejected", rejection.with_field] += 1
        if rejection.field in (row := context["message"]["record"]):
            self.report.examples.add(
                destination.stream, rejection.reason, rejection.field, row[rejection.field]
            )
        reason = f"{rejection.reason}: {hint}" if hint else rejection.reason
        with self._lock:
            self._rejects.write(context["schema"], context["message"], reason, rejection.field)
        self._limit.check(destination.stream)

    def pass_over(
        self, destination: Destination, place: PassedOver, reason: str = "", rows: int = 1
    ) -> None:
        """Count a row that is not to be imported, though nothing is wrong with it.

        Args:
            destination: Stream and lists of the row; no lists when each row names its own.
            place: Where it is counted.
            reason: Why, where the place does not say it.
            rows: How many such rows there are.
        """
        self._count(rows)
        counts = self.report.of(destination)
        counts.read += rows
        setattr(counts, place, getattr(counts, place) + rows)
        if reason:
            self.report.withheld[destination.stream, reason] += rows
        if place in WITHHELD:
            self.report.held_back[destination, place, reason] += rows

    def hold(self, opened: Iterable[tuple[int, int]], emptied: Iterable[int]) -> None:
        """Note which batches hold rows from which row on, and which hold none any more."""
        with self._lock:
            for number, first_row in opened:
                self._checkpoints.hold(number, first_row)
            for number in emptied:
                self._checkpoints.settle(number)

    def pack_by_list(self, group: ListGroup) -> None:
        """Count rows for each of their lists from now on, because they travel by list."""
        # The lock: a settled import of the same lists may be counted at this moment.
        with self._lock:
            self.report.pack_by_list(group.stream, group.combinations, len(group.batches))

    def settle(self, done: SettledImport, *, held: bool = False) -> None:
        """Count what became of the rows of an import, and write the STATE that this allows.

        Rows that the service neither confirms nor explains hold STATE back.

        Args:
            done: The import.
            held: It holds STATE back whatever its counters say, until it is explained.
        """
        batch = done.batch
        record = ImportRecord(
            done.activity.activity_id,
            batch.destination.stream,
            batch.rows,
            round(done.seconds, 2),
            dict(done.activity.counters),
            done.taken_up,
            round(self.report.waits.elapsed - done.seconds, 2),
        )
        with self._lock:
            self.report.settle(batch.destination, done.settlement)
            self.report.imports.append(record)
            if not held and not done.settlement.unexplained:
                self._checkpoints.settle(batch.number)
            self._release()

    def explain(self, explanation: Explanation) -> None:
        """Count again what verification has explained, and write the rows that it has found."""
        place = explanation.destination
        with self._lock:
            self.report.correct(place, explanation.counted, explanation.settlement)
            for finding in explanation.findings:
                if self._is_known(place.stream, finding):
                    continue
                self.report.findings[place.stream, finding.reason, finding.evidence] += 1
                self._write(place.stream, finding)
            if not explanation.settlement.unexplained:
                self._checkpoints.settle(explanation.number)
            self._release()

    def add_state(self, state: Mapping[str, Any]) -> None:
        """Take a STATE message; it is written once every row before it is settled."""
        with self._lock:
            self._checkpoints.add(self.rows, state)
            self._release()

    def release(self) -> None:
        """Write the newest STATE that everything read before it allows."""
        with self._lock:
            self._release()

    def count_rest_as_unsettled(self) -> None:
        """Give every row that has no place yet the place ``unsettled``."""
        for counts in self.report.counts.values():
            counts.unsettled += counts.read - counts.accounted

    def raise_faults(self) -> None:
        """Raise what keeps a run from succeeding although everything is settled.

        Raises:
            DataError: The sums do not add up, rows are unexplained, or too many are rejected.
        """
        raise_faults(self.report, self._limit, self.folder / REPORT_FILE)

    def close(self) -> None:
        """Sync and close the file of rejected rows.

        Raises:
            StorageError: It could not be written.
        """
        with self._lock:
            self._rejects.close()

    def _count(self, rows: int) -> None:
        before, self.rows = self.rows, self.rows + rows
        # Of few rows, or of a slow tap, each one counts.
        if before < _TELL_ROWS or self.rows // _TELL_ROWS > before // _TELL_ROWS:
            self._events.tell(RowsRead(self.rows))

    def _is_known(self, stream: str, finding: Finding) -> bool:
        """Whether a row that was packed by list was found for another of its lists already."""
        if stream not in self.report.by_list:
            return False
        known = len(self._found)
        self._found.add(hash((stream, finding.properties["email"], finding.reason)))
        return len(self._found) == known

    def _write(self, stream: str, finding: Finding) -> None:
        """Write a row that was sent and has not landed as a record that can be sent again."""
        schema, mapping = self._streams[stream]
        record = mapping.as_record(finding.properties)
        message = {"type": "RECORD", "stream": stream, "record": record}
        reason = f"{finding.reason}: {finding.words}" if finding.words else finding.reason
        self._rejects.write(schema, message, reason, "", evidence=finding.evidence)

    def _release(self) -> None:
        """Write the newest STATE that everything read before it allows (lock held).

        It is held back while more rows are rejected than the run may end with, or dates are
        misread: a run that is going to fail must not make the tap go on.
        """
        if not self._write_state or not self._checkpoints.ready:
            return
        if self._limit.exceeded() or self.report.date_orders.misread():
            return
        state = self._checkpoints.release()
        if state is not None:
            # Once STATE has left, the tap never sends the rows before it again: those that were
            # rejected must outlive a crash of the machine.
            self._rejects.sync()
            self._write_state(state)
