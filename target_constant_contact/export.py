"""One run: every row is in an open batch, in flight, or settled, and the counts add up."""

from __future__ import annotations

import logging
import secrets
import sys
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from singer_sdk.singerlib.json import serialize_json

from target_constant_contact.checkpoints import Checkpoints
from target_constant_contact.contact import Rejection
from target_constant_contact.exceptions import DataError, SettingsError, TargetError
from target_constant_contact.files import make_private_folder
from target_constant_contact.importer import Importer
from target_constant_contact.packer import Packed, Packer
from target_constant_contact.rejects import RejectsFile
from target_constant_contact.report import ImportRecord, Report

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from target_constant_contact.account import Account
    from target_constant_contact.api.models import Activity
    from target_constant_contact.batch import Destination, ImportBatch
    from target_constant_contact.contact import Contact
    from target_constant_contact.flights import Flight
    from target_constant_contact.settings import Settings
    from target_constant_contact.settlement import Settlement

GIVE_UP_SECONDS: Final = 15.0
"""How long an aborted run waits for its activities; a scheduler kills after 20 to 30 seconds."""

_TOO_LARGE: Final = Rejection("record is larger than batch_size_bytes allows", "")
_logger = logging.getLogger("target-constant-contact")


class Export:
    """A run from its first row to its report.

    The main thread adds rows; the importer's thread settles them and releases STATE. What both
    touch (checkpoints, rejected rows, counts of settled rows) is guarded by one lock.

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
        self._settings = settings
        self._check = check
        self.folder = folder
        self.report = Report(folder.name, datetime.now(UTC))
        self._rejects = RejectsFile(self.folder / "rejects.singer.jsonl")
        self._packer = Packer(settings.import_format, settings.limits)
        self._checkpoints = Checkpoints()
        self._lock = threading.Lock()
        self._rows = 0
        self._contacts = 0
        self._ended = False
        self._importer = Importer(
            account.client,
            on_settled=self._on_settled,
            on_failed=wake,
            import_format=settings.import_format,
            max_in_flight=settings.max_activities_in_flight,
            timeout_seconds=settings.import_timeout_minutes * 60,
        )

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
        packed = self._packer.add(destination, self._rows, contact)
        if packed.too_large:
            self.reject(destination, _TOO_LARGE, context)
            return
        self._rows += 1
        counts = self.report.of(destination)
        counts.read += 1
        counts.merged += packed.merged
        self._contacts += not packed.merged
        self._carry_out(packed)

    def reject(
        self,
        destination: Destination,
        rejection: Rejection,
        context: Mapping[str, Any],
        *,
        hint: str = "",
    ) -> None:
        """Take one row that cannot be sent.

        Args:
            destination: Stream and lists of the row; no lists when they are not known.
            rejection: Why it cannot be sent.
            context: ``schema`` and ``message``: the Singer messages as they were read.
            hint: What else helps to correct it; for the rejects file only.
        """
        self._rows += 1
        counts = self.report.of(destination)
        counts.read += 1
        counts.rejected += 1
        self.report.reasons[destination.stream, rejection.reason, rejection.field] += 1
        reason = f"{rejection.reason}: {hint}" if hint else rejection.reason
        with self._lock:
            self._rejects.write(context["schema"], context["message"], reason, rejection.field)

    def add_state(self, state: Mapping[str, Any]) -> None:
        """Take a STATE message; it is written once every row before it is settled."""
        with self._lock:
            self._checkpoints.add(self._rows, state)
            self._release()

    def flush(self, stream: str) -> None:
        """Send the open batches of a stream."""
        for batch in self._packer.seal(stream):
            self._submit(batch)

    def open_rows(self, stream: str) -> int:
        """Rows of a stream that are in open batches."""
        return self._packer.open_rows(stream)

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
        self._importer.finish(self._check)
        if self._settings.dry_run:
            for destination in self.report.counts:
                self._count_rest_as_unsettled(destination)
        self._raise_faults()
        with self._lock:
            self._release()
        self._end("completed", None)

    def abort(self, error: BaseException) -> None:
        """Give up: wait a little for what is in flight, then write report and summary."""
        if self._ended:
            return
        self._importer.give_up(GIVE_UP_SECONDS)
        for destination in self.report.counts:
            self._count_rest_as_unsettled(destination)
        known = isinstance(error, TargetError)
        self._end("failed", str(error) if known else type(error).__name__)

    def _carry_out(self, packed: Packed) -> None:
        if packed.opened or packed.emptied:
            with self._lock:
                for number, first_row in packed.opened:
                    self._checkpoints.hold(number, first_row)
                for number in packed.emptied:
                    self._checkpoints.settle(number)
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
        if not self._settings.dry_run:
            self._importer.submit(batch, self._check)

    def _on_settled(
        self, flight: Flight, activity: Activity, settlement: Settlement, seconds: float
    ) -> None:
        batch = flight.batch
        self._log_settled(flight, settlement, seconds)
        with self._lock:
            self.report.settle(batch.destination, settlement)
            self.report.imports.append(
                ImportRecord(
                    flight.activity_id,
                    batch.destination.stream,
                    batch.rows,
                    round(seconds, 2),
                    dict(activity.counters),
                )
            )
            self._checkpoints.settle(batch.number)
            self._release()

    def _log_settled(self, flight: Flight, settlement: Settlement, seconds: float) -> None:
        rows = flight.batch.rows
        not_landed = rows - settlement.landed
        _logger.log(
            logging.WARNING if settlement.refused or settlement.unexplained else logging.INFO,
            "Activity %s of %s completed in %.1f s: %s of %s rows landed, %s refused, "
            "%s suppressed, %s unexplained",
            flight.activity_id,
            flight.batch.destination.stream,
            seconds,
            f"{settlement.landed:,}",
            f"{rows:,}",
            f"{settlement.refused:,}",
            f"{settlement.suppressed:,}",
            f"{settlement.unexplained:,}",
            extra={"activity_id": flight.activity_id, "rows": rows, "not_landed": not_landed},
        )

    def _release(self) -> None:
        """Write the newest STATE that everything read before it allows (lock held).

        It is held back while more rows are rejected than the run may end with: a run that is
        going to fail must not make the tap go on.
        """
        if self._settings.dry_run or not self._checkpoints.ready or self._too_many_rejected():
            return
        state = self._checkpoints.release()
        if state is not None:
            self._rejects.sync()
            sys.stdout.write(serialize_json(state) + "\n")
            sys.stdout.flush()

    def _too_many_rejected(self) -> list[tuple[str, float]]:
        limit = self._settings.max_rejected_percent
        streams = {destination.stream for destination in list(self.report.counts)}
        shares = [(stream, self.report.rejected_percent(stream)) for stream in sorted(streams)]
        return [(stream, share) for stream, share in shares if share > limit]

    def _raise_faults(self) -> None:
        for destination, missing in self.report.differences():
            raise DataError(
                f"The sums do not add up: of stream {destination.stream!r}, {missing:,} rows "
                f"are neither landed nor rejected. No further STATE was released. Please report "
                f"this with {self.folder / 'report.json'}"
            )
        for stream, share in self._too_many_rejected():
            raise DataError(
                f"{share:.1f} % of the rows of stream {stream!r} were rejected or refused; "
                f"max_rejected_percent is {self._settings.max_rejected_percent:g}. See the "
                f"reasons in {self.folder / 'report.json'}, correct field_mapping or the "
                "data, and run again"
            )

    def _count_rest_as_unsettled(self, destination: Destination) -> None:
        counts = self.report.of(destination)
        counts.unsettled += counts.read - counts.accounted

    def _close_rejects(self) -> None:
        """Close the file; what went wrong before it matters more than what goes wrong here."""
        try:
            with self._lock:
                self._rejects.close()
        except OSError as error:
            _logger.error("%s: %s", self._rejects.path, error.strerror)  # noqa: TRY400 - one line

    def _end(self, status: str, error: str | None) -> None:
        self._ended = True
        self._close_rejects()
        names = self.account.list_names
        ended_at = datetime.now(UTC)
        self.report.write(
            self.folder / "report.json",
            names,
            ended_at=ended_at.isoformat(timespec="seconds"),
            status="dry run" if self._settings.dry_run and not error else status,
            error=error,
            connection=self.account.connection_name,
            account=self.account.name,
            requests=self.account.client.requests_made,
            rejects_file=str(self._rejects.path) if self.report.reasons else None,
        )
        for line in self.report.summary(names):
            _logger.info("%s", line)
        if unexplained := self.report.totals.unexplained:
            _logger.warning(
                "%s rows are unexplained: Constant Contact's counters neither confirm nor "
                "explain them. Compare the list with the segment",
                f"{unexplained:,}",
            )
        seconds = (ended_at - self.report.started_at).total_seconds()
        _logger.info(
            "Run %s %s in %.1f s with %s requests; report: %s",
            self.report.run,
            status,
            seconds,
            f"{self.account.client.requests_made:,}",
            self.folder / "report.json",
        )


def make_run_folder(data_dir: Path) -> Path:
    """Make the folder of a new run and the folders above it, for their owner only.

    Raises:
        SettingsError: The data folder cannot be written.
    """
    run = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
    path = data_dir / "runs" / run
    try:
        make_private_folder(path)
    except OSError as error:
        fault = (
            f"data_dir: cannot write below {data_dir} ({error.strerror}); set data_dir to "
            "a folder that can be written"
        )
        raise SettingsError([fault]) from error
    return path
