"""Request counts in real files, shared by real processes."""

from __future__ import annotations

import itertools
import json
import os
import sqlite3
import stat
import subprocess
import sys
import threading

import pytest

from target_constant_contact.api.limits.limiter import RateLimiter
from target_constant_contact.api.limits.sqlite import SqliteSlots
from target_constant_contact.exceptions import TargetError
from tests.support.limiting import NOON, Time

PROCESS = """
import json, pathlib, sys, time
from target_constant_contact.api.limits.limiter import RateLimiter
from target_constant_contact.api.limits.sqlite import SqliteSlots

class Noting(SqliteSlots):
    def reserve(self, *arguments, **options):
        self.slot = super().reserve(*arguments, **options)
        return self.slot

store = Noting(pathlib.Path(sys.argv[1]))
limiter = RateLimiter(store, "key", requests_per_second=50)
passed = []
for _ in range(int(sys.argv[2])):
    limiter.acquire()
    passed.append((store.slot.time, time.time()))
limiter.close()
print(json.dumps(passed))
"""

DIES_WAITING = """
import os, pathlib, sys
from target_constant_contact.api.limits.limiter import RateLimiter
from target_constant_contact.api.limits.sqlite import SqliteSlots

store = SqliteSlots(pathlib.Path(sys.argv[1]), clock=lambda: float(sys.argv[2]))
limiter = RateLimiter(store, "key", sleep=lambda _: os._exit(9))
limiter.acquire()
limiter.acquire()
"""


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data" / "requests.sqlite"


@pytest.fixture
def limiter(time, path):
    """Make limiters on one file, and close them."""
    made = []

    def make(key="key", file=path, **options):
        made.append(RateLimiter(SqliteSlots(file, time.clock), key, sleep=time.sleep, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_days_long_past_are_forgotten(limiter, time, path):
    one = limiter()
    for _ in range(5):
        one.acquire()
        time.now += 86_400
    with sqlite3.connect(path) as database:
        assert database.execute("SELECT count(*) FROM days").fetchone() == (3,)
    database.close()


def test_file_and_folder_belong_to_their_owner_only(limiter, path):
    limiter()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_the_key_is_not_in_the_file(limiter, path):
    limiter("client-id-0815").acquire()
    assert b"client-id-0815" not in path.read_bytes()


def test_a_file_that_is_no_database_is_named_with_the_next_step(tmp_path):
    file = tmp_path / "requests.sqlite"
    file.write_bytes(b"not a database at all" * 100)
    with pytest.raises(TargetError, match=r"requests\.sqlite cannot be used .* delete that file"):
        SqliteSlots(file)


def test_a_folder_that_cannot_be_made_is_named_with_the_next_step(tmp_path):
    (tmp_path / "data").write_text("a file")
    with pytest.raises(TargetError, match="check the rights"):
        SqliteSlots(tmp_path / "data" / "requests.sqlite")


def test_without_a_file_each_limiter_counts_alone(limiter, time):
    limiter(file=None).acquire()
    other = limiter(file=None)
    other.acquire()
    assert time.now == NOON
    assert other.used_today() == 1


def test_real_processes_never_pass_faster_than_the_limit_together(path):
    """Three processes get distinct slots an interval apart, and nobody passes before its slot."""
    command = [sys.executable, "-c", PROCESS, str(path), "10"]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(3)]
    outputs = [process.communicate(timeout=60)[0] for process in running]
    assert [process.returncode for process in running] == [0, 0, 0]
    passed = sorted(tuple(pair) for output in outputs for pair in json.loads(output))
    slots = [slot for slot, _ in passed]
    assert len(slots) == 30
    assert min(b - a for a, b in itertools.pairwise(slots)) >= 1.04 / 50 - 1e-4
    assert all(went >= slot - 1e-3 for slot, went in passed)


def test_a_slot_reserved_by_someone_else_at_the_same_moment_is_seen(limiter, time, path):
    """The lock is taken before the last slot is read, not only when the next one is written."""
    one = limiter()
    one.acquire()
    other = sqlite3.connect(path, isolation_level=None, timeout=1)
    other.execute("BEGIN IMMEDIATE")
    other.execute("UPDATE slots SET last = last + 10")
    asking = threading.Thread(target=one.acquire)
    asking.start()
    asking.join(timeout=0.2)
    assert asking.is_alive()
    other.execute("COMMIT")
    other.close()
    asking.join(timeout=30)
    assert time.passed() == pytest.approx(10.26, abs=1e-4)


def test_a_process_that_dies_while_it_waits_blocks_nobody(limiter, time, path):
    command = [sys.executable, "-c", DIES_WAITING, str(path), str(NOON)]
    environment = {name: value for name, value in os.environ.items() if "COV" not in name}
    assert subprocess.run(command, env=environment, check=False, timeout=60).returncode == 9
    one = limiter()
    assert one.used_today() == 2
    one.acquire()
    assert time.passed() == pytest.approx(0.52, abs=1e-4)
