"""How a run goes on where an interrupted run of the same export has stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_constant_contact.imports.recovery import Recovery
from target_constant_contact.ledger.ledger import Ledger
from target_constant_contact.verification.kept import forget_rows

if TYPE_CHECKING:
    from pathlib import Path

    from target_constant_contact.account.account import Account
    from target_constant_contact.settings.settings import Settings
    from target_constant_contact.waiting import Waiting


class Continuity:
    """The ledger of an export, for the time of one run. A dry run leaves it alone.

    Args:
        settings: The settings.
        account: The account that members go to.
        folder: Folder of the run.
        waiting: How the run waits, for another run or for what an interrupted one has sent.

    Attributes:
        ledger: The ledger.
    """

    def __init__(
        self, settings: Settings, account: Account, folder: Path, waiting: Waiting
    ) -> None:
        self.ledger = Ledger(account.database, account.export, folder.name)
        self._client = account.client
        self._folder = folder
        self._waiting = waiting
        self._dry_run = settings.dry_run
        self._begun = False

    def begin(self) -> None:
        """Keep other runs of the same export out, and take up one that was interrupted.

        Raises:
            TryLaterError: Another run of the same export does not come to its end.
            TargetError: The service cannot be asked what became of an interrupted run.
        """
        if self._dry_run:
            return
        self._begun = True
        self.ledger.open(self._waiting)
        for run in self.ledger.interrupted_runs:
            forget_rows(self._folder.parent / run)
        Recovery(self._client, self.ledger, self._waiting).run()

    def conclude(self) -> None:
        """Say that nothing is left to take up: it is known what became of every row."""
        if self._begun:
            self.ledger.finish()

    def close(self) -> None:
        """Let the next run of the export go on."""
        if self._begun:
            self.ledger.close()
