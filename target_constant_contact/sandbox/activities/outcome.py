"""How an activity ended."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Outcome:
    """What an activity leaves behind.

    Attributes:
        counters: The ``status`` object.
        errors: ``activity_errors``.
        failed: The activity ends as ``failed`` instead of ``completed``.
        results: Text of an exported file.
    """

    counters: dict[str, int] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    failed: bool = False
    results: str | None = None
