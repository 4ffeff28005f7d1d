"""What the store knows of a run."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from typing import Final

MACHINE: Final = platform.node() or "a machine without a name"
"""What this one is called."""


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run.

    Attributes:
        run: Its name.
        started_at: When it has started, as a Unix timestamp.
        machine: Name of the machine it has run on.
        folder: Its folder there, with the files that people read.
        report: Its report as JSON; None until it has ended.
    """

    run: str
    started_at: float
    machine: str
    folder: str
    report: str | None = None
