"""Finds out what became of a batch whose answer was lost, while the run goes on."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from target_constant_contact.exceptions import TryLaterError
from target_constant_contact.imports import lost_answers
from target_constant_contact.log_fields import fields
from target_constant_contact.wording import counted

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from target_constant_contact.api.activities import ActivityStates
    from target_constant_contact.api.models import Activity
    from target_constant_contact.imports.lost_answers import Doubt
    from target_constant_contact.imports.progress import Progress
    from target_constant_contact.imports.sender import Sender
    from target_constant_contact.ledger.ledger import Ledger
    from target_constant_contact.waiting import Waiting

_logger = logging.getLogger("target-constant-contact")


class LostImports:
    """Looks for imports whose answers were lost among the activities of the account.

    Args:
        states: The activities.
        ledger: Tells which of them are known.
        sender: Is told when one was taken after all.
        progress: The schedule.
        waiting: How long is waited for what may be it.
    """

    def __init__(
        self,
        states: ActivityStates,
        ledger: Ledger,
        sender: Sender,
        progress: Progress,
        waiting: Waiting,
    ) -> None:
        self._states = states
        self._ledger = ledger
        self._sender = sender
        self._progress = progress
        self._waiting = waiting

    def look_for(self, doubts: Sequence[Doubt]) -> None:
        """Look once; let those batches be sent again that are surely not there."""
        recent = self._states.recent().values()
        now = self._waiting.clock()
        for doubt in doubts:
            self._judge(doubt, recent, now)

    def _judge(self, doubt: Doubt, recent: Collection[Activity], now: float) -> None:
        sighting = lost_answers.look(doubt.entry, recent, self._ledger.has_activity)
        if sighting.found:
            activity_id = sighting.found.activity_id
            told = fields(activity_id=activity_id, stream=doubt.entry.stream, rows=doubt.entry.rows)
            _logger.info("Activity %s is the import whose answer was lost", activity_id, extra=told)
            self._sender.accepted(doubt.batch, doubt.entry, sighting.found)
        elif sighting.missed and doubt.missed + 1 >= lost_answers.LOOKS:
            self._ledger.lose(doubt.entry)
            with self._progress.change() as schedule:
                schedule.not_accepted(doubt.batch, retry=True)
        elif now - doubt.since > self._waiting.timeout_seconds:
            self._give_up(doubt)
        else:
            with self._progress.change() as schedule:
                schedule.looked(doubt, now, missed=sighting.missed)

    def _give_up(self, doubt: Doubt) -> None:
        # In this order: who waits for the last import must not find it gone and nothing wrong.
        self._progress.fail(
            TryLaterError(
                f"Whether Constant Contact has taken {counted(doubt.batch.rows, 'row')} of stream "
                f"{doubt.batch.destination.stream!r} could not be found out within "
                f"{counted(self._waiting.timeout_minutes, 'minute')}: activities that may be "
                "theirs are still unfinished. Start the run again later."
            )
        )
        with self._progress.change() as schedule:
            schedule.not_accepted(doubt.batch, retry=False)
