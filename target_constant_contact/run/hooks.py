"""What a run asks of the program around it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from target_constant_contact.events.events import Events
    from target_constant_contact.settings.settings import Settings
    from target_constant_contact.store.database import Database
    from target_constant_contact.waiting import Waiting

Encode: TypeAlias = Callable[[object], str]
"""Encodes a Singer message as one line of JSON, without its end."""
WriteState: TypeAlias = Callable[[Mapping[str, Any]], None]
"""Puts out a STATE that may leave; called in any thread, one call at a time."""

Listen: TypeAlias = "Callable[[Events, Settings, Database], None]"
"""Has those listen who show runs; called once, before anything is told."""


@dataclass(frozen=True, slots=True)
class Hooks:
    """What a run asks of the program around it, which knows Singer.

    Attributes:
        waiting: How the run waits; it raises when the run is to stop.
        wake: Called in the importer's thread when the run has failed while reading may be
            blocked.
        write_state: Puts out a STATE that may leave.
        encode: Encodes a rejected row; None: none is written.
    """

    waiting: Waiting
    wake: Callable[[], None]
    write_state: WriteState
    encode: Encode | None
