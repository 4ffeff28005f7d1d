"""How a run waits."""

from __future__ import annotations

from typing import Final

POLL_SECONDS: Final = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
"""Waits between the polls of an activity; the last one repeats. Small imports finish in
seconds, large ones in minutes, and every poll counts against the day's requests."""
