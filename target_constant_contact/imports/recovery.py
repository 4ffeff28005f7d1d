"""Takes up an interrupted run: asks the service what became of what was sent.

Everything that an interrupted run has sent is waited for before anything new is sent. So no
forgotten import can end after a later one and put an older value on top, and every import that
has ended well is known when its rows come again.
"""

from __future__ import annotations

import logging
from collections import Counter
from typing import TYPE_CHECKING

from target_constant_contact.api.activities import ActivityStates
from target_constant_contact.api.models import UNFINISHED_STATES
from target_constant_contact.imports import lost_answers
from target_constant_contact.imports.queue_progress import QueueProgress
from target_constant_contact.imports.schedule import MAX_ONE_BY_ONE
from target_constant_contact.log_fields import fields
from target_constant_contact.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from target_constant_contact.api.activities import ActivitiesApi
    from target_constant_contact.api.models import Activity
    from target_constant_contact.ledger.entry import Entry
    from target_constant_contact.ledger.ledger import Ledger
    from target_constant_contact.waiting import Waiting

_logger = logging.getLogger("target-constant-contact")


class Recovery:
    """Settles with the service what an interrupted run has left open in the ledger.

    Args:
        api: The API.
        ledger: The ledger, opened.
        waiting: How is waited for what is still unfinished.
    """

    def __init__(self, api: ActivitiesApi, ledger: Ledger, waiting: Waiting) -> None:
        self._states = ActivityStates(api)
        self._ledger = ledger
        self._waiting = waiting
        self._open = [*ledger.accepted, *ledger.in_doubt]
        self._missed: Counter[int] = Counter()
        self._queue = QueueProgress(ledger.has_activity)
        self._is_first = True

    def run(self) -> None:
        """Confirm every open entry of the ledger, waiting for what is unfinished.

        Raises:
            TargetError: The service cannot be asked.
        """
        if not self._open:
            return
        run = self._ledger.interrupted_runs[-1]
        _logger.info(
            "Run %s was interrupted; asking what became of its %s",
            run,
            counted(len(self._open), "import"),
            extra=fields(interrupted_run=run, imports=len(self._open)),
        )
        began = self._waiting.clock()
        polls = 0
        self._ask()
        while self._open and (
            self._waiting.clock() - max(began, self._queue.last_sign)
            < self._waiting.timeout_seconds
        ):
            self._waiting.wait_for_poll(polls)
            polls += 1
            self._ask()
        for entry in self._open:
            _logger.warning(
                "Import %s of the interrupted run is still unfinished after %s; its rows "
                "are sent again",
                entry.activity_id or "in doubt",
                counted(self._waiting.timeout_minutes, "minute"),
                extra=fields(stream=entry.stream, activity_id=entry.activity_id, rows=entry.rows),
            )
            # What is not confirmed as completed may not stand for its rows when they come again.
            self._ledger.confirm(entry, None)

    def _ask(self) -> None:
        recent = self._states.recent()
        self._queue.note(recent.values(), self._waiting.clock())
        hidden = [one for one in self._open if one.activity_id and one.activity_id not in recent]
        # Each once; those that are still unfinished then take turns.
        asked = hidden if self._is_first else hidden[:MAX_ONE_BY_ONE]
        self._is_first = False
        unasked = hidden[len(asked) :]
        shown = [one for one in self._open if one not in hidden]
        self._open = [
            *unasked,
            *(entry for entry in (*shown, *asked) if not self._confirm(entry, recent)),
        ]

    def _confirm(self, entry: Entry, recent: Mapping[str, Activity]) -> bool:
        """Confirm an entry if it is clear what became of it; False when it stays open."""
        if not entry.activity_id:
            return self._confirm_if_found(entry, recent.values())
        activity = recent.get(entry.activity_id) or self._states.of(entry.activity_id)
        if activity and activity.state in UNFINISHED_STATES:
            return False
        self._ledger.confirm(entry, activity)
        return True

    def _confirm_if_found(self, entry: Entry, recent: Iterable[Activity]) -> bool:
        """Look for an import whose answer the interrupted run has not seen."""
        sighting = lost_answers.look(entry, recent, self._ledger.has_activity)
        self._missed[entry.number] += sighting.missed
        missed_once = sighting.missed and self._missed[entry.number] < lost_answers.LOOKS
        if sighting.pending or missed_once:
            return False
        self._ledger.confirm(entry, sighting.found)
        return True
