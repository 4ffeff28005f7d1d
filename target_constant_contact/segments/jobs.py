"""Bulk jobs of the service, a number of them at a time, waited for to their end."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from target_constant_contact.api.activities import ActivitiesApi, ActivityStates
from target_constant_contact.api.models import UNFINISHED_STATES
from target_constant_contact.exceptions import LostAnswerError, QueueFullError, TryLaterError
from target_constant_contact.log_fields import fields
from target_constant_contact.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from target_constant_contact.api.models import Activity
    from target_constant_contact.waiting import Waiting

MOST: Final = 500
"""Unfinished jobs of ours: half of what the service keeps for an account."""

_TRIES: Final = 4
"""How often a job is started whose answers are lost. Another one of the same does no harm."""
_ASKED_ALONE: Final = 20
"""Jobs that are asked for one by one where one request does not tell of them."""
_logger = logging.getLogger("target-constant-contact")


class Jobs:
    """Starts jobs that may be started twice, and waits for them.

    Args:
        api: Tells how far they are.
        waiting: How they are waited for.
        most: Unfinished jobs at a time.
    """

    def __init__(self, api: ActivitiesApi, waiting: Waiting, most: int = MOST) -> None:
        self._states = ActivityStates(api)
        self._waiting = waiting
        self._most = most
        self._in_flight: dict[str, None] = {}
        self._failed = 0
        self._polls = 0
        self._deadline = 0.0

    def run(self, starts: Iterable[Callable[[], Activity]]) -> bool:
        """Start jobs in their order, and wait until all have ended.

        Args:
            starts: Each starts one.

        Returns:
            Whether all have ended well.

        Raises:
            TryLaterError: They do not end in time, or the queue of the account stays full.
            TargetError: One of them was refused.
        """
        self._failed = 0
        self._begin()
        for start in starts:
            while len(self._in_flight) >= self._most:
                self._poll()
            self._note(self.started(start))
        while self._in_flight:
            self._poll()
        return not self._failed

    def started(self, start: Callable[[], Activity]) -> Activity:
        """Start a job, when the queue of the account has room for it.

        Raises:
            TryLaterError: It stays full.
            TargetError: The job was refused.
        """
        if not self._in_flight:
            self._begin()
        lost = 0
        while True:
            try:
                return start()
            except QueueFullError:
                # Of others, or of ours: it drains.
                self._poll()
            except LostAnswerError:
                lost += 1
                if lost == _TRIES:
                    raise

    def wait_for_others(self) -> None:
        """Wait until what the account works on now has ended, whoever has started it.

        It is waited for as long as for a job of ours; then there is a warning.

        Raises:
            TargetError: The service cannot be asked.
        """
        self._begin()
        wanted = {*self._unfinished()}
        while left := wanted.intersection(self._unfinished()):
            if self._waiting.clock() >= self._deadline:
                _logger.warning(
                    "%s of Constant Contact, maybe of an interrupted run that takes people off a "
                    "list, has not ended in %s",
                    counted(len(left), "job"),
                    counted(self._waiting.timeout_minutes, "minute"),
                    extra=fields(
                        jobs=len(left), import_timeout_minutes=self._waiting.timeout_minutes
                    ),
                )
                return
            self._waiting.wait_for_poll(self._polls)
            self._polls += 1

    def _unfinished(self) -> Iterator[str]:
        for activity in self._states.recent().values():
            if activity.state in UNFINISHED_STATES:
                yield activity.activity_id

    def _begin(self) -> None:
        self._polls = 0
        self._progress()

    def _note(self, activity: Activity) -> None:
        if activity.state in UNFINISHED_STATES or not activity.state:
            self._in_flight[activity.activity_id] = None
        else:
            self._end(activity)

    def _poll(self) -> None:
        if self._waiting.clock() >= self._deadline:
            raise TryLaterError(
                f"Jobs of Constant Contact have not ended in "
                f"{counted(self._waiting.timeout_minutes, 'minute')} (import_timeout_minutes), "
                f"{len(self._in_flight):,} of them ours. Start the run again later"
            )
        self._waiting.wait_for_poll(self._polls)
        self._polls += 1
        for activity in self._states.of_all([*self._in_flight], _ASKED_ALONE).values():
            known = activity and activity.activity_id in self._in_flight
            if activity and known and activity.state not in UNFINISHED_STATES:
                del self._in_flight[activity.activity_id]
                self._end(activity)
                self._progress()

    def _end(self, activity: Activity) -> None:
        if activity.state != "completed":
            self._failed += 1
            told = fields(activity_id=activity.activity_id)
            _logger.warning("Activity %s is %r", activity.activity_id, activity.state, extra=told)

    def _progress(self) -> None:
        self._deadline = self._waiting.clock() + self._waiting.timeout_seconds
