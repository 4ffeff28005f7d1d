"""A sweep as people see it: a run of its own, with a report, while no load of the export runs."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from target_constant_contact.account.account import Account
from target_constant_contact.data_folder import REPORT_FILE, usable
from target_constant_contact.exceptions import DataError, TargetError, TryLaterError
from target_constant_contact.files import write_whole
from target_constant_contact.reports.report import Report
from target_constant_contact.run.record import RunRecord
from target_constant_contact.segments.following import Following
from target_constant_contact.segments.leavers import Leavers
from target_constant_contact.segments.reading import Means
from target_constant_contact.segments.sweep import Consent, Sweep
from target_constant_contact.segments.taking_off import TakingOff
from target_constant_contact.store.leavers import LeaverRows
from target_constant_contact.store.ledger import LedgerRows, lock_of
from target_constant_contact.store.segments import SegmentRows
from target_constant_contact.waiting import Waiting
from target_constant_contact.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from target_constant_contact.reports.swept import SweptList
    from target_constant_contact.settings.settings import Settings

_IN_FLIGHT: Final = frozenset({"sent", "accepted"})
"""States of imports of which it is not known whether they have landed."""
_logger = logging.getLogger("target-constant-contact")


class SweepRun:
    """A sweep of all lists that follow segments by these settings.

    Args:
        settings: The settings.
        account: The account.
        plan: Change nothing, and leave no report.
        allowed: Number of leavers of a list that a person has agreed to.

    Attributes:
        found: What has become of each list so far.
        name: Name of the run; empty for a plan.
    """

    def __init__(
        self, settings: Settings, account: Account, *, plan: bool, allowed: int | None
    ) -> None:
        self.found: list[SweptList] = []
        self.name = ""
        self._settings = settings
        self._account = account
        self._plan = plan or settings.dry_run
        settings.data_dir.make_runs()
        waiting = Waiting(settings.import_timeout_minutes * 60)
        folder, most = settings.data_dir.runs, settings.max_activities_in_flight
        self._taking = TakingOff(Means.of(account, waiting, folder, most))
        self._sweep = Sweep(
            SegmentRows(account.database, account.export[0]),
            Leavers(LeaverRows(account.database, account.export[0])),
            Following(settings, account.lists),
            self._taking,
            Consent(plan=self._plan, allowed=allowed),
        )

    def sweep(self) -> None:
        """Sweep all lists, one by one.

        Raises:
            TargetError: The service cannot be used, or the sums of a list do not add up.
        """
        if self._plan:
            self.found.extend(self._sweep.lists())
            return
        report = _Kept(self._settings, self._account)
        self.name = report.name
        try:
            with self._taking.alone():
                for one in self._sweep.lists():
                    self.found.append(one)
        except BaseException as error:
            known = isinstance(error, TargetError)
            report.end(self.found, str(error) if known else type(error).__name__)
            raise
        report.end(self.found, "; ".join(refusals(self.found)) or None)

    def raise_refusals(self) -> None:
        """Raise what has kept lists from being swept.

        Raises:
            DataError: With a sentence for each list.
        """
        if found := refusals(self.found):
            raise DataError(f"{counted(len(found), 'list')} could not be swept: {'; '.join(found)}")


def refusals(found: Sequence[SweptList]) -> list[str]:
    """Why lists were not swept that should have been."""
    return [one.reason for one in found if one.outcome == "refused"]


@contextmanager
def open_sweep(settings: Settings, *, plan: bool, allowed: int | None) -> Iterator[SweepRun]:
    """Connect to the account, and keep loads of the same export out.

    Args:
        settings: The settings.
        plan: As in `SweepRun`.
        allowed: As in `SweepRun`.

    Raises:
        TryLaterError: A load is under way, or was interrupted.
        TargetError: The store or the service cannot be used.
    """
    with alone(settings) as account:
        yield SweepRun(settings, account, plan=plan, allowed=allowed)


@contextmanager
def alone(settings: Settings) -> Iterator[Account]:
    """The account of the settings, while no load of their export runs.

    Raises:
        TryLaterError: A load is under way, or was interrupted.
        TargetError: The store or the service cannot be used.
    """
    account = Account(settings, count_members=True)
    try:
        with account.database.lock(lock_of(*account.export), 0) as held:
            rows = LedgerRows(account.database, *account.export)
            runs = rows.open_runs()
            latest = f"Run {runs[-1][0]}" if runs else "Another run"
            if held is None:
                raise TryLaterError(
                    f"{latest} of the same export is under way. Start this again when it has ended"
                )
            if any(entry["state"] in _IN_FLIGHT for entry in rows.entries()):
                raise TryLaterError(
                    f"{latest} was interrupted, and it is not known what has become of its "
                    "imports. Run the load again first"
                )
            account.check_identity()
            yield account
    finally:
        account.close()


class _Kept:
    """What is kept of a sweep: its report, in the store and as a file.

    Args:
        settings: The settings.
        account: The account.
    """

    def __init__(self, settings: Settings, account: Account) -> None:
        settings.data_dir.make_runs()
        folder = settings.data_dir.make_run()
        self.name = folder.name
        self._path = folder / REPORT_FILE
        self._account = account
        self._report = Report(folder.name, datetime.now(UTC), kind="sweep")
        self._record = RunRecord(account.database, settings, folder, self._report.started_at)
        self._record.begin()

    def end(self, found: Sequence[SweptList], error: str | None) -> None:
        """Write the report.

        Args:
            found: What has become of each list.
            error: What it has failed of.
        """
        self._report.swept = [*found]
        text = self._report.as_json(self._account.list_names, **self._facts(error))
        try:
            with usable(self._path):
                write_whole(self._path, text)
        finally:
            self._record.end(text, insist=error is None)
        _logger.info("Sweep %s; report: %s", self.name, self._path)

    def _facts(self, error: str | None) -> dict[str, Any]:
        account = self._account
        used_today, per_day = account.requests_today
        return {
            "ended_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "status": "failed" if error else "completed",
            "error": error,
            "connection": account.connection_name,
            "account": account.name,
            "requests": account.client.requests_made,
            "requests_today": used_today,
            "requests_per_day": per_day,
        }
