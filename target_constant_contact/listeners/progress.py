"""How far a run or a long command is, shown while it goes on."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from target_constant_contact.progress.reporter import Reporter

if TYPE_CHECKING:
    from target_constant_contact.events.events import Events
    from target_constant_contact.settings.settings import Settings
    from target_constant_contact.store.database import Database


def listen(events: Events, _settings: Settings, _database: Database) -> None:
    """Show it to whoever looks at stderr, whatever the settings are."""
    events.listen(Reporter(sys.stderr))
