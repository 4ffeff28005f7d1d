"""Whose rows a run does not send, whatever the tap brings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_constant_contact.segments.erased import Erased
from target_constant_contact.segments.suppression_file import InSuppressionFile, read_suppressions

if TYPE_CHECKING:
    from target_constant_contact.account.account import Account
    from target_constant_contact.segments.gate import Gate
    from target_constant_contact.settings.settings import Settings


class Withholding:
    """Has the gate of a run withhold the rows of people who may not be sent.

    Args:
        settings: The settings.
        account: The account that members go to.
        gate: The gate.
    """

    def __init__(self, settings: Settings, account: Account, gate: Gate) -> None:
        self._settings = settings
        self._account = account
        self._gate = gate

    def learn(self) -> None:
        """Learn of the people whom this machine and the store know; the service is not asked.

        Raises:
            SettingsError: The suppression file cannot be used.
            TargetError: The store cannot be used.
        """
        # Not before: what is imported for the help of a command need not load SQLAlchemy.
        from target_constant_contact.store.suppressions import Suppressions  # noqa: PLC0415

        if path := self._settings.suppression_file:
            self._gate.add(InSuppressionFile(read_suppressions(path)))
        if persons := Suppressions(self._account.database).persons():
            self._gate.add(Erased(self._gate.people, persons))
