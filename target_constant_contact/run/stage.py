"""How far a run has come."""

from __future__ import annotations

from enum import Enum, auto


class Stage(Enum):
    """The stages of a run, in their order."""

    READING = auto()
    SETTLED = auto()
    """Every import is completed and counted."""
    RELEASED = auto()
    """All STATE has left: nothing is left to be taken up."""
    ENDED = auto()
