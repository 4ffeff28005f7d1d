"""How a load ends: its report, and a summary for people."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from typing import TYPE_CHECKING

from target_constant_contact.log_fields import Line
from target_constant_contact.reports.imported import UnsettledImport
from target_constant_contact.reports.replay import replay_lines
from target_constant_contact.reports.summary import summary
from target_constant_contact.run.ends import run_ended
from target_constant_contact.wording import are, counted, them, were

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from target_constant_contact.account.account import Account
    from target_constant_contact.ledger.entry import Entry
    from target_constant_contact.ledger.ledger import Ledger
    from target_constant_contact.reports.advice import FormatAdvice
    from target_constant_contact.reports.report import Report
    from target_constant_contact.run.accounting import Accounting
    from target_constant_contact.settings.settings import Settings


class Ending:
    """Tells how a run ends.

    Args:
        settings: The settings.
        account: The account that members go to.
        accounting: The counts.
        advice: What would make the next run need fewer requests.
        ledger: What this run and interrupted ones have sent.
    """

    def __init__(
        self,
        settings: Settings,
        account: Account,
        accounting: Accounting,
        advice: FormatAdvice,
        ledger: Ledger,
    ) -> None:
        self._settings = settings
        self._account = account
        self._accounting = accounting
        self._advice = advice
        self._ledger = ledger

    def end(self, status: str, error: str | None) -> None:
        """Tell how the run has ended.

        Args:
            status: How.
            error: Why it has failed, if it has.

        Raises:
            StorageError: The report cannot be written.
        """
        advice, rejects = list(self._advice.lines()), self._accounting.rejects_path
        report = self._accounting.report
        dates = [line for line in report.date_orders.lines() if line != error]
        unsettled = self._ledger.unsettled
        self._account.events.tell(
            run_ended(
                self._account,
                report,
                self._accounting.folder,
                status=status,
                error=error,
                lines=[*self._summary(dry_run=status == "dry run"), *advice],
                warnings=[*dates, *([_in_flight(unsettled)] if unsettled else ())],
                settings=self._settings.given,
                advice=advice,
                rejects_file=str(rejects) if rejects else None,
                unsettled_imports=list(map(_record, unsettled)),
            )
        )

    def _summary(self, *, dry_run: bool) -> Iterator[str]:
        """Lines for people: the sums, and where the rows are that can be corrected."""
        report, rejects = self._accounting.report, self._accounting.rejects_path
        yield from summary(report, self._account.list_names, dry_run=dry_run)
        yield from replay_lines(report, rejects, dry_run=dry_run)
        if rejects and report.reasons:
            yield Line(
                f"Rejected rows: {rejects}; correct them there and send them again with: "
                f"target-constant-contact --config ... --input {shlex.quote(str(rejects))} "
                "(in a spreadsheet: target-constant-contact rejects --data-dir "
                f"{shlex.quote(str(rejects.parents[2]))} --csv --output rows.csv {report.run})",
                rejects_file=str(rejects),
            )
        elif rejects:
            yield Line(f"Rows that did not land: {rejects}", rejects_file=str(rejects))
        yield from _taken_up(report, len(self._ledger.accepted))


def _taken_up(report: Report, sent: int) -> Iterator[str]:
    """What became of the imports of interrupted runs."""
    rows = [record.rows for record in report.imports if record.taken_up]
    if sent:
        yield Line(
            f"{len(rows):,} of {counted(sent, 'import')} of interrupted runs {were(len(rows))} "
            f"taken up, with {counted(sum(rows), 'row')}; rows of others are sent again",
            imports=sent,
            imports_taken_up=len(rows),
            rows=sum(rows),
        )


def _record(entry: Entry) -> dict[str, object]:
    return asdict(UnsettledImport(entry.activity_id, entry.stream, entry.rows))


def _in_flight(unsettled: Sequence[Entry]) -> str:
    rows, imports = sum(one.rows for one in unsettled), len(unsettled)
    return Line(
        f"{counted(imports, 'import')} with {counted(rows, 'row')} {were(imports)} accepted and "
        f"{are(imports)} not settled; the next run asks what became of {them(imports)}",
        imports=imports,
        rows=rows,
    )
