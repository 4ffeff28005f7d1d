"""What becomes of completed imports: counted, logged, and explained at the end."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from target_constant_contact.verification.verifier import Verifier

if TYPE_CHECKING:
    from pathlib import Path

    from target_constant_contact.account.account import Account
    from target_constant_contact.imports.settled import SettledImport
    from target_constant_contact.ledger.settlement import Settlement
    from target_constant_contact.run.accounting import Accounting
    from target_constant_contact.settings.settings import Settings
    from target_constant_contact.waiting import Waiting

_logger = logging.getLogger("target-constant-contact")


class Settling:
    """Takes completed imports from the importer's thread.

    Args:
        settings: The settings.
        account: The account that members go to.
        folder: Folder of the run; what was sent is kept there until the end.
        accounting: Counts the rows.
        waiting: How the run waits.
    """

    def __init__(
        self,
        settings: Settings,
        account: Account,
        folder: Path,
        accounting: Accounting,
        waiting: Waiting,
    ) -> None:
        self._accounting = accounting
        self._verifier = Verifier(
            account.client, folder, settings.verify, settings.import_format, waiting
        )
        self._kept: dict[int, Settlement] = {}

    def settle(self, done: SettledImport) -> None:
        """Count a completed import, and keep what is to be explained of it."""
        _log_settled(done)
        if self._verifier.keep(done.batch, done.activity, done.settlement):
            self._kept[done.batch.number] = done.settlement
        self._accounting.settle(done)

    def explain(self) -> None:
        """Find the rows that have not landed."""
        for explanation in self._verifier.explain():
            self._accounting.explain(self._kept[explanation.number], explanation)

    def close(self) -> None:
        """Forget the rows that were kept for an explanation."""
        self._verifier.close()


def _log_settled(done: SettledImport) -> None:
    rows, settlement = done.batch.rows, done.settlement
    not_landed = rows - settlement.landed
    _logger.log(
        logging.WARNING if settlement.refused or settlement.unexplained else logging.INFO,
        "Activity %s of %s %s: %s of %s rows landed, %s refused, %s suppressed, %s unexplained",
        done.activity.activity_id,
        done.batch.destination.stream,
        "taken up" if done.taken_up else f"completed in {done.seconds:.1f} s",
        f"{settlement.landed:,}",
        f"{rows:,}",
        f"{settlement.refused:,}",
        f"{settlement.suppressed:,}",
        f"{settlement.unexplained:,}",
        extra={
            "activity_id": done.activity.activity_id,
            "rows": rows,
            "not_landed": not_landed,
        },
    )
