"""The ledger among real processes: one that is killed at every step, and two at once."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from target_constant_contact.api.models import Activity
from target_constant_contact.batches.batch import BatchLimits, Destination
from target_constant_contact.batches.json_batch import JsonBatch
from target_constant_contact.exceptions import TryLaterError
from target_constant_contact.ledger.ledger import Ledger
from target_constant_contact.waiting import Waiting
from tests.support.fakes import AT_ONCE
from tests.support.process import environment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COMMON = """
import json, os, signal, sys
from pathlib import Path

from target_constant_contact.api.models import Activity
from target_constant_contact.batches.batch import BatchLimits, Destination
from target_constant_contact.batches.json_batch import JsonBatch
from target_constant_contact.ledger.ledger import Ledger
from target_constant_contact.waiting import Waiting

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
real_write = os.write

def step():
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

def around(name):
    real = getattr(os, name)

    def call(*arguments, **options):
        step()
        result = real(*arguments, **options)
        step()
        return result

    setattr(os, name, call)

def write(descriptor, text):
    done = 0
    for half in (text[:len(text) // 2], text[len(text) // 2:]):
        step()
        done += real_write(descriptor, half)
    step()
    return done

class Torn:
    def __init__(self, file):
        self.file = file

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return self.file.__exit__(*error)

    def write(self, text):
        for half in (text[:len(text) // 2], text[len(text) // 2:]):
            step()
            self.file.write(half)
            self.file.flush()
        step()

    def flush(self):
        self.file.flush()

real_fdopen = os.fdopen

def fdopen(descriptor, mode="r", *arguments, **options):
    file = real_fdopen(descriptor, mode, *arguments, **options)
    return Torn(file) if "w" in mode else file

def work(folder):
    os.write, os.fdopen = write, fdopen
    for name in ("open", "fsync", "ftruncate", "mkdir", "rename", "replace", "unlink"):
        around(name)
    ledger = Ledger(folder, "killed")

    def confirm():
        for entry in (*ledger.accepted, *ledger.in_doubt):
            ledger.confirm(entry, imported(entry))

    sent = {}

    def begin(person):
        sent[person] = ledger.begin(say(person), "json")

    yield lambda: ledger.open(Waiting(0))
    yield confirm
    yield lambda: ledger.take_up(say("a"), "json")
    for person in ("x", "y"):
        yield lambda: begin(person)
        yield lambda: ledger.accept(sent[person], imported(sent[person]))
        yield lambda: ledger.settle(sent[person], imported(sent[person]))
    yield lambda: begin("z")
    yield lambda: ledger.not_taken(sent["z"])
    yield ledger.finish
    yield ledger.close

for line in sys.stdin:
    order = json.loads(line)
    left, stop_before = order["step"], order["stop_before"]
    pid = os.fork()
    if not pid:
        for number, act in enumerate(work(Path(order["folder"]))):
            if number == stop_before:
                break
            act()
            real_write(1, b".")
        os._exit(0)
    status = os.waitpid(pid, 0)[1]
    print("", status, flush=True)
"""
)

IS_UNDER_WAY = (
    COMMON
    + """
ledger = Ledger(Path(sys.argv[1]), "first")
ledger.open(Waiting(0))
for person in sys.argv[2:]:
    send(ledger, person)
print("under way", flush=True)
sys.stdin.readline()
ledger.close()
print("closed", flush=True)
sys.stdin.readline()
"""
)

ACTS = 13
"""What a run does from its beginning to its end, see `work`."""
WRITING = {0, *range(3, 12)}
"""Those that write something, also when there is nothing to confirm or to take up."""


@contextmanager
def script(text: str, home: Path, *arguments: str) -> Iterator[Any]:
    """A Python program of its own."""
    process = subprocess.Popen(
        [sys.executable, "-c", text, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment(home),
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


class Next:
    """The run after another one, and what it finds."""

    def __init__(self, folder: Path) -> None:
        self.ledger = Ledger(folder, "next")

    def __enter__(self) -> Ledger:
        self.ledger.open(AT_ONCE)
        return self.ledger

    def __exit__(self, *_error: object) -> None:
        self.ledger.close()


def found(folder: Path) -> Any:
    """Everything that a run can see of those before it, and what it would take up."""
    with Next(folder) as ledger:
        seen = [*ledger.interrupted_runs, *ledger.accepted, *ledger.in_doubt]
        for entry in (*ledger.accepted, *ledger.in_doubt):
            ledger.confirm(entry, imported(entry))
        taken = [ledger.take_up(say(person), "json") for person in "abxyz"]
    # Times and hashes tell of the process, not of the step.
    shown = [e if isinstance(e, str) else (e.number, e.state, e.activity_id) for e in seen]
    return shown, [activity and activity.activity_id for activity in taken]


class Victims:
    """Makes folders, and has runs die in them."""

    def __init__(self, folder: Path, process: Any, before: str) -> None:
        self.folder = folder
        self.process = process
        self.before = before

    def make(self, name: str) -> Path:
        """A folder as it is before the run that dies: by what happened to the last one."""
        folder = self.folder / name / "account" / "export"
        if self.before == "nothing":
            return folder
        ledger = Ledger(folder, "interrupted")
        ledger.open(AT_ONCE)
        entry = ledger.begin(say("a"), "json")
        ledger.accept(entry, imported(entry))
        ledger.begin(say("b"), "json")
        if self.before == "finished":
            ledger.finish()
            (folder / "1.fingerprints").write_bytes(b"left by a crash")
        ledger.close()
        if self.before == "interrupted":
            with (folder / "journal.jsonl").open("a") as file:
                file.write('{"line":"accepted","num')
        return folder

    def dies(self, folder: Path, *, step: int = 0, stop_before: int = ACTS) -> tuple[int, bool]:
        """How many of its acts were done, and whether it was killed."""
        order = {"folder": str(folder), "step": step, "stop_before": stop_before}
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        done, status = self.process.stdout.readline().split(" ")
        assert int(status) in {0, signal.SIGKILL}
        return len(done), int(status) == signal.SIGKILL


@pytest.mark.parametrize("before", ["nothing", "interrupted", "finished"])
def test_a_run_that_is_killed_at_any_step_has_done_the_step_or_not(tmp_path, caplog, before):
    """It dies before and after each opening, half writing, syncing, cutting, renaming, removing."""
    with script(DIES, tmp_path) as process:
        victims = Victims(tmp_path, process, before)
        after = []
        for acts in range(ACTS + 1):
            folder = victims.make(f"acts-{acts}")
            assert victims.dies(folder, stop_before=acts) == (acts, False)
            after.append(found(folder))
        reached = []
        for step in range(1, 1_000):
            folder = victims.make(f"step-{step}")
            done, killed = victims.dies(folder, step=step)
            if not killed:
                break
            reached.append(done)
            assert found(folder) in (after[done], after[done + 1])
            kept = {path.suffix for path in folder.iterdir()}
            assert kept <= {"", ".jsonl", ".fingerprints"}
            with Next(folder) as ledger:
                ledger.begin(say("c"), "json")
                ledger.finish()
            assert found(folder) == ([], [None] * 5)
    assert set(reached) >= (WRITING | {1, 2} if before == "interrupted" else WRITING)
    assert "damaged" not in caplog.text


def test_a_run_goes_on_when_another_process_has_ended(tmp_path, caplog):
    folder = tmp_path / "account" / "export"
    checks = 0
    with script(IS_UNDER_WAY, tmp_path, str(folder)) as process:
        assert process.stdout.readline() == "under way\n"

        def check() -> None:
            nonlocal checks
            checks += 1
            if checks == 2:
                process.stdin.write("\n")
                process.stdin.flush()

        ledger = Ledger(folder, "second")
        ledger.open(Waiting(20, raise_if_stopped=check))
        ledger.close()
    assert checks >= 2
    assert caplog.messages == ["Run first of the same export is under way; waiting"]


def test_a_run_refuses_when_another_process_does_not_end(tmp_path):
    folder = tmp_path / "account" / "export"
    with script(IS_UNDER_WAY, tmp_path, str(folder)) as process:
        assert process.stdout.readline() == "under way\n"
        began = time.monotonic()
        with pytest.raises(TryLaterError, match="Run first of the same export has not ended"):
            Ledger(folder, "second").open(Waiting(0.3))
        assert 0.3 <= time.monotonic() - began < 5
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.stdout.readline() == "closed\n"


def test_a_crash_frees_the_lock_and_what_was_sent_is_taken_up(tmp_path):
    """What the other process has said of whom can be compared here, too."""
    folder = tmp_path / "account" / "export"
    with script(IS_UNDER_WAY, tmp_path, str(folder), "a", "b", "a") as process:
        assert process.stdout.readline() == "under way\n"
        process.kill()
        process.wait()
        with Next(folder) as ledger:
            for entry in ledger.accepted:
                ledger.confirm(entry, imported(entry))
            taken = [ledger.take_up(say(person), "json") for person in ("a", "b", "a", "a")]
    assert [activity and activity.activity_id for activity in taken] == [
        "activity-1",
        "activity-2",
        "activity-3",
        None,
    ]


def test_a_journal_that_is_read_while_it_is_written_is_never_damaged(tmp_path):
    """A waiting run reads the name of the one that is under way."""
    folder = tmp_path / "account" / "export"
    writer = Ledger(folder, "writer")
    writer.open(AT_ONCE)
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            writer.not_taken(writer.begin(say("a"), "json"))

    thread = threading.Thread(target=write)
    thread.start()
    try:
        for _ in range(50):
            with pytest.raises(TryLaterError, match="Run writer of"):
                Ledger(folder, "reader").open(AT_ONCE)
    finally:
        stop.set()
        thread.join()
        writer.close()
