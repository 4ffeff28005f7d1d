"""The report of a run as a file in its folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from target_constant_contact.data_folder import REPORT_FILE, usable
from target_constant_contact.events.kinds import RunEnded
from target_constant_contact.files import write_whole
from target_constant_contact.redaction import json_text

if TYPE_CHECKING:
    from target_constant_contact.events.events import Events
    from target_constant_contact.events.kinds import Event
    from target_constant_contact.settings.settings import Settings
    from target_constant_contact.store.database import Database


def listen(events: Events, _settings: Settings, _database: Database) -> None:
    """Have the report written at the end of a run; a run that cannot write it fails."""
    events.listen(_write, required=True)


def _write(event: Event) -> None:
    if isinstance(event, RunEnded):
        path = Path(event.folder) / REPORT_FILE
        with usable(path):
            write_whole(path, f"{json_text(event.document)}\n")
