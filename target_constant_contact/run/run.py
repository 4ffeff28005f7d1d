"""One run: every row is in an open batch, in flight, or settled, and the counts add up."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from target_constant_contact.batches.packer import Packer
from target_constant_contact.contacts.contact import Rejection
from target_constant_contact.contacts.encoding import encode_contact
from target_constant_contact.data_folder import REPORT_FILE
from target_constant_contact.exceptions import DataError, SettingsError, TargetError
from target_constant_contact.imports.contract import ContractGuard
from target_constant_contact.imports.importer import Importer
from target_constant_contact.imports.recovery import Recovery
from target_constant_contact.ledger.ledger import Ledger
from target_constant_contact.reports.advice import FormatAdvice
from target_constant_contact.run.accounting import Accounting
from target_constant_contact.verification.kept import forget_rows
from target_constant_contact.verification.verifier import Verifier
from target_constant_contact.waiting import Waiting

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from target_constant_contact.account.account import Account
    from target_constant_contact.batches.batch import Destination, ImportBatch
    from target_constant_contact.batches.chunk import Run
    from target_constant_contact.batches.packer import Packed
    from target_constant_contact.contacts.contact import Contact
    from target_constant_contact.imports.settled import SettledImport
    from target_constant_contact.ledger.settlement import Settlement
    from target_constant_contact.mapping.field_mapping import FieldMapping
    from target_constant_contact.reports.report import Report
    from target_constant_contact.settings.settings import Settings

GIVE_UP_SECONDS: Final = 15.0
"""How long an aborted run waits for its activities; a scheduler kills after 20 to 30 seconds."""

_FEW: Final = 16
"""Rows that are not worth being taken together."""
_TOO_LARGE: Final = Rejection("record is larger than batch_size_bytes allows", "")
_logger = logging.getLogger("target-constant-contact")


class Export:
    """A run from its first row to its report.

    Args:
        settings: The settings.
        account: The account that members go to.
        folder: Folder of the run, for its report and its rejected rows.
        check: Called while waiting; it raises when the run is to stop.
        wake: Called in the importer's thread when the run has failed while reading may be
            blocked.
    """

    def __init__(
        self,
        settings: Settings,
        account: Account,
        folder: Path,
        *,
        check: Callable[[], None] = lambda: None,
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        self.account = account
        self.folder = folder
        self._settings = settings
        self._waiting = Waiting(settings.import_timeout_minutes * 60, check)
        self._accounting = Accounting(
            folder,
            max_rejected_percent=settings.max_rejected_percent,
            release_state=not settings.dry_run,
        )
        self._packer = Packer(settings.import_format, settings.limits)
        self._advice = FormatAdvice(settings.limits, settings.import_format)
        self._contacts = 0
        self._begun = False
        self._all_settled = False
        self._concluded = False
        self._ended = False
        self._ledger = Ledger(account.ledger_folder, folder.name)
        self._guard = ContractGuard(
            account.client,
            self._waiting,
            max_active=settings.max_active_contacts,
            max_new=settings.max_new_contacts,
        )
        self._verifier = Verifier(
            account.client, folder, settings.verify, settings.import_format, self._waiting
        )
        self._kept: dict[int, Settlement] = {}
        self._importer = Importer(
            account.client,
            self._ledger,
            self._waiting,
            on_settled=self._on_settled,
            on_failed=wake,
            import_format=settings.import_format,
            max_in_flight=settings.max_activities_in_flight,
        )

    def begin(self) -> None:
        """Keep other runs of the same export out, and take up one that was interrupted.

        Raises:
            TryLaterError: Another run of the same export does not come to its end.
            TargetError: The service cannot be asked what became of an interrupted run.
        """
        if self._settings.dry_run:
            return
        self._begun = True
        self._ledger.open(self._waiting)
        for run in self._ledger.interrupted_runs:
            forget_rows(self.folder.parent / run)
        Recovery(self.account.client, self._ledger, self._waiting).run()

    def know(self, stream: str, schema: Mapping[str, Any], mapping: FieldMapping) -> None:
        """Note the SCHEMA message and the mapping of a stream."""
        self._accounting.know(stream, schema, mapping)
        self._advice.know(stream, mapping)

    def add(
        self,
        destination: Destination,
        contact: Contact,
        context: Mapping[str, Any],
    ) -> None:
        """Take one row.

        Args:
            destination: Stream and lists of the row.
            contact: What the row was mapped to.
            context: ``schema`` and ``message``: the Singer messages as they were read.
        """
        if not self._add(destination, contact.key, encode_contact(contact.properties)):
            self.reject(destination, _TOO_LARGE, context)

    def add_run(self, run: Run, leave: Callable[[int], None]) -> None:
        """Take many rows, as if they came one after the other.

        Args:
            run: The rows, mapped.
            leave: Called, in its place among the others, with the position of every row that
                cannot be sent.
        """
        start = 0
        for place in run.unfit:
            self._add_rows(run, start, place, leave)
            leave(place)
            start = place + 1
        self._add_rows(run, start, len(run.keys), leave)

    def _add_rows(self, run: Run, start: int, stop: int, leave: Callable[[int], None]) -> None:
        """Take the rows between two positions: all at once, or else in halves."""
        if stop - start <= _FEW:
            for place in range(start, stop):
                if not self._add(run.slots[place][0], run.keys[place], run.bodies[place]):
                    leave(place)
        elif not self._add_at_once(run, start, stop):
            middle = (start + stop) // 2
            self._add_rows(run, start, middle, leave)
            self._add_rows(run, middle, stop, leave)

    def _add_at_once(self, run: Run, start: int, stop: int) -> bool:
        part = slice(start, stop)
        if self._contacts + stop - start > self._settings.max_profiles_per_export:
            return False
        taken = self._packer.add_all(run.slots[part], run.keys[part], run.bodies[part])
        if taken is None:
            return False
        self._accounting.read_all(taken)
        self._contacts += stop - start
        return True

    def _add(self, destination: Destination, key: str, encoded: bytes) -> bool:
        """Take one row; False when it is too large to be sent."""
        packed = self._packer.add(destination, self._accounting.rows, key, encoded)
        if packed.too_large:
            return False
        self._accounting.read(destination, merged=packed.merged)
        self._contacts += not packed.merged
        self._carry_out(packed)
        return True

    def reject(
        self,
        destination: Destination,
        rejection: Rejection,
        context: Mapping[str, Any],
        *,
        hint: str = "",
    ) -> None:
        """Take one row that cannot be sent, as :meth:`Accounting.reject` describes it."""
        self._accounting.reject(destination, rejection, context, hint=hint)

    def add_state(self, state: Mapping[str, Any]) -> None:
        """Take a STATE message; it is written once every row before it is settled."""
        self._accounting.add_state(state)

    def flush(self, stream: str) -> None:
        """Send the open batches of a stream."""
        for batch in self._packer.seal(stream):
            self._submit(batch)

    def open_rows(self, stream: str) -> int:
        """Rows of a stream that are in open batches."""
        return self._packer.open_rows(stream)

    @property
    def report(self) -> Report:
        """The counts of the run."""
        return self._accounting.report

    @property
    def failed(self) -> bool:
        """Whether the run cannot succeed any more."""
        return self._importer.failure is not None

    def raise_failure(self) -> None:
        """Raise what makes success impossible, if anything does."""
        self._importer.raise_failure()

    def finish(self) -> None:
        """Settle everything, check the sums, and write report and summary.

        Raises:
            DataError: Too many rows were rejected, or the sums do not add up.
            TargetError: An import failed, or the service cannot be used.
        """
        for batch in self._packer.seal():
            self._submit(batch)
        self._importer.finish()
        self._all_settled = True
        for explanation in self._verifier.explain():
            self._accounting.explain(self._kept[explanation.number], explanation)
        if self._settings.dry_run:
            self._accounting.count_rest_as_unsettled()
        self._accounting.raise_faults()
        self._accounting.release()
        self._concluded = True
        self._end("dry run" if self._settings.dry_run else "completed", None)

    def abort(self, error: BaseException) -> None:
        """Give up: wait a little for what is in flight, then write report and summary."""
        if self._ended:
            return
        self._importer.give_up(GIVE_UP_SECONDS)
        self._accounting.count_rest_as_unsettled()
        self._concluded = self._all_settled and isinstance(error, DataError)
        known = isinstance(error, TargetError)
        self._end("failed", str(error) if known else type(error).__name__)

    def _carry_out(self, packed: Packed) -> None:
        if packed.opened or packed.emptied:
            self._accounting.hold(packed.opened, packed.emptied)
        if self._contacts > self._settings.max_profiles_per_export:
            limit = self._settings.max_profiles_per_export
            fault = (
                f"The export has more than {limit:,} profiles (max_profiles_per_export); the "
                "rest was not sent. Split the segment, or raise max_profiles_per_export"
            )
            raise SettingsError([fault])
        for batch in packed.sealed:
            self._submit(batch)

    def _submit(self, batch: ImportBatch) -> None:
        self._advice.note(batch)
        if not self._settings.dry_run:
            self._guard.admit(batch)
            self._importer.submit(batch)

    def _on_settled(self, done: SettledImport) -> None:
        _log_settled(done)
        if self._verifier.keep(done.batch, done.activity, done.settlement):
            self._kept[done.batch.number] = done.settlement
        self._accounting.settle(done)

    def _end(self, status: str, error: str | None) -> None:
        self._ended = True
        self._close()
        accounting, report = self._accounting, self.report
        names = self.account.list_names
        ended_at = datetime.now(UTC)
        requests = self.account.client.requests_made
        used_today, per_day = self.account.requests_today
        advice = list(self._advice.lines())
        report.write(
            self.folder / REPORT_FILE,
            names,
            ended_at=ended_at.isoformat(timespec="seconds"),
            status=status,
            error=error,
            connection=self.account.connection_name,
            account=self.account.name,
            requests=requests,
            requests_today=used_today,
            requests_per_day=per_day,
            advice=advice,
            rejects_file=str(accounting.rejects_path) if accounting.rejects_path else None,
        )
        for line in (*report.summary(names), *advice):
            _logger.info("%s", line)
        seconds = (ended_at - report.started_at).total_seconds()
        _logger.info(
            "Run %s: %s in %.1f s with %s requests (%s of the day's %s are used); report: %s",
            report.run,
            status,
            seconds,
            f"{requests:,}",
            f"{used_today:,}",
            f"{per_day:,}",
            self.folder / REPORT_FILE,
        )

    def _close(self) -> None:
        """Close the files; what went wrong before it matters more than what goes wrong here.

        The ledger is ended only when the run has said what became of every row. Otherwise the next
        run takes it up.
        """
        self._verifier.close()
        try:
            self._accounting.close()
            if self._begun and self._concluded:
                self._ledger.finish()
        except (OSError, TargetError) as error:
            _logger.error("%s: %s", self.folder, error)  # noqa: TRY400 - one line
        if self._begun:
            self._ledger.close()


def _log_settled(done: SettledImport) -> None:
    rows, settlement = done.batch.rows, done.settlement
    not_landed = rows - settlement.landed
    _logger.log(
        logging.WARNING if settlement.refused or settlement.unexplained else logging.INFO,
        "Activity %s of %s %s: %s of %s rows landed, %s refused, %s suppressed, %s unexplained",
        done.activity.activity_id,
        done.batch.destination.stream,
        "taken up" if done.taken_up else f"completed in {done.seconds:.1f} s",
        f"{settlement.landed:,}",
        f"{rows:,}",
        f"{settlement.refused:,}",
        f"{settlement.suppressed:,}",
        f"{settlement.unexplained:,}",
        extra={
            "activity_id": done.activity.activity_id,
            "rows": rows,
            "not_landed": not_landed,
        },
    )
