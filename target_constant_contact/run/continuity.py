"""How a run goes on where an interrupted run of the same export has stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_constant_contact.imports.recovery import TakeUp
from target_constant_contact.ledger.ledger import Ledger, export_key
from target_constant_contact.verification.verifier import forget_rows

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from target_constant_contact.account.account import Account
    from target_constant_contact.settings.settings import Settings


class Continuity:
    """The ledger of an export, for the time of one run. A dry run leaves it alone.

    Args:
        settings: The settings.
        account: The account that members go to.
        folder: Folder of the run.

    Attributes:
        ledger: The ledger.
    """

    def __init__(self, settings: Settings, account: Account, folder: Path) -> None:
        self.ledger = Ledger(ledger_folder(settings, account), folder.name)
        self._client = account.client
        self._folder = folder
        self._dry_run = settings.dry_run
        self._timeout_seconds = settings.import_timeout_minutes * 60
        self._begun = False

    def begin(self, check: Callable[[], None]) -> None:
        """Keep other runs of the same export out, and take up one that was interrupted.

        Args:
            check: Called while waiting; it raises when the run is to stop.

        Raises:
            TryLaterError: Another run of the same export does not come to its end.
            TargetError: The service cannot be asked what became of an interrupted run.
        """
        if self._dry_run:
            return
        self._begun = True
        self.ledger.open(check, wait_seconds=self._timeout_seconds)
        for run in self.ledger.interrupted_runs:
            forget_rows(self._folder.parent / run)
        TakeUp(
            self._client,
            self.ledger,
            timeout_seconds=self._timeout_seconds,
            check=check,
        ).run()

    def conclude(self) -> None:
        """Say that nothing is left to take up: it is known what became of every row."""
        if self._begun:
            self.ledger.finish()

    def close(self) -> None:
        """Let the next run of the export go on."""
        if self._begun:
            self.ledger.close()


def ledger_folder(settings: Settings, account: Account) -> Path:
    """The folder of an export's ledger, beside those of other exports to the same account.

    Two runs are of the same export when they send to the same lists of the same account; what
    their rows hold may differ.
    """
    reached = {
        "api": "sandbox" if settings.sandbox else settings.api_url,
        "connection": account.connection_name,
        "account": settings.account,
    }
    places = {
        "segments": [
            [segment.stream, segment.lists, segment.lists_field]
            for segment in settings.all_segments
        ]
    }
    return settings.data_dir / "ledger" / export_key(reached) / export_key(places)
