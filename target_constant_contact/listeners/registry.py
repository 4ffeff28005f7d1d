"""The one place that says who listens to a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from target_constant_contact.listeners import telemetry

if TYPE_CHECKING:
    from target_constant_contact.events.events import Events
    from target_constant_contact.settings.settings import Settings
    from target_constant_contact.store.database import Database


class Listening(Protocol):
    """What a module of this package has."""

    def listen(self, events: Events, settings: Settings, database: Database) -> None:
        """Begin to listen, if the settings ask for it."""


LISTENERS: Final[tuple[Listening, ...]] = (telemetry,)
"""In the order in which they are told."""


def listen_all(events: Events, settings: Settings, database: Database) -> None:
    """Have everybody listen whom the settings ask for.

    Args:
        events: What happens in a run, or in a command.
        settings: The settings.
        database: The store, opened.
    """
    for each in LISTENERS:
        each.listen(events, settings, database)
