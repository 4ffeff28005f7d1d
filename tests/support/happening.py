"""Events as a run tells them, with what a test does not care about filled in."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from target_constant_contact.events.kinds import (
    ImportSent,
    ImportSettled,
    ListSwept,
    RowsRejected,
    RunBegun,
    RunEnded,
)

RUN = "20261129T103400-a1b2"


def begun(kind: str = "load") -> RunBegun:
    return RunBegun(RUN, kind, "export", "/data/runs/a", datetime(2026, 11, 29, tzinfo=UTC))


def rejected(rows: int) -> RowsRejected:
    return RowsRejected("people", "not an e-mail address", "email", rows)


def sent(rows: int = 10) -> ImportSent:
    return ImportSent("a1", "people", ("l1",), rows, 1_000)


def settled(landed: int = 10, **counts: Any) -> ImportSettled:
    rows = landed + sum(value for name, value in counts.items() if name != "taken_up")
    given = {"refused": 0, "suppressed": 0, "unexplained": 0, "seconds": 1.0} | counts
    return ImportSettled("a1", "people", ("l1",), rows, landed, **given)


def swept(people: int) -> ListSwept:
    return ListSwept("people", "l1", "Newsletter", "swept", 100, people)


def ended(kind: str = "load") -> RunEnded:
    return RunEnded(RUN, kind, "export", "/data/runs/a", "completed", None, 1.0, 1, {})
