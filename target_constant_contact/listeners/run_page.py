"""The page of a run, beside its report."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from target_constant_contact.data_folder import PAGE_FILE
from target_constant_contact.events.kinds import RunEnded
from target_constant_contact.files import write_whole
from target_constant_contact.reports.past_run import ended_run

if TYPE_CHECKING:
    from target_constant_contact.events.events import Events
    from target_constant_contact.events.kinds import Event
    from target_constant_contact.settings.settings import Settings
    from target_constant_contact.store.database import Database

_logger = logging.getLogger("target-constant-contact")


def listen(events: Events, _settings: Settings, _database: Database) -> None:
    """Have the page written at the end of a run; that it cannot be written is a warning."""
    events.listen(run_page)


def run_page(event: Event) -> None:
    """Write ``report.html`` at the end of a run."""
    if not isinstance(event, RunEnded):
        return
    # Not before: a run reads and sends without templates.
    from target_constant_contact.pages.run_page import render_run  # noqa: PLC0415

    page = render_run(ended_run(event))
    path = Path(event.folder) / PAGE_FILE
    try:
        write_whole(path, page)
    except OSError as error:
        _logger.warning(
            "%s cannot be written (%s); report.json beside it says the same", path, error.strerror
        )
    else:
        _logger.info("The run as a page: %s", path)
