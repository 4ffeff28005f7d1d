"""A run that changes nothing: in the place of sending, it compares with the account."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Final

from target_constant_contact.exceptions import InterruptedRunError, TargetError
from target_constant_contact.imports.contract import ContractGuard
from target_constant_contact.planning.effort import effort_of
from target_constant_contact.planning.plan import Planning
from target_constant_contact.reports.past_run import read_run
from target_constant_contact.store.runs import RunRows

if TYPE_CHECKING:
    from target_constant_contact.account.account import Account
    from target_constant_contact.batches.batch import ImportBatch
    from target_constant_contact.reports.report import Report
    from target_constant_contact.segments.departures import Start
    from target_constant_contact.segments.reading import Means
    from target_constant_contact.settings.settings import Settings

_LATEST: Final = 5
"""Runs that are looked through for one that has imported."""


def _settled() -> None:
    """Nothing is on its way to the account."""


class DryRun:
    """Compares with the account once it has begun, and only in a dry run.

    Args:
        settings: The settings.
        account: The account.
        means: What lists are read with.

    Attributes:
        planning: What it goes by; None as long as it has not begun.
    """

    def __init__(self, settings: Settings, account: Account, means: Means) -> None:
        self.planning: Planning | None = None
        self._guard = ContractGuard(
            account.client,
            means.waiting,
            _settled,
            max_active=settings.max_active_contacts,
            max_new=settings.max_new_contacts,
        )
        self._fault: TargetError | None = None
        self._settings = settings
        self._account = account
        self._means = means

    def begin(self) -> Start | None:
        """Begin, if it is a dry run.

        Returns:
            Begins to read a list that is going to be compared; None where none is.

        Raises:
            TargetError: The account cannot be asked.
        """
        if not self._settings.dry_run:
            return None
        self.planning = Planning(self._settings, self._account, self._means)
        return self.planning.start

    def know(self, properties: tuple[str, ...]) -> None:
        """Note that contacts may have these properties: a stream has come."""
        if self.planning:
            self.planning.know(properties)

    def take(self, batch: ImportBatch) -> None:
        """Take a batch that is not sent.

        Raises:
            InterruptedRunError: The run is to stop.
            StorageError: There is no room for what has to be compared.
        """
        if not self.planning:
            return
        self.planning.take(batch)
        if self._fault is None:
            try:
                self._guard.admit(batch)
            except InterruptedRunError:
                raise
            except TargetError as error:
                # All is compared first: how many are new is what one wants to know then.
                self._fault = error

    def conclude(self, report: Report) -> None:
        """Compare everything with the account.

        Args:
            report: The counts; gets what would change.

        Raises:
            ContractLimitError: The account would go beyond its contract.
            TargetError: The run is to stop, or there is no room for what has to be compared.
        """
        if not self.planning:
            return
        account, settings = self._account, self._settings
        effort = effort_of(
            imports=self.planning.imports,
            size=self.planning.size,
            prepared=account.client.requests_made,
            requests_today=account.requests_today[0],
            requests_per_day=settings.requests_per_day,
            requests_per_second=settings.requests_per_second,
            import_seconds=self._import_seconds(),
        )
        report.planned = self.planning.conclude(report, effort)
        if self._fault:
            raise self._fault

    def close(self) -> None:
        """Delete what was taken of people."""
        if self.planning:
            self.planning.close()

    def _import_seconds(self) -> float | None:
        """How long an import took in the latest run that has made any."""
        for row in RunRows(self._account.database).newest(_LATEST):
            if own := [each.seconds for each in read_run(row).imports if not each.taken_up]:
                return median(own)
        return None
