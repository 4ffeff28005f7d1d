"""What a run leaves to read when it ends: its report, and a summary in the log."""

from __future__ import annotations

import logging
import shlex
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from target_constant_contact.data_folder import REPORT_FILE, usable
from target_constant_contact.files import write_whole
from target_constant_contact.reports.imported import UnsettledImport
from target_constant_contact.reports.replay import replay_lines
from target_constant_contact.wording import are, counted, them, were

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from target_constant_contact.account.account import Account
    from target_constant_contact.ledger.entry import Entry
    from target_constant_contact.ledger.ledger import Ledger
    from target_constant_contact.reports.advice import FormatAdvice
    from target_constant_contact.reports.report import Report
    from target_constant_contact.run.accounting import Accounting
    from target_constant_contact.run.record import RunRecord

_logger = logging.getLogger("target-constant-contact")


class Ending:
    """Writes report and summary.

    Args:
        folder: Folder of the run.
        account: The account that members went to.
        accounting: The counts.
        advice: What would make the next run need fewer requests.
        ledger: What this run and interrupted ones have sent.
    """

    def __init__(
        self,
        folder: Path,
        account: Account,
        accounting: Accounting,
        advice: FormatAdvice,
        ledger: Ledger,
    ) -> None:
        self._path = folder / REPORT_FILE
        self._account = account
        self._accounting = accounting
        self._advice = advice
        self._ledger = ledger
        self._record: RunRecord | None = None

    def note(self, record: RunRecord) -> None:
        """Note in the store that the run is under way, and at its end what has come of it.

        Raises:
            TargetError: The store cannot be used.
        """
        record.begin()
        self._record = record

    def write(self, status: str, error: str | None) -> None:
        """Write ``report.json``, log the summary, and have the store know it.

        Args:
            status: How the run has ended.
            error: Why it has failed, if it has.
        """
        ended_at, advice = datetime.now(UTC), list(self._advice.lines())
        text = self._as_json(status, error, ended_at, advice)
        try:
            with usable(self._path):
                write_whole(self._path, text)
            self._tell([*self._summary(dry_run=status == "dry run"), *advice], error)
            self._tell_end(status, ended_at)
        finally:
            if self._record:
                # A run that is told to stop has little time left.
                self._record.end(text, insist=error is None)

    def _as_json(
        self, status: str, error: str | None, ended_at: datetime, advice: Sequence[str]
    ) -> str:
        account, rejects = self._account, self._accounting.rejects_path
        used_today, per_day = account.requests_today
        return self._accounting.report.as_json(
            account.list_names,
            ended_at=ended_at.isoformat(timespec="seconds"),
            status=status,
            error=error,
            connection=account.connection_name,
            account=account.name,
            requests=account.client.requests_made,
            requests_today=used_today,
            requests_per_day=per_day,
            advice=advice,
            rejects_file=str(rejects) if rejects else None,
            unsettled_imports=list(map(_record, self._ledger.unsettled)),
        )

    def _tell_end(self, status: str, ended_at: datetime) -> None:
        report = self._accounting.report
        used_today, per_day = self._account.requests_today
        of_day = f" ({used_today:,} of the day's {per_day:,} are used)" if used_today else ""
        _logger.info(
            "Run %s: %s in %.1f s with %s%s; report: %s",
            report.run,
            status,
            (ended_at - report.started_at).total_seconds(),
            counted(self._account.client.requests_made, "request"),
            of_day,
            self._path,
        )

    def _tell(self, lines: Iterable[str], error: str | None) -> None:
        """Log the summary; name columns of dates with two orders, unless the run failed for them.

        Args:
            lines: The summary.
            error: Why the run has failed, if it has.
        """
        for line in lines:
            _logger.info("%s", line)
        for line in self._accounting.report.date_orders.lines():
            if line != error:
                _logger.warning("%s", line)
        if unsettled := self._ledger.unsettled:
            _logger.warning("%s", _in_flight(unsettled))

    def _summary(self, *, dry_run: bool) -> Iterator[str]:
        """Lines for people: the sums, and where the rows are that can be corrected."""
        report, rejects = self._accounting.report, self._accounting.rejects_path
        yield from report.summary(self._account.list_names, dry_run=dry_run)
        yield from replay_lines(report, rejects, dry_run=dry_run)
        if rejects and report.reasons:
            yield (
                f"Rejected rows: {rejects}; correct them there and send them again with: "
                f"target-constant-contact --config ... --input {shlex.quote(str(rejects))} "
                "(in a spreadsheet: target-constant-contact rejects --data-dir "
                f"{shlex.quote(str(rejects.parents[2]))} --csv --output rows.csv {report.run})"
            )
        elif rejects:
            yield f"Rows that did not land: {rejects}"
        yield from _taken_up(report, len(self._ledger.accepted))


def _taken_up(report: Report, sent: int) -> Iterator[str]:
    """What became of the imports of interrupted runs."""
    rows = [record.rows for record in report.imports if record.taken_up]
    if sent:
        yield (
            f"{len(rows):,} of {counted(sent, 'import')} of interrupted runs {were(len(rows))} "
            f"taken up, with {counted(sum(rows), 'row')}; rows of others are sent again"
        )


def _record(entry: Entry) -> dict[str, object]:
    return asdict(UnsettledImport(entry.activity_id, entry.stream, entry.rows))


def _in_flight(unsettled: Sequence[Entry]) -> str:
    rows, imports = sum(one.rows for one in unsettled), len(unsettled)
    return (
        f"{counted(imports, 'import')} with {counted(rows, 'row')} {were(imports)} accepted and "
        f"{are(imports)} not settled; the next run asks what became of {them(imports)}"
    )
