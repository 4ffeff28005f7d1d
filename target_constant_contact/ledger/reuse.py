"""Decides which imports of an interrupted run may stand, so that they need not be repeated.

Whatever is not known for sure is sent again: that costs a request, while an import that stands
wrongly would leave an older value on top.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from typing import TYPE_CHECKING

from target_constant_contact.batches.fingerprints import contradicted
from target_constant_contact.ledger.entry import MAY_HAVE_LANDED
from target_constant_contact.ledger.settlement import read_counters

if TYPE_CHECKING:
    from target_constant_contact.api.models import Activity
    from target_constant_contact.batches.fingerprints import Fingerprints
    from target_constant_contact.ledger.entries import Entries
    from target_constant_contact.ledger.entry import Entry
    from target_constant_contact.ledger.hidden_fingerprints import HiddenFingerprints
    from target_constant_contact.store.ledger import LedgerRows

_logger = logging.getLogger("target-constant-contact")


class Reuse:
    """The completed imports of interrupted runs, and which of them may stand.

    An import may stand when all of its rows have landed or belong to people who unsubscribed, and
    nothing that was sent after it says something else about one of its people.

    Args:
        rows: The ledger, which knows of others to the same account.
        fingerprints: What every batch has said.
    """

    def __init__(self, rows: LedgerRows, fingerprints: HiddenFingerprints) -> None:
        self._rows = rows
        self._fingerprints = fingerprints
        self._completed: dict[int, tuple[Entry, Activity]] = {}
        self._standing: dict[str, list[int]] | None = None
        self._told_of_others = False

    @property
    def is_over(self) -> bool:
        """Whether nothing can stand, now or later."""
        return self._standing is not None and not self._standing

    def add(self, entry: Entry, activity: Activity) -> None:
        """Take the completed import of an interrupted run, before the first one is asked for."""
        self._completed[entry.number] = entry, activity

    def take(
        self, content: str, said: Fingerprints, entries: Entries
    ) -> tuple[Entry, Activity] | None:
        """An import that may stand for a batch, once.

        Args:
            content: What the batch is, as entries have it.
            said: Its fingerprints.
            entries: Everything that was sent.
        """
        if self._standing is None:
            self._standing = self._what_may_stand(entries)
        numbers = self._standing.get(content, [])
        # Asked anew for each: another export may begin to send at any time.
        while numbers and self._is_overtaken(self._completed[numbers[0]][0]):
            numbers.pop(0)
        if not numbers or self._is_contradicted(said, entries):
            return None
        return self._completed[numbers.pop(0)]

    def _what_may_stand(self, entries: Entries) -> dict[str, list[int]]:
        """Numbers of entries by their content, in the order of sending."""
        if not self._completed:
            return {}
        sent = entries.of_interrupted_runs(*MAY_HAVE_LANDED)
        overruled = contradicted([self._fingerprints.load(entry) for entry in sent])
        found: dict[str, list[int]] = defaultdict(list)
        for place, entry in enumerate(sent):
            if entry.number in self._completed and place not in overruled:
                _, activity = self._completed[entry.number]
                settlement = read_counters(entry.rows, activity.counters)
                if not settlement.refused and not settlement.unexplained:
                    found[entry.content].append(entry.number)
        return found

    def _is_contradicted(self, said: Fingerprints, entries: Entries) -> bool:
        """Whether this run has sent something else about one of these people."""
        for entry in entries.of_this_run():
            if entry.state in MAY_HAVE_LANDED:
                sent = self._fingerprints.load(entry)
                if sent is None or sent.contradict(said):
                    return True
        return False

    def _is_overtaken(self, entry: Entry) -> bool:
        """Whether another export to the account has sent anything since an entry.

        What this export says again belongs on top of that.
        """
        # What is as old may have come later: the entry's time is rounded to the microsecond.
        overtaken = entry.began_at.timestamp() <= self._rows.others_written_at() + 1e-6
        if overtaken and not self._told_of_others:
            _logger.info("Another export has sent since; what was sent before it is sent again")
            self._told_of_others = True
        return overtaken
