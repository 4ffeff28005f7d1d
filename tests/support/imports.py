"""An importer with a client that answers what a test says."""

from __future__ import annotations

import tempfile
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from target_constant_contact.api.models import Activity
from target_constant_contact.batches.batch import Destination, ImportBatch
from target_constant_contact.exceptions import LostAnswerError
from target_constant_contact.imports.importer import Importer
from target_constant_contact.imports.spool import Spool
from target_constant_contact.ledger.entry import Entry
from target_constant_contact.ledger.ledger import Ledger
from target_constant_contact.store.sqlite import SqliteFile
from target_constant_contact.store.versions import prepare
from target_constant_contact.waiting import Waiting
from tests.support.fakes import AT_ONCE
from tests.support.saying import saying
from tests.support.stored import rows_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from target_constant_contact.imports.settled import SettledImport
    from target_constant_contact.store.database import Database

PLACE = Destination("members", ("list-a",))
ENTRY = Entry(1, "", "members", 1, datetime(2026, 11, 24, tzinfo=UTC))


def batch(number: int, rows: int = 2) -> ImportBatch:
    return ImportBatch(number, PLACE, None, rows, 0, b"{}", saying({f"k{number}": 1}))


def activity(activity_id: str, state: str, **counters: int) -> Activity:
    return Activity(activity_id, state, counters)


class FakeClient:
    """Answers imports with activities a1, a2 ... and polls with what `states` says."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.file_names: list[str] = []
        self.polls: list[str] = []
        self.states: dict[str, Iterator[Activity | Exception]] = {}
        self.on_import: Callable[[int], None] = lambda _number: None
        self.listed: list[Activity] = []

    def import_json(self, body: bytes, *, on_turn: Callable[[], None]) -> Activity:
        on_turn()
        self.on_import(len(self.sent) + 1)
        self.sent.append(f"json {body!r}")
        return activity(f"a{len(self.sent)}", "initialized")

    def import_csv(
        self,
        name: str,
        file: bytes,
        list_ids: Any,
        permission: Any = None,
        *,
        on_turn: Callable[[], None],
    ) -> Any:
        on_turn()
        self.file_names.append(name)
        self.on_import(len(self.sent) + 1)
        self.sent.append(f"csv {file!r} {list_ids} {permission}")
        return activity(f"a{len(self.sent)}", "initialized")

    def activity(self, activity_id: str) -> Activity:
        self.polls.append(activity_id)
        answer = next(self.states.get(activity_id, iter(())), completed(activity_id))
        if isinstance(answer, Exception):
            raise answer
        return answer

    def recent_activities(self) -> list[Activity]:
        self.polls.append("recent")
        return self.listed


def completed(activity_id: str, rows: int = 2) -> Activity:
    return activity(activity_id, "completed", items_total_count=rows + 1, person_count=rows)


class Case:
    """An importer with its client and what it reported."""

    def __init__(
        self, waiting: dict[str, Any], database: Database | None = None, **options: Any
    ) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self.client = FakeClient()
        self.database = database or SqliteFile(None)
        prepare(self.database)
        run = "next" if database else "run"
        self.ledger = Ledger(self.database, ("account", "export"), run)
        self.ledger.open(AT_ONCE)
        self.done: list[SettledImport] = []
        self.woken = threading.Event()
        self.importer = Importer(
            self.client,
            self.ledger,
            Waiting(**{"poll_seconds": (0.0,)} | waiting),
            Spool(Path(self._folder.name)),
            **{"on_settled": self.done.append, "on_failed": self.woken.set} | options,
        )

    @property
    def settled(self) -> list[tuple[int, int]]:
        """Numbers of the settled batches, and how many of their rows have landed."""
        return [(item.batch.number, item.settlement.landed) for item in self.done]

    @property
    def entries(self) -> list[dict[str, Any]]:
        """What the store says of what was sent."""
        found: list[dict[str, Any]] = rows_in(self.database)["entries"]
        return found

    def close(self) -> None:
        self.importer.give_up(0)
        self.ledger.close()
        self.database.close()
        self._folder.cleanup()

    def run(self, *batches: ImportBatch) -> None:
        for item in batches:
            self.importer.submit(item)
        self.importer.finish()


def lose(*numbers: int) -> Callable[[int], None]:
    """Lose the answers of these tries, counted from 1; the service has not taken them."""
    tries = iter(range(1, 1_000))

    def on_import(_number: int) -> None:
        if next(tries) in numbers:
            raise LostAnswerError("POST /import got no usable answer")

    return on_import


def imported(
    name: str, state: str = "completed", rows: int = 2, source_file_name: str = ""
) -> Activity:
    counters = {"items_total_count": rows + 1, "person_count": rows} if state == "completed" else {}
    return Activity(
        name,
        state,
        counters,
        created_at=datetime.now(UTC),
        source_file_name=source_file_name,
    )
