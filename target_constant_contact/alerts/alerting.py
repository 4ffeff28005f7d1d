"""The alerts of one run, from what the store knows of earlier ones to what is owed to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_constant_contact.alerts.memory import AlertMemory, as_past, latest_told
from target_constant_contact.alerts.receivers import receivers
from target_constant_contact.alerts.telling import happened, rules_of, send, told_by
from target_constant_contact.reports.past_run import LOAD

if TYPE_CHECKING:
    from target_constant_contact.events.kinds import RunBegun, RunEnded
    from target_constant_contact.settings.settings import Settings
    from target_constant_contact.store.database import Database


class Alerting:
    """Alerts of one run.

    Args:
        settings: The settings.
        database: The store; not closed with this.
    """

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings = settings
        self._database = database
        self._interrupted: list[str] = []

    def begin(self, event: RunBegun) -> None:
        """Note which loads of the export have no report: a run that ends well forgets them."""
        if event.kind == LOAD:
            # The run itself has sent nothing yet, and is not among them.
            self._interrupted = AlertMemory(self._database, event.export).without_report()

    def end(self, event: RunEnded) -> None:
        """Tell what has changed. It waits for receivers, but not long."""
        memory = AlertMemory(self._database, event.export)
        now = as_past(event.run, event.folder, event.document)
        earlier = memory.earlier(event.run, now.kind)
        interrupted = memory.still_without_report(self._interrupted)
        news = [*happened(now, earlier, interrupted, rules_of(self._settings))]
        alerts = self._settings.alerts
        all_receivers = receivers(alerts)
        told = told_by(all_receivers, latest_told(earlier), news, alerts.on)
        # First, so that the next run tells what a run owes that is killed meanwhile.
        memory.keep(event.run, event.document, told)
        if any(one.owed for one in told):
            memory.keep(event.run, event.document, send(all_receivers, told))
