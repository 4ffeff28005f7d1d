"""What becomes of completed imports: counted, logged, and explained."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from target_constant_contact.contacts.addresses import key_of
from target_constant_contact.events.kinds import ImportSettled, RowsExplained
from target_constant_contact.verification.verifier import Verifier

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from target_constant_contact.account.account import Account
    from target_constant_contact.imports.settled import SettledImport
    from target_constant_contact.run.accounting import Accounting
    from target_constant_contact.segments.loads import Loads
    from target_constant_contact.settings.settings import Settings
    from target_constant_contact.verification.explanation import Explanation
    from target_constant_contact.waiting import Waiting


class Settling:
    """Takes completed imports from the importer's thread.

    Args:
        settings: The settings.
        account: The account that members go to.
        folder: Folder of the run; what was sent is kept there until it is explained.
        accounting: Counts the rows.
        waiting: How the run waits.
        let_go: Called with the number of each batch that holds no later one back any more.
        loads: Learns which rows have not landed.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what it brings together
        self,
        settings: Settings,
        account: Account,
        folder: Path,
        accounting: Accounting,
        waiting: Waiting,
        let_go: Callable[[int], None],
        loads: Loads,
    ) -> None:
        self._accounting = accounting
        self.let_go = let_go
        self._loads = loads
        self._events = waiting.events
        self._verifier = Verifier(
            account.client, folder, settings.verify, settings.import_format, waiting
        )

    def settle(self, done: SettledImport) -> None:
        """Count a completed import, and keep what is to be explained of it."""
        self._events.tell(_settled(done))
        explanation, held = None, False
        if self._verifier.wants(done.batch, done.settlement):
            imported = done.whole(), done.activity, done.settlement
            explanation = self._verifier.explain_by_lines(*imported)
            # Whatever is to be explained holds STATE back until it is: nobody knows yet whether
            # the counters told of every row.
            held = explanation is not None or self._verifier.keep(*imported)
        self._accounting.settle(done, held=held)
        if explanation:
            self._learn(explanation)
        elif not held and done.settlement.not_landed:
            self._loads.doubt(done.batch.destination)
        self.let_go(done.batch.number)

    def explain_early(self) -> None:
        """Explain what has held STATE back for long; in the main thread, now and then."""
        for explanation in self._verifier.explain_early():
            self._learn(explanation)

    def explain(self) -> None:
        """Find the rows that have not landed."""
        for explanation in self._verifier.explain():
            self._learn(explanation)

    def close(self) -> None:
        """Forget the rows that were kept for an explanation."""
        self._verifier.close()

    def _learn(self, explanation: Explanation) -> None:
        self._accounting.explain(explanation)
        place = explanation.destination
        if explanation.findings:
            found = Counter((each.reason, each.evidence) for each in explanation.findings)
            numbers = tuple((*why, rows) for why, rows in found.items())
            self._events.tell(RowsExplained(place.stream, place.list_ids, numbers))
        for finding in explanation.findings:
            self._loads.refuse(place.stream, key_of(str(finding.properties["email"])))
        if len(explanation.findings) < explanation.settlement.not_landed:
            self._loads.doubt(place)


def _settled(done: SettledImport) -> ImportSettled:
    place, settlement = done.batch.destination, done.settlement
    return ImportSettled(
        done.activity.activity_id,
        place.stream,
        place.list_ids,
        done.batch.rows,
        landed=settlement.landed,
        refused=settlement.refused,
        suppressed=settlement.suppressed,
        unexplained=settlement.unexplained,
        seconds=done.seconds,
        taken_up=done.taken_up,
    )
