"""Sealed batches, on their way to the importer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_constant_contact.imports.contract import ContractGuard
from target_constant_contact.imports.importer import Importer
from target_constant_contact.reports.advice import FormatAdvice

if TYPE_CHECKING:
    from collections.abc import Callable

    from target_constant_contact.account.account import Account
    from target_constant_contact.batches.batch import ImportBatch
    from target_constant_contact.imports.settled import SettledImport
    from target_constant_contact.ledger.ledger import Ledger
    from target_constant_contact.run.hooks import Hooks
    from target_constant_contact.settings.settings import Settings


class Sending:
    """Sends batches, as far as the contract of the account allows; a dry run sends nothing.

    Args:
        settings: The settings.
        account: The account that members go to.
        ledger: What was sent, on disk.
        hooks: What the run asks of the program around it.
        settle: Called with every completed import.

    Attributes:
        importer: Keeps the imports in flight.
        advice: Learns from every batch.
    """

    def __init__(
        self,
        settings: Settings,
        account: Account,
        ledger: Ledger,
        hooks: Hooks,
        settle: Callable[[SettledImport], None],
    ) -> None:
        self.advice = FormatAdvice(settings.limits, settings.import_format)
        self.importer = Importer(
            account.client,
            ledger,
            hooks.waiting,
            on_settled=settle,
            on_failed=hooks.wake,
            import_format=settings.import_format,
            max_in_flight=settings.max_activities_in_flight,
        )
        self._guard = ContractGuard(
            account.client,
            hooks.waiting,
            max_active=settings.max_active_contacts,
            max_new=settings.max_new_contacts,
        )
        self._dry_run = settings.dry_run

    def submit(self, batch: ImportBatch) -> None:
        """Send a batch; blocks while enough batches wait."""
        self.advice.note(batch)
        if not self._dry_run:
            self._guard.admit(batch)
            self.importer.submit(batch)
