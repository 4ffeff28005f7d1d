"""Tells people and programs when a run fails, recovers, or does what somebody should look at."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from target_constant_contact.events.kinds import RunBegun, RunEnded

if TYPE_CHECKING:
    from target_constant_contact.alerts.alerting import Alerting
    from target_constant_contact.events.events import Events
    from target_constant_contact.events.kinds import Event
    from target_constant_contact.settings.settings import Settings
    from target_constant_contact.store.database import Database


def listen(events: Events, settings: Settings, database: Database) -> None:
    """Have whom the settings name told what changes with a run, at its end.

    A dry run does nothing that somebody has to know of, also when it fails.
    """
    if settings.alerts.wanted and not settings.dry_run:
        # What sends is loaded only where it is asked for.
        alerting = import_module("target_constant_contact.alerts.alerting")
        events.listen(_Alerts(alerting.Alerting(settings, database)))


class _Alerts:
    """Alerts of one run.

    Args:
        alerting: Tells them.
    """

    def __init__(self, alerting: Alerting) -> None:
        self._alerting = alerting

    def __call__(self, event: Event) -> None:
        """Look for killed runs when a run begins, and tell what has changed at its end."""
        if isinstance(event, RunBegun):
            self._alerting.begin(event)
        elif isinstance(event, RunEnded):
            self._alerting.end(event)
