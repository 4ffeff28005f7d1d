"""Runs of an export with a ledger, as tests begin and interrupt them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from target_constant_contact.api.models import Activity
from target_constant_contact.batches.batch import BatchLimits, Destination
from target_constant_contact.batches.json_batch import JsonBatch
from target_constant_contact.contacts.encoding import encode_contact
from target_constant_contact.ledger.ledger import Ledger
from tests.support.fakes import AT_ONCE
from tests.support.stored import fill, rows_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from target_constant_contact.batches.batch import ImportBatch
    from target_constant_contact.ledger.entry import Entry
    from target_constant_contact.store.database import Database

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


class TickingClock:
    """Wall time; every look at it is a second later than the one before."""

    def __init__(self) -> None:
        self.now = NOON.timestamp()

    def __call__(self) -> float:
        self.now += 1
        return self.now


class Exports:
    """Starts runs of exports, with the ledger in a store.

    Args:
        connect: Connects to the store, with a clock.

    Attributes:
        clock: That of the store.
    """

    def __init__(self, connect: Callable[..., Database]) -> None:
        self.clock: Callable[[], float] = TickingClock()
        self.ledgers: list[Ledger] = []
        self.database = fill(connect(clock=self._now), {})

    def _now(self) -> float:
        return self.clock()

    def rows(self, table: str) -> list[dict[str, Any]]:
        """What a table of the store holds."""
        found: list[dict[str, Any]] = rows_in(self.database)[table]
        return found

    @property
    def states(self) -> list[str]:
        """The states of all entries, in the order of sending."""
        return [row["state"] for row in self.rows("entries")]

    def execute(self, statement: str, **values: Any) -> None:
        """Change the store as nobody but a test does."""
        with self.database.transaction() as connection:
            connection.execute(text(statement), values)

    def spoil(self, number: int, change: Callable[[bytes], bytes | None]) -> None:
        """Damage what an entry has said of its people, or lose it."""
        (said,) = (row["said"] for row in self.rows("fingerprints") if row["number"] == number)
        if (spoiled := change(said)) is None:
            self.execute("DELETE FROM fingerprints WHERE number = :number", number=number)
        else:
            statement = "UPDATE fingerprints SET said = :said WHERE number = :number"
            self.execute(statement, said=spoiled, number=number)

    def ledger(self, run: str, export: str = "export", account: str = "account") -> Ledger:
        ledger = Ledger(self.database, (account, export), run)
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
