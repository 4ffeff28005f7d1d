"""The one place that says who listens to a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from target_constant_contact.listeners import (
    alerts,
    progress,
    report_file,
    run_log,
    run_page,
    run_record,
    sdk_metrics,
    telemetry,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from target_constant_contact.events.events import Events
    from target_constant_contact.settings.settings import Settings
    from target_constant_contact.store.database import Database


LISTENERS: Final[tuple[Callable[[Events, Settings, Database], None], ...]] = (
    progress.listen,
    report_file.listen,
    run_page.listen,
    run_log.listen,
    run_record.listen,
    sdk_metrics.listen,
    telemetry.listen,
    alerts.listen,
)
"""In the order in which they are told. Each begins to listen if the settings ask for it."""


def listen_all(events: Events, settings: Settings, database: Database) -> None:
    """Have everybody listen whom the settings ask for.

    Args:
        events: What happens in a run, or in a command.
        settings: The settings.
        database: The store, opened.
    """
    for begin in LISTENERS:
        begin(events, settings, database)
