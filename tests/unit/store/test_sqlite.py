"""The store in a real file, shared by real processes."""

from __future__ import annotations

import itertools
import json
import os
import resource
import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing

import pytest
from sqlalchemy import text

from target_constant_contact.api.limits.limiter import RateLimiter
from target_constant_contact.exceptions import SettingsError, StorageError, TryLaterError
from target_constant_contact.store import database as database_room
from target_constant_contact.store.ledger import LedgerRows
from target_constant_contact.store.schema import SLOTS, VERSION
from target_constant_contact.store.slots import Slots
from target_constant_contact.store.sqlite import SqliteFile
from target_constant_contact.store.versions import prepare
from tests.support.limiting import NOON, LimiterInMemory, Time

PROCESS = """
import json, pathlib, sys, time
from target_constant_contact.api.limits.limiter import RateLimiter
from target_constant_contact.store.slots import Slots
from target_constant_contact.store.sqlite import SqliteFile

class Noting(Slots):
    def reserve(self, *arguments, **options):
        self.slot = super().reserve(*arguments, **options)
        return self.slot

database = SqliteFile(pathlib.Path(sys.argv[1]))
slots = Noting(database)
limiter = RateLimiter(slots, "key", requests_per_second=50)
passed = []
for _ in range(int(sys.argv[2])):
    limiter.acquire()
    passed.append((slots.slot.time, time.time()))
database.close()
print(json.dumps(passed))
"""

DIES_WAITING = """
import os, pathlib, sys
from target_constant_contact.api.limits.limiter import RateLimiter
from target_constant_contact.store.slots import Slots
from target_constant_contact.store.sqlite import SqliteFile

database = SqliteFile(pathlib.Path(sys.argv[1]), clock=lambda: float(sys.argv[2]))
limiter = RateLimiter(Slots(database), "key", sleep=lambda _: os._exit(9))
limiter.acquire()
limiter.acquire()
"""


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def database(opened, file, time):
    made = opened(SqliteFile(file, time.clock))
    prepare(made)
    return made


@pytest.fixture
def limiter(database, time):
    return RateLimiter(Slots(database), "key", sleep=time.sleep)


def test_file_and_folder_belong_to_their_owner_only(limiter, file):
    limiter.acquire()
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in file.parent.iterdir()}
    assert modes == dict.fromkeys([file.name, f"{file.name}-wal", f"{file.name}-shm"], 0o600)


def test_a_closed_store_is_one_file(limiter, database, file):
    limiter.acquire()
    database.close()
    assert [*file.parent.iterdir()] == [file]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o660])
def test_a_file_that_is_open_to_others_is_refused(database, opened, file, mode):
    database.close()
    file.chmod(mode)
    with pytest.raises(SettingsError) as caught:
        prepare(opened(SqliteFile(file)))
    assert str(caught.value) == (
        f"the store in {file} is open to other users (mode {mode:03o}); it was not read. Close it "
        f"with: chmod 600 {file}, and sign in again if somebody may have read it"
    )


def test_a_link_in_the_place_of_the_file_is_not_followed(opened, file, tmp_path):
    file.parent.mkdir()
    file.symlink_to(tmp_path / "precious")
    with pytest.raises(StorageError, match="Too many levels of symbolic links"):
        prepare(opened(SqliteFile(file)))
    assert not (tmp_path / "precious").exists()


def test_a_file_that_is_no_database_is_named_with_the_next_step(opened, file):
    file.parent.mkdir()
    file.write_bytes(b"not a database at all" * 100)
    file.chmod(0o600)
    with pytest.raises(StorageError) as caught:
        prepare(opened(SqliteFile(file)))
    assert str(caught.value) == (
        f"the store in {file} cannot be used (file is not a database); check the rights and the "
        "free space there, set data_dir to a folder that can be written and lasts, or put the file "
        "aside if it is damaged"
    )


def test_a_file_that_another_program_keeps_locked_is_a_reason_to_try_later(
    database, file, monkeypatch
):
    monkeypatch.setattr(database_room, "PAUSES", ())
    database.run(lambda connection: connection.execute(text("PRAGMA busy_timeout = 0")))
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(TryLaterError) as caught:
            database.run(lambda connection: connection.execute(text("SELECT 1")))
        other.execute("ROLLBACK")
    assert str(caught.value) == (
        f"the store in {file} is kept locked by another program; nothing is sent without it. End "
        "that program, and run again"
    )
    assert database.run(lambda connection: connection.scalar(text("SELECT 2"))) == 2


def test_a_folder_that_cannot_be_made_is_named_with_the_next_step(opened, file):
    file.parent.write_text("a file")
    with pytest.raises(StorageError, match="check the rights"):
        prepare(opened(SqliteFile(file)))


def test_a_full_disk_is_said_and_what_was_stored_stays(database):
    def grow(connection):
        for number in range(3_000):
            values = {column.name: 0 for column in SLOTS.c} | {"key": f"{number:0200}"}
            connection.execute(SLOTS.insert().values(values))

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, before[1]))
    try:
        with pytest.raises(StorageError, match=r"cannot be used \((.*full|disk I/O error)\);"):
            database.run(grow)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert Slots(database).reserve("key", 0.26, 10).used == 1
    count = text("SELECT count(*) FROM slots")
    assert database.run(lambda connection: connection.scalar(count)) == 1


def test_what_must_last_is_synced_and_counts_need_not_be(database):
    level = text("PRAGMA synchronous")
    full, normal = 2, 1
    for durable, expected in [(True, full), (False, normal), (True, full)]:
        with database.transaction(durable=durable) as connection:
            assert connection.scalar(level) == expected


def test_a_block_that_fails_undoes_all_that_it_did(database):
    with pytest.raises(ZeroDivisionError), database.transaction() as connection:
        connection.execute(text("UPDATE store SET version = 99")).rowcount / 0
    with database.transaction() as connection:
        assert connection.scalar(text("SELECT version FROM store")) == VERSION


def test_an_error_within_a_block_is_explained(database):
    with pytest.raises(StorageError, match="no such table"), database.transaction() as connection:
        connection.execute(text("SELECT 1 FROM nowhere"))


def test_the_time_is_that_of_the_clock(database, time):
    assert database.run(database.now) == time.now


def test_the_key_is_not_in_the_file(opened, file):
    prepare(database := opened(SqliteFile(file)))
    RateLimiter(Slots(database), "client-id-0815").acquire()
    database.close()
    assert b"client-id-0815" not in file.read_bytes()


def test_in_memory_each_limiter_counts_alone(time):
    one, other = LimiterInMemory(clock=time.clock), LimiterInMemory(clock=time.clock)
    one.acquire()
    other.acquire()
    assert time.now == NOON
    assert other.used_today() == 1
    one.close()
    other.close()


@pytest.mark.usefixtures("database")
def test_real_processes_never_pass_faster_than_the_limit_together(file):
    """Three processes get distinct slots an interval apart, and nobody passes before its slot."""
    command = [sys.executable, "-c", PROCESS, str(file), "10"]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(3)]
    outputs = [process.communicate(timeout=60)[0] for process in running]
    assert [process.returncode for process in running] == [0, 0, 0]
    passed = sorted(tuple(pair) for output in outputs for pair in json.loads(output))
    slots = [slot for slot, _ in passed]
    assert len(slots) == 30
    assert min(b - a for a, b in itertools.pairwise(slots)) >= 1.04 / 50 - 1e-4
    assert all(went >= slot - 1e-3 for slot, went in passed)


def test_a_slot_reserved_by_someone_else_at_the_same_moment_is_seen(limiter, time, file):
    """The lock is taken before the last slot is read, not only when the next one is written."""
    limiter.acquire()
    other = sqlite3.connect(file, isolation_level=None, timeout=1)
    other.execute("BEGIN IMMEDIATE")
    other.execute("UPDATE slots SET last = last + 10")
    asking = threading.Thread(target=limiter.acquire)
    asking.start()
    asking.join(timeout=0.2)
    assert asking.is_alive()
    other.execute("COMMIT")
    other.close()
    asking.join(timeout=30)
    assert time.passed() == pytest.approx(10.26, abs=1e-4)


def test_a_process_that_dies_while_it_waits_blocks_nobody(limiter, time, file):
    command = [sys.executable, "-c", DIES_WAITING, str(file), str(NOON)]
    environment = {name: value for name, value in os.environ.items() if "COV" not in name}
    assert subprocess.run(command, env=environment, check=False, timeout=60).returncode == 9
    assert limiter.used_today() == 2
    limiter.acquire()
    assert time.passed() == pytest.approx(0.52, abs=1e-4)


def test_another_connection_of_the_process_keeps_its_locks(limiter, opened, file):
    """To open the file to look at it, and close it again, would free them.

    Another process would take itself for the last one, and remove what is not yet in the file.
    """
    limiter.acquire()
    prepare(other := opened(SqliteFile(file)))
    other.close()
    script = (
        "import sqlite3, sys; file = sqlite3.connect(sys.argv[1]);"
        "file.execute('UPDATE slots SET used = 5'); file.commit(); file.close()"
    )
    subprocess.run([sys.executable, "-c", script, str(file)], check=True)
    assert file.with_name(f"{file.name}-wal").exists()
    assert Slots(other).reserve("another", 0.26, 10).used == 1


def test_who_opens_a_new_file_waits_for_another_who_does(opened, file):
    """Also where SQLite itself does not wait."""
    file.parent.mkdir()
    other = sqlite3.connect(file, isolation_level=None)
    file.chmod(0o600)
    other.execute("BEGIN EXCLUSIVE")
    database = opened(SqliteFile(file))
    opening = threading.Thread(target=prepare, args=[database])
    opening.start()
    opening.join(timeout=0.3)
    assert opening.is_alive()
    other.execute("COMMIT")
    other.close()
    opening.join(timeout=30)
    assert Slots(database).reserve("key", 0.26, 10).granted


def test_a_run_that_ends_well_gives_back_the_disk_that_its_ledger_took(opened, file):
    database = opened(SqliteFile(file))
    prepare(database)
    rows = LedgerRows(database, "account", "export")
    rows.take_lock()
    rows.begin("run", "key")
    sent = {"content": "", "stream": "", "rows": 1, "file_name": "", "state": "sent"}
    for number in range(10):
        rows.add(sent | {"number": number, "activity_id": ""}, os.urandom(700_000))
    rows.end()
    rows.release()
    database.close()
    assert file.stat().st_size < 500_000


@pytest.mark.parametrize("is_replaced", [False, True])
def test_a_file_that_is_deleted_or_replaced_while_it_is_used_is_not_written_any_more(
    database, file, tmp_path, is_replaced
):
    """What is written to it, such as the next refresh token, nobody would find."""
    slots = Slots(database)
    slots.reserve("key", 0.26, 10)
    file.unlink()
    if is_replaced:
        other = tmp_path / "other"
        other.touch(0o600)
        other.rename(file)
    with pytest.raises(StorageError, match="was deleted or replaced while it was used"):
        slots.reserve("key", 0.26, 10)
