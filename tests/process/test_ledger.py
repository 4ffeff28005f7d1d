"""The ledger among real processes on both databases: killed at every step, and two at once."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from target_constant_contact.api.models import Activity
from target_constant_contact.batches.batch import BatchLimits, Destination
from target_constant_contact.batches.json_batch import JsonBatch
from target_constant_contact.data_folder import DataFolder
from target_constant_contact.exceptions import TryLaterError
from target_constant_contact.ledger.ledger import Ledger
from target_constant_contact.store.opening import open_store
from target_constant_contact.store.place import StorePlace
from target_constant_contact.waiting import Waiting
from tests.support import forks
from tests.support.fakes import AT_ONCE
from tests.support.process import environment
from tests.support.stores import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from target_constant_contact.store.database import Database

COMMON = """
import json, os, signal, sys
from pathlib import Path

from target_constant_contact.api.models import Activity
from target_constant_contact.batches.batch import BatchLimits, Destination
from target_constant_contact.batches.json_batch import JsonBatch
from target_constant_contact.data_folder import DataFolder
from target_constant_contact.ledger.ledger import Ledger
from target_constant_contact.store import postgres, sqlite
from target_constant_contact.store.opening import open_store
from target_constant_contact.store.place import StorePlace
from target_constant_contact.waiting import Waiting

def store(folder, url, key):
    return open_store(StorePlace(DataFolder(Path(folder)), url or None, key=key))

def say(person):
    batch = JsonBatch(1, Destination("members", ("list-a",)), None, 0, BatchLimits())
    batch.add(f"{person}@example.com", b"{}")
    return batch.seal()

def imported(entry):
    counters = {"person_count": 1, "items_total_count": 1}
    return Activity(entry.activity_id or f"activity-{entry.number}", "completed", counters)

def send(ledger, person):
    entry = ledger.begin(say(person), "json")
    ledger.accept(entry, imported(entry))
"""

DIES = (
    COMMON
    + """
import filelock
import sqlalchemy.dialects.postgresql.psycopg, sqlalchemy.dialects.sqlite
from sqlalchemy.engine.default import DefaultDialect

def step():
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

def around(owner, name):
    real = getattr(owner, name)

    def call(*arguments, **options):
        # Behind it is before the next one.
        step()
        return real(*arguments, **options)

    setattr(owner, name, call)

def work(account, *place):
    ledger = Ledger(store(*place), (account, "export"), "killed")
    for owner, name in (
        (filelock.FileLock, "_acquire"),
        (filelock.FileLock, "_release"),
        (DefaultDialect, "do_execute"),
        (DefaultDialect, "do_commit"),
    ):
        around(owner, name)

    def confirm():
        for entry in (*ledger.accepted, *ledger.in_doubt):
            ledger.confirm(entry, imported(entry))

    sent = {}

    def begin(person):
        sent[person] = ledger.begin(say(person), "json")

    yield lambda: ledger.open(Waiting(20))
    yield confirm
    yield lambda: ledger.take_up(say("a"), "json")
    for person in ("x", "y"):
        yield lambda: begin(person)
        yield lambda: ledger.accept(sent[person], imported(sent[person]))
        yield lambda: ledger.settle(sent[person])
    yield lambda: begin("z")
    yield lambda: ledger.not_taken(sent["z"])
    yield ledger.finish
    yield ledger.close

for line in sys.stdin:
    order = json.loads(line)
    left, stop_before = order["step"], order["stop_before"]
    pid = os.fork()
    if not pid:
        for number, act in enumerate(work(order["account"], *sys.argv[1:])):
            if number == stop_before:
                break
            act()
            os.write(1, b".")
        os._exit(0)
    status = os.waitpid(pid, 0)[1]
    print("", status, flush=True)
"""
)

IS_UNDER_WAY = (
    COMMON
    + """
*place, people = sys.argv[1:]
ledger = Ledger(store(*place), ("account", "export"), "first")
ledger.open(Waiting(0))
for person in people:
    send(ledger, person)
print("under way", flush=True)
for person in sys.stdin.readline().strip():
    try:
        send(ledger, person)
    except Exception as error:
        print(type(error).__name__, error, flush=True)
ledger.close()
print("closed", flush=True)
sys.stdin.readline()
"""
)

ACTS = 13
"""What a run does from its beginning to its end, see `work`."""
WRITING = {0, 1, *range(3, 12)}
"""Those that write something."""
EXPORT = ("account", "export")


@pytest.fixture(params=["file", "server"])
def store(request, tmp_path):
    """An empty store, on each database."""
    if request.param == "file":
        return Store(tmp_path / "machines")
    return Store(tmp_path / "machines", request.getfixturevalue("postgres").new_url())


def place(store: Store, machine: str) -> list[str]:
    """Where a machine finds the store, as arguments of a program."""
    return [str(store.data_dir(machine)), store.url or "", store.key]


@contextmanager
def opened(store: Store, machine: str = "first") -> Iterator[Database]:
    """The store as a machine sees it."""
    folder = DataFolder(store.data_dir(machine))
    with closing(open_store(StorePlace(folder, store.url, key=store.key))) as database:
        yield database


@contextmanager
def script(text: str, home: Path, *arguments: str) -> Iterator[Any]:
    """A Python program of its own."""
    process = forks.started(
        [sys.executable, "-c", text, *arguments],
        environment(home),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def say(person: str) -> Any:
    batch = JsonBatch(1, Destination("members", ("list-a",)), None, 0, BatchLimits())
    batch.add(f"{person}@example.com", b"{}")
    return batch.seal()


def imported(entry: Any) -> Activity:
    counters = {"person_count": 1, "items_total_count": 1}
    return Activity(entry.activity_id or f"activity-{entry.number}", "completed", counters)


@contextmanager
def next_run(database: Database, account: str = "account", run: str = "next") -> Iterator[Ledger]:
    """The run after another one; a server needs a moment to see that a machine is gone."""
    ledger = Ledger(database, (account, "export"), run)
    ledger.open(Waiting(20))
    try:
        yield ledger
    finally:
        ledger.close()


def found(database: Database, account: str) -> Any:
    """Everything that a run can see of those before it, and what it would take up."""
    with next_run(database, account) as ledger:
        seen = [*ledger.interrupted_runs, *ledger.accepted, *ledger.in_doubt]
        for entry in (*ledger.accepted, *ledger.in_doubt):
            ledger.confirm(entry, imported(entry))
        taken = [ledger.take_up(say(person), "json") for person in "abxyz"]
    # Times and hashes tell of the process, not of the step.
    shown = [e if isinstance(e, str) else (e.number, e.state, e.activity_id) for e in seen]
    return shown, [activity and activity.activity_id for activity in taken]


class Victims:
    """Has runs of exports die, each to an account of its own."""

    def __init__(self, database: Database, process: Any) -> None:
        self.database = database
        self.process = process

    def make(self, account: str) -> str:
        """An export as it is before the run that dies: the one before was interrupted."""
        ledger = Ledger(self.database, (account, "export"), "interrupted")
        ledger.open(AT_ONCE)
        entry = ledger.begin(say("a"), "json")
        ledger.accept(entry, imported(entry))
        ledger.begin(say("b"), "json")
        ledger.close()
        return account

    def dies(self, account: str, *, step: int = 0, stop_before: int = ACTS) -> tuple[int, bool]:
        """How many of its acts were done, and whether it was killed."""
        order = {"account": account, "step": step, "stop_before": stop_before}
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        done, status = self.process.stdout.readline().split(" ")
        assert int(status) in {0, signal.SIGKILL}
        return len(done), int(status) == signal.SIGKILL


def test_a_run_that_is_killed_at_any_step_has_done_the_step_or_not(tmp_path, store):
    """It dies before each lock, each statement and each commit, and so behind the one before."""
    with (
        opened(store) as database,
        script(DIES, tmp_path, *place(store, "killed")) as process,
    ):
        victims = Victims(database, process)
        after = []
        for acts in range(ACTS + 1):
            account = victims.make(f"acts-{acts}")
            assert victims.dies(account, stop_before=acts) == (acts, False)
            after.append(found(database, account))
        reached = []
        for step in range(1, 1_000):
            account = victims.make(f"step-{step}")
            done, killed = victims.dies(account, step=step)
            if not killed:
                break
            reached.append(done)
            assert found(database, account) in (after[done], after[done + 1])
            with next_run(database, account, "the one after") as ledger:
                ledger.begin(say("c"), "json")
                ledger.finish()
            assert found(database, account) == ([], [None] * 5)
    assert set(reached) >= WRITING
    for table in ("entries", "fingerprints"):
        assert [row for row in store.rows(table) if row["account"].startswith("step-")] == []


def test_a_run_goes_on_when_that_of_another_machine_has_ended(tmp_path, store, caplog):
    checks = 0
    with script(IS_UNDER_WAY, tmp_path, *place(store, "first"), "") as process:
        assert process.stdout.readline() == "under way\n"

        def check() -> None:
            nonlocal checks
            checks += 1
            if checks == 2:
                process.stdin.write("\n")
                process.stdin.flush()

        with opened(store, "second") as database:
            ledger = Ledger(database, EXPORT, "second")
            ledger.open(Waiting(20, raise_if_stopped=check))
            ledger.close()
    assert checks >= 2
    assert caplog.messages == ["Run first of the same export is under way; waiting"]


def test_a_run_refuses_when_that_of_another_machine_does_not_end(tmp_path, store):
    with (
        script(IS_UNDER_WAY, tmp_path, *place(store, "first"), "") as process,
        opened(store, "second") as database,
    ):
        assert process.stdout.readline() == "under way\n"
        began = time.monotonic()
        with pytest.raises(TryLaterError, match="Run first of the same export has not ended"):
            Ledger(database, EXPORT, "second").open(Waiting(0.3))
        assert time.monotonic() - began >= 0.3
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.stdout.readline() == "closed\n"


def test_a_crash_frees_the_lock_and_what_was_sent_is_taken_up_elsewhere(tmp_path, store):
    """What the other machine has said of whom can be compared here, too."""
    with script(IS_UNDER_WAY, tmp_path, *place(store, "first"), "aba") as process:
        assert process.stdout.readline() == "under way\n"
        process.kill()
        process.wait()
        with opened(store, "second") as database, next_run(database) as ledger:
            for entry in ledger.accepted:
                ledger.confirm(entry, imported(entry))
            taken = [ledger.take_up(say(person), "json") for person in ("a", "b", "a", "a")]
    assert [activity and activity.activity_id for activity in taken] == [
        "activity-1",
        "activity-2",
        "activity-3",
        None,
    ]


def test_a_run_that_has_lost_its_lock_writes_nothing_more(tmp_path, postgres):
    """Another machine may be running the export by then."""
    store = Store(tmp_path / "machines", postgres.new_url())
    with (
        script(IS_UNDER_WAY, tmp_path, *place(store, "first"), "a") as process,
        opened(store, "second") as database,
    ):
        assert process.stdout.readline() == "under way\n"
        assert postgres.terminate(only_locks=True) == 1
        with next_run(database) as ledger:
            before = store.dump()
            process.stdin.write("bc\n")
            process.stdin.flush()
            said = [process.stdout.readline() for _ in range(3)]
            assert [line.split()[0] for line in said] == [
                "TryLaterError",
                "TryLaterError",
                "closed",
            ]
            assert store.dump() == before
            assert [entry.activity_id for entry in ledger.accepted] == ["activity-1"]


def test_a_run_that_waits_can_always_tell_for_whom(store):
    """It reads the name while the other one writes."""
    stop = threading.Event()
    with opened(store) as database, opened(store, "second") as other:
        writer = Ledger(database, EXPORT, "writer")
        writer.open(AT_ONCE)

        def write() -> None:
            while not stop.is_set():
                writer.not_taken(writer.begin(say("a"), "json"))

        thread = threading.Thread(target=write)
        thread.start()
        try:
            for _ in range(50):
                with pytest.raises(TryLaterError, match="Run writer of"):
                    Ledger(other, EXPORT, "reader").open(AT_ONCE)
        finally:
            stop.set()
            thread.join()
            writer.close()
