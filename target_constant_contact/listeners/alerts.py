"""Tells people and programs when a run fails, recovers, or does what somebody should look at."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from target_constant_contact.events.kinds import RunBegun, RunEnded
from target_constant_contact.exceptions import TargetError

if TYPE_CHECKING:
    from target_constant_contact.events.events import Events
    from target_constant_contact.events.kinds import Event
    from target_constant_contact.settings.settings import Settings
    from target_constant_contact.store.database import Database

_TO_TELL = frozenset({"completed", "failed"})
"""A dry run does nothing that somebody has to know of."""
_logger = logging.getLogger("target-constant-contact")


def listen(events: Events, settings: Settings, database: Database) -> None:
    """Have whom the settings name told what changes with a run, at its end."""
    if settings.alerts.wanted:
        events.listen(_Alerts(settings, database))


class _Alerts:
    """Alerts of one run.

    Args:
        settings: The settings.
        database: The store; not closed with this.
    """

    name = "Alerts"

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings = settings
        self._database = database
        self._interrupted: list[str] = []

    def __call__(self, event: Event) -> None:
        """Note what has no report when a run begins, and tell what has changed when it ends."""
        # What is rare may take longer to load.
        try:
            if isinstance(event, RunBegun):
                self._begin(event)
            elif isinstance(event, RunEnded) and event.status in _TO_TELL:
                self._end(event)
        except TargetError as error:
            _logger.warning("Alerts: %s", error)

    def _begin(self, event: RunBegun) -> None:
        from target_constant_contact.alerts.memory import AlertMemory  # noqa: PLC0415

        if event.kind == "load":
            found = AlertMemory(self._database, event.export).without_report()
            self._interrupted = [run for run in found if run != event.run]

    def _end(self, event: RunEnded) -> None:
        from target_constant_contact.alerts import memory, receivers, telling  # noqa: PLC0415

        store = memory.AlertMemory(self._database, event.export)
        now = memory.as_past(event.run, event.folder, event.document)
        earlier = store.earlier(event.run)
        interrupted = store.still_without_report(self._interrupted)
        rules = telling.rules_of(self._settings)
        news = [*telling.happened(now, earlier, interrupted, rules)]
        all_receivers = receivers.receivers(self._settings.alerts)
        before = memory.latest_told(earlier, event.kind)
        told = telling.told_by(all_receivers, before, news, self._settings.alerts.on)
        # First: a run that is killed meanwhile owes them, and the next one tells them.
        store.keep(event.run, event.document, told)
        if any(one.owed for one in told):
            store.keep(event.run, event.document, telling.send(all_receivers, told))
