"""Rows of past runs that were not sent, though nothing was wrong with them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PastWithheld:
    """Rows of a stream that were not sent for the same reason.

    Attributes:
        rows: How many.
        stream: Name of the stream.
        reason: Why.
    """

    rows: int
    stream: str
    reason: str
