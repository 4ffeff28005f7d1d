"""Whose rows a run does not send, whatever the tap brings."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from target_constant_contact.exceptions import TargetError
from target_constant_contact.segments.erased import Erased
from target_constant_contact.segments.hash_set import HashSet
from target_constant_contact.segments.opt_outs import (
    OptOutReading,
    Unsubscribed,
    is_recent,
    question,
)
from target_constant_contact.segments.suppression_file import InSuppressionFile, read_suppressions
from target_constant_contact.store.suppressions import Suppressions

if TYPE_CHECKING:
    from collections.abc import Iterable

    from target_constant_contact.account.account import Account
    from target_constant_contact.segments.gate import Gate
    from target_constant_contact.segments.opt_outs import Question
    from target_constant_contact.settings.settings import Settings
    from target_constant_contact.store.opt_out_row import OptOutRow
    from target_constant_contact.waiting import Waiting

_LONGEST: Final = 60.0
"""Seconds that the first row waits for the answer who has unsubscribed."""
_logger = logging.getLogger("target-constant-contact")


class Withholding:
    """Has the gate of a run withhold the rows of people who may not be sent.

    Args:
        settings: The settings.
        account: The account that members go to.
        gate: The gate.
        waiting: How the run waits.
    """

    def __init__(self, settings: Settings, account: Account, gate: Gate, waiting: Waiting) -> None:
        self._settings = settings
        self._account = account
        self._gate = gate
        self._waiting = waiting
        self._store = Suppressions(account.database)
        self._known: OptOutRow | None = None
        self._reading: OptOutReading | None = None

    def learn(self) -> None:
        """Learn of the people whom this machine and the store know; the service is not asked.

        Raises:
            SettingsError: The suppression file cannot be used.
            TargetError: The store cannot be used.
        """
        if path := self._settings.suppression_file:
            self._gate.add(InSuppressionFile(read_suppressions(path)))
        if persons := self._store.persons():
            self._gate.add(Erased(self._gate.people, persons))

    def begin(self) -> None:
        """Begin to ask the service who has unsubscribed; the first row waits for the answer.

        A dry run asks, too, and keeps nothing of the answer.

        Raises:
            TargetError: The store cannot be used.
        """
        store, account = self._store, self._account
        now = store.now()
        known = store.opt_outs(account.export[0])
        self._known = known if known and is_recent(known, now) else None
        self._ask(question(known, now, account.requests_left), known, now)
        self._gate.add(Unsubscribed(self._unsubscribed))

    def close(self) -> None:
        """Ask no more."""
        if self._reading:
            self._reading.stop()

    def _ask(self, asked: Question, known: OptOutRow | None, now: float) -> None:
        if not asked.pages:
            _warn("too few requests are left of the day's")
            return
        api, people = self._account.client.memberships, self._gate.people
        reading = OptOutReading(api, asked, people, known, now)
        try:
            reading.start()
        except RuntimeError:
            _warn("the system lets this process start no thread")
        else:
            self._reading = reading

    def _unsubscribed(self) -> Iterable[int]:
        known = self._known
        if self._reading:
            try:
                with self._waiting.events.work("learning who has unsubscribed", "opt_outs"):
                    row = self._reading.result(self._waiting, _LONGEST)
            except TargetError as error:
                _warn(str(error))
            else:
                if row is None:
                    _warn(f"no answer in {_LONGEST:g} s")
                else:
                    if not self._settings.dry_run:
                        self._store.put_opt_outs(self._account.export[0], row)
                    known = row
        return HashSet.unpacked(known.people) if known else ()


def _warn(why: str) -> None:
    _logger.warning(
        "Who has unsubscribed was not found out before the first row (%s); Constant Contact "
        "refuses these people itself, and counts them",
        why.rstrip("."),
    )
