"""Runs of an export with a ledger, as tests begin and interrupt them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from target_constant_contact.api.models import Activity
from target_constant_contact.batches.batch import BatchLimits, Destination
from target_constant_contact.batches.json_batch import JsonBatch
from target_constant_contact.contacts.encoding import encode_contact
from target_constant_contact.ledger.ledger import Ledger
from tests.support.fakes import AT_ONCE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from target_constant_contact.batches.batch import ImportBatch
    from target_constant_contact.ledger.entry import Entry

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


class TickingClock:
    """Wall time; every look at it is a second later than the one before."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


class Exports:
    """Starts runs of exports to one account."""

    def __init__(self, account: Path) -> None:
        self.account = account
        self.clock: Callable[[], datetime] = TickingClock()
        self.ledgers: list[Ledger] = []

    @property
    def folder(self) -> Path:
        """Where the runs of the export write."""
        return self.account / "export"

    @property
    def journal(self) -> Path:
        return self.folder / "journal.jsonl"

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.journal.read_text().splitlines()]

    def ledger(self, run: str, export: str = "export") -> Ledger:
        ledger = Ledger(self.account / export, run, now=self.clock)
        self.ledgers.append(ledger)
        return ledger

    def start(self, run: str = "next", export: str = "export") -> Ledger:
        """Begin a run. One that was begun before must have been closed."""
        ledger = self.ledger(run, export)
        ledger.open(AT_ONCE)
        return ledger

    def interrupt(self, *batches: ImportBatch, run: str = "first") -> None:
        """A run that is killed when all of these are accepted."""
        ledger = self.start(run)
        for batch in batches:
            send(ledger, batch)
        ledger.close()

    def resume(self, run: str = "next") -> Ledger:
        """Begin a run that learns that everything which was accepted has been imported."""
        ledger = self.start(run)
        for entry in ledger.accepted:
            ledger.confirm(entry, imported(entry))
        return ledger

    def pass_by(self) -> None:
        """Another export to the account runs from its beginning to its end."""
        other = self.start("other run", "other export")
        other.finish()
        other.close()


def say(
    lists: tuple[str, ...] = ("list-a",), permission: Any = None, /, **said: object
) -> ImportBatch:
    """A batch that says something about some people."""
    batch = JsonBatch(1, Destination("members", lists), permission, 0, BatchLimits())
    for person, value in said.items():
        email = f"{person}@example.com"
        batch.add(email, encode_contact({"email": email, "first_name": str(value)}))
    return batch.seal()


def send(ledger: Ledger, batch: ImportBatch) -> Entry:
    entry = ledger.begin(batch, "json")
    ledger.accept(entry, accepted(entry))
    return entry


def accepted(entry: Entry) -> Activity:
    moment = NOON + timedelta(minutes=entry.number, microseconds=7)
    return Activity(f"activity-{entry.number}", "initialized", created_at=moment)


def imported(entry: Entry, state: str = "completed", **counters: int) -> Activity:
    """How the activity of an entry has ended; well, unless something else is said."""
    name = entry.activity_id or f"activity-{entry.number}"
    counters = {"person_count": entry.rows, "items_total_count": entry.rows} | counters
    return Activity(name, state, counters, created_at=NOON)


def names(entries: tuple[Entry, ...]) -> list[str]:
    return [entry.activity_id for entry in entries]
