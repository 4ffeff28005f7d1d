"""How an activity ended."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class RowFault:
    """Why a row of an import did not land, as only the sandbox knows.

    Attributes:
        line: Its line in a file with a header, so the first row is line 2.
        who: Its address, or its number for text messages; empty without either.
        reason: Why.
        told: What the API tells about it.
    """

    line: int
    who: str
    reason: str
    told: str


@dataclass(slots=True)
class Outcome:
    """What an activity leaves behind.

    Attributes:
        counters: The ``status`` object.
        errors: ``activity_errors``.
        faults: The first rows that did not land, for the page of the activity.
        failed: The activity ends as ``failed`` instead of ``completed``.
        results: Text of an exported file.
    """

    counters: dict[str, int] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    faults: list[RowFault] = field(default_factory=list)
    failed: bool = False
    results: str | None = None
