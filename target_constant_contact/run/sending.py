"""Sealed batches, on their way to the importer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_constant_contact.imports.contract import ContractGuard
from target_constant_contact.imports.importer import Importer
from target_constant_contact.imports.spool import Spool
from target_constant_contact.reports.advice import FormatAdvice

if TYPE_CHECKING:
    from pathlib import Path

    from target_constant_contact.account.account import Account
    from target_constant_contact.batches.batch import ImportBatch
    from target_constant_contact.ledger.ledger import Ledger
    from target_constant_contact.run.hooks import Hooks
    from target_constant_contact.run.settling import Settling
    from target_constant_contact.settings.settings import Settings


class Sending:
    """Sends batches, as far as the contract of the account allows; a dry run sends nothing.

    Args:
        settings: The settings.
        account: The account that members go to.
        ledger: What was sent, on disk.
        hooks: What the run asks of the program around it.
        settling: Takes every completed import.
        folder: Folder of the run.

    Attributes:
        importer: Keeps the imports in flight.
        advice: Learns from every batch.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what it brings together
        self,
        settings: Settings,
        account: Account,
        ledger: Ledger,
        hooks: Hooks,
        settling: Settling,
        folder: Path,
    ) -> None:
        self.advice = FormatAdvice(settings.limits, settings.import_format)
        self.importer = Importer(
            account.client,
            ledger,
            hooks.waiting,
            Spool(folder),
            on_settled=settling.settle,
            on_failed=hooks.wake,
            import_format=settings.import_format,
            max_in_flight=settings.max_activities_in_flight,
            keeps_bodies=settings.verify != "never",
        )
        self._guard = ContractGuard(
            account.client,
            hooks.waiting,
            self.importer.settle,
            max_active=settings.max_active_contacts,
            max_new=settings.max_new_contacts,
        )
        self._settling = settling
        self._dry_run = settings.dry_run

    def submit(self, batch: ImportBatch) -> None:
        """Send a batch; blocks while enough batches wait."""
        self.advice.note(batch)
        if self._dry_run:
            self._settling.let_go(batch.number)
        else:
            self._guard.admit(batch)
            self.importer.submit(batch)
