"""A sweep as people see it: a run of its own, with a report, while no load of the export runs."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from target_constant_contact.account.account import Account
from target_constant_contact.exceptions import DataError, TryLaterError
from target_constant_contact.reports.report import Report
from target_constant_contact.reports.swept import refusals
from target_constant_contact.run.ends import failing, note_swept, run_begun, run_ended
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
    from collections.abc import Iterator
    from pathlib import Path

    from target_constant_contact.reports.swept import SweptList
    from target_constant_contact.run.hooks import Listen
    from target_constant_contact.settings.settings import Settings

_IN_FLIGHT: Final = frozenset({"sent", "accepted"})
"""States of imports of which it is not known whether they have landed."""


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
        waiting = Waiting(settings.import_timeout_minutes * 60, events=account.events)
        folder, most = settings.data_dir.runs, settings.max_activities_in_flight
        self._taking = TakingOff(Means.of(account, waiting, folder, most))
        self._consent = Consent(plan=self._plan, allowed=allowed)

    def sweep(self) -> None:
        """Sweep all lists, one by one.

        Raises:
            TargetError: The service cannot be used, or the sums of a list do not add up.
        """
        if self._plan:
            self.found.extend(self._lists())
            return
        folder = self._settings.data_dir.make_run()
        self.name = folder.name
        report = Report(folder.name, datetime.now(UTC), kind="sweep", swept=self.found)
        self._account.events.listen(report.waits.hear)
        begun = run_begun(self._settings, self._account, report, folder)
        self._account.events.tell(begun)
        try:
            with self._taking.alone():
                for one in self._lists():
                    note_swept(self._account, report, one)
        except BaseException as error:
            with failing(error) as words:
                self._tell_end(report, folder, words)
            raise
        self._tell_end(report, folder, "; ".join(refusals(self.found)) or None)

    def raise_refusals(self) -> None:
        """Raise what has kept lists from being swept.

        Raises:
            DataError: With a sentence for each list.
        """
        if found := refusals(self.found):
            raise DataError(f"{counted(len(found), 'list')} could not be swept: {'; '.join(found)}")

    def _lists(self) -> Iterator[SweptList]:
        """Sweep one list after the other, if this is the account that is meant."""
        self._account.check_identity()
        database, (key, _) = self._account.database, self._account.export
        return Sweep(
            SegmentRows(database, key),
            Leavers(LeaverRows(database, key)),
            Following(self._settings, self._account.lists),
            self._taking,
            self._consent,
        ).lists()

    def _tell_end(self, report: Report, folder: Path, error: str | None) -> None:
        status = "failed" if error else "completed"
        given = self._settings.given
        self._account.events.tell(
            run_ended(self._account, report, folder, status=status, error=error, settings=given)
        )


@contextmanager
def open_sweep(
    settings: Settings, listen: Listen, *, plan: bool, allowed: int | None
) -> Iterator[SweepRun]:
    """Connect to the account, and keep loads of the same export out.

    Args:
        settings: The settings.
        listen: As in `alone`.
        plan: As in `SweepRun`.
        allowed: As in `SweepRun`.

    Raises:
        TryLaterError: A load is under way, or was interrupted.
        TargetError: The store or the service cannot be used.
    """
    with alone(settings, listen) as account:
        yield SweepRun(settings, account, plan=plan, allowed=allowed)


@contextmanager
def alone(settings: Settings, listen: Listen) -> Iterator[Account]:
    """The account of the settings, while no load of their export runs.

    Args:
        settings: The settings.
        listen: Has those listen who show what goes on.

    Raises:
        TryLaterError: A load is under way, or was interrupted.
        TargetError: The store or the service cannot be used.
    """
    account = Account(settings, count_members=True)
    try:
        listen(account.events, settings, account.database)
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
            yield account
    finally:
        account.close()
