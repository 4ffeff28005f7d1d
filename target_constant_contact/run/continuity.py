"""How a run goes on where an interrupted run of the same export has stopped."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from target_constant_contact.exceptions import DataError
from target_constant_contact.imports.recovery import Recovery
from target_constant_contact.ledger.ledger import Ledger
from target_constant_contact.run.overwriting import sweep_loads
from target_constant_contact.segments.loads import FIRST_DAY, Loads
from target_constant_contact.segments.people import PeopleKey
from target_constant_contact.segments.reading import Means
from target_constant_contact.segments.seals import NO_VERSION
from target_constant_contact.store.segments import SegmentRows
from target_constant_contact.verification.kept import forget_rows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from target_constant_contact.account.account import Account
    from target_constant_contact.reports.report import Report
    from target_constant_contact.settings.settings import Settings
    from target_constant_contact.settings.streams import StreamSettings
    from target_constant_contact.waiting import Waiting


class Continuity:
    """The ledger of an export, for the time of one run. A dry run leaves it alone.

    Args:
        settings: The settings.
        account: The account that members go to.
        folder: Folder of the run.
        waiting: How the run waits, for another run or for what an interrupted one has sent.

    Attributes:
        waiting: As above.
        ledger: The ledger.
        people: Makes keyed hashes of people.
        loads: What the streams bring, for the memories of their lists.
    """

    def __init__(
        self, settings: Settings, account: Account, folder: Path, waiting: Waiting
    ) -> None:
        self.ledger = Ledger(account.database, account.export, folder.name)
        self.people = PeopleKey.of(account.database)
        self.loads = Loads(
            SegmentRows(account.database, account.export[0]),
            self.people,
            folder.name,
            (datetime.now(UTC).date() - FIRST_DAY).days,
            lambda: account.list_names,
        )
        self.waiting = waiting
        self._settings = settings
        self._account = account
        self._folder = folder
        self._begun = False

    def begin(self) -> None:
        """Keep other runs of the same export out, and take up one that was interrupted.

        Raises:
            TryLaterError: Another run of the same export does not come to its end.
            TargetError: The service cannot be asked what became of an interrupted run.
        """
        if self._settings.dry_run:
            return
        self._begun = True
        self.ledger.open(self.waiting)
        for run in self.ledger.interrupted_runs:
            forget_rows(self._folder.parent / run)
        Recovery(self._account.client, self.ledger, self.waiting).run()

    def know(self, stream: str, list_ids: Sequence[str], settings: StreamSettings) -> None:
        """Note that a stream has come, as :meth:`Loads.begin` describes it."""
        if not self._settings.dry_run:
            self.loads.begin(stream, list_ids, settings)

    @property
    def means(self) -> Means:
        """What people are taken off lists with."""
        most = self._settings.max_activities_in_flight
        return Means.of(self._account, self.waiting, self._folder, most)

    def seal(self, report: Report) -> None:
        """Say what the loads have proven, and have lists follow them that need no command for it.

        Args:
            report: Knows which versions of streams came; gets what has become of each list.

        Raises:
            DataError: A stream did not prove its segment whole as the settings want it, a brake
                held, or the sums of a list do not add up.
            TargetError: The service or the store cannot be used.
        """
        early = [
            stream
            for stream in self.loads.overwriting
            if self._settings.for_stream(stream).overwrite_when == "activate_version"
            and not report.ends_with_version(stream)
        ]
        for stream in early:
            self.loads.void(stream, NO_VERSION)
        if loads := self.loads.seal():
            sweep_loads(loads, self._settings, self._account, self.means, report)
        if early:
            raise DataError(
                f"No ACTIVATE_VERSION came after the last record of stream {', '.join(early)}, so "
                "that nothing proves its segment whole; nobody was taken off. If the tap sends it "
                "earlier or not at all, set overwrite_when: sweep, and call "
                "target-constant-contact sweep when tap and target have ended well"
            )

    def conclude(self) -> None:
        """Say that nothing is left to take up: it is known what became of every row."""
        if self._begun:
            self.ledger.finish()

    def close(self) -> None:
        """Let the next run of the export go on."""
        if self._begun:
            self.ledger.close()
