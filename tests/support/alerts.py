"""Runs that have ended, as alerts look at them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from target_constant_contact.alerts.conditions import Rules
from target_constant_contact.api.models import ContactList
from target_constant_contact.reports.counts import Counts
from target_constant_contact.reports.past_parts import PastDestination, PastRejections
from target_constant_contact.reports.past_run import PastRun
from target_constant_contact.reports.told import Alert

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_constant_contact.reports.swept import SweptList

ALL = frozenset({"failed", "recovered", "rejected", "removed", "shrunk"})
SECRET = "a secret of two and twenty"
"""Key of signatures."""
ALERT = Alert(
    "run-1-failed", "failed", "run-1", "load", "a-e", "default", "Acme", "2026-06-01", "It broke"
)
START = datetime(2026, 6, 1, 3, tzinfo=UTC)


def rules(rejected: float = 1, shrunk: float = 20, *, whole: bool = True) -> Rules:
    return Rules(rejected, shrunk, lambda _: whole)


def run_name(day: int) -> str:
    return f"{START + timedelta(days=day):%Y%m%dT%H%M%SZ}-00000{day}"


def destination(stream: str, *lists: str, **counts: int) -> PastDestination:
    """What became of rows; all have landed of which nothing else is said."""
    read = counts.pop("read")
    landed = read - sum(counts.values())
    named = tuple(ContactList(f"id-{name}", name, 0) for name in lists)
    return PastDestination(stream, named, Counts(read=read, landed=landed, **counts))


def load(day: int = 1, /, *places: PastDestination, error: str = "", **facts: Any) -> PastRun:
    """A load that has ended: well, or with an error."""
    totals = sum((place.counts for place in places), Counts())
    begun = START + timedelta(days=day)
    streams = tuple(dict.fromkeys(place.stream for place in places))
    known = {
        "status": "failed" if error else "completed",
        "error": error,
        "totals": totals,
        "destinations": places,
        "streams": streams,
        "ended_at": begun + timedelta(minutes=1),
        "export": "a-e",
    }
    return PastRun(run=run_name(day), started_at=begun, machine="m", folder="f", **(known | facts))


def sweep(day: int = 1, /, swept: Sequence[SweptList] = (), error: str = "") -> PastRun:
    """A sweep that has ended."""
    return load(day, error=error, kind="sweep", totals=None, streams=(), swept=tuple(swept))


def rejections(stream: str, **reasons: int) -> tuple[PastRejections, ...]:
    return tuple(
        PastRejections(rows, stream, reason.replace("_", " "), "")
        for reason, rows in reasons.items()
    )
