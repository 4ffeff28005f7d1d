"""What the store knows of the newest load of a segment."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SegmentRow:
    """The newest load of a stream to a list.

    Attributes:
        stream: Name of the stream, after stream maps.
        list_id: The list.
        run: Name of the run that has loaded it last.
        loaded_at: When that has begun, as a Unix timestamp.
        state: What it has proven, as in `segments.seals`.
        reason: Why nobody may be taken off by it; empty when the state says it all.
    """

    stream: str
    list_id: str
    run: str
    loaded_at: float
    state: str
    reason: str = ""
