"""The request limits of an API key, on real files and with real processes."""

from __future__ import annotations

import itertools
import json
import os
import sqlite3
import stat
import subprocess
import sys
import threading
from datetime import UTC, datetime

import pytest

from target_constant_contact.api.limits import RateLimiter
from target_constant_contact.exceptions import QuotaExceededError, TargetError

NOON = datetime(2026, 8, 1, 12, tzinfo=UTC).timestamp()
BEFORE_MIDNIGHT = datetime(2026, 8, 1, 23, 59, 59, 900_000, tzinfo=UTC).timestamp()

PROCESS = """
import json, pathlib, sys, time
from target_constant_contact.api.limits import RateLimiter

seen = {}
def clock():
    seen["now"] = seen["slot"] = time.time()
    return seen["now"]
def sleep(seconds):
    seen["slot"] = seen["now"] + seconds
    time.sleep(seconds)

limiter = RateLimiter(
    pathlib.Path(sys.argv[1]), "key", requests_per_second=50, clock=clock, sleep=sleep
)
passed = []
for _ in range(int(sys.argv[2])):
    limiter.acquire()
    passed.append((seen["slot"], time.time()))
limiter.close()
print(json.dumps(passed))
"""

DIES_WAITING = """
import os, pathlib, sys
from target_constant_contact.api.limits import RateLimiter

limiter = RateLimiter(
    pathlib.Path(sys.argv[1]), "key", clock=lambda: float(sys.argv[2]), sleep=lambda _: os._exit(9)
)
limiter.acquire()
limiter.acquire()
"""


class Time:
    """A clock that only sleeping, or the test, moves on."""

    def __init__(self, now=NOON):
        self.now = now

    def clock(self):
        return self.now

    def passed(self):
        """Seconds since noon; a tolerance relative to a Unix timestamp would be half an hour."""
        return self.now - NOON

    def sleep(self, seconds):
        assert seconds > 0
        self.now += seconds


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
        made.append(RateLimiter(file, key, clock=time.clock, sleep=time.sleep, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


def passing_times(limiter, time, count):
    """The times at which requests pass."""
    times = []
    for _ in range(count):
        limiter.acquire()
        times.append(time.now)
    return times


def most_in_a_second(times):
    return max(sum(start <= other <= start + 1 for other in times) for start in times)


def test_the_first_request_passes_at_once(limiter, time):
    assert passing_times(limiter(), time, 1) == [NOON]


@pytest.mark.parametrize("rate", [1, 4, 10, 50])
def test_no_rolling_second_holds_more_requests_than_allowed(limiter, time, rate):
    """Also with 40 ms to spare, for requests that are sent a little late."""
    times = passing_times(limiter(requests_per_second=rate), time, 3 * rate)
    assert most_in_a_second(times) <= rate
    assert times[rate] - times[0] == pytest.approx(1.04, abs=1e-4)


def test_slots_are_evenly_spaced(limiter, time):
    times = passing_times(limiter(), time, 5)
    assert [round(t - NOON, 3) for t in times] == [0, 0.26, 0.52, 0.78, 1.04]


def test_unused_time_is_not_saved_up_for_a_burst(limiter, time):
    one = limiter()
    one.acquire()
    time.now += 3600
    assert most_in_a_second(passing_times(one, time, 9)) == 4


def test_limiters_on_one_file_share_the_limit(limiter, time):
    one, two = limiter(), limiter()
    one.acquire()
    two.acquire()
    assert time.passed() == pytest.approx(0.26, abs=1e-4)
    assert one.used_today() == two.used_today() == 2


def test_keys_have_limits_of_their_own(limiter, time):
    limiter("one").acquire()
    limiter("two").acquire()
    assert time.now == NOON


def test_without_a_file_each_limiter_counts_alone(limiter, time):
    limiter(file=None).acquire()
    other = limiter(file=None)
    other.acquire()
    assert time.now == NOON
    assert other.used_today() == 1


def test_the_counts_outlive_the_process(limiter):
    first = limiter()
    first.acquire()
    first.close()
    assert limiter().used_today() == 1


def test_the_last_request_of_the_day_passes_and_the_next_is_refused(limiter):
    one = limiter(requests_per_day=2)
    one.acquire()
    one.acquire()
    with pytest.raises(QuotaExceededError) as caught:
        one.acquire()
    assert str(caught.value) == (
        "all 2 requests of 2026-08-01 (UTC) are used up for this API key; run again after "
        "2026-08-02 00:00 UTC, in 12 h 0 min"
    )


def test_a_refused_request_reserves_nothing(limiter, time):
    one = limiter(requests_per_day=1)
    one.acquire()
    with pytest.raises(QuotaExceededError):
        one.acquire()
    assert one.used_today() == 1
    assert time.now == NOON
    limiter(requests_per_day=2).acquire()
    assert time.passed() == pytest.approx(0.26, abs=1e-4)


def test_midnight_utc_opens_a_new_day(limiter, time):
    one = limiter(requests_per_day=1)
    one.acquire()
    time.now += 12 * 3600
    assert one.used_today() == 0
    one.acquire()


def test_a_request_counts_for_the_day_of_its_slot(limiter, time):
    """A request that waits over midnight belongs to the new day."""
    time.now = BEFORE_MIDNIGHT
    one = limiter(requests_per_day=1)
    one.acquire()
    one.acquire()
    assert one.used_today() == 1
    with pytest.raises(QuotaExceededError, match="2026-08-02"):
        one.acquire()


def test_a_clock_set_back_over_midnight_does_not_open_a_used_up_day(limiter, time):
    time.now = BEFORE_MIDNIGHT
    one = limiter(requests_per_day=1)
    one.acquire()
    time.now += 1
    one.acquire()
    time.now = BEFORE_MIDNIGHT - 600
    with pytest.raises(QuotaExceededError, match="2026-08-01"):
        one.acquire()


def test_days_long_past_are_forgotten(limiter, time, path):
    one = limiter()
    for _ in range(5):
        one.acquire()
        time.now += 86_400
    with sqlite3.connect(path) as database:
        assert database.execute("SELECT count(*) FROM days").fetchone() == (3,)
    database.close()


def test_a_clock_that_jumps_back_by_hours_blocks_nobody(limiter, time):
    one = limiter()
    one.acquire()
    time.now = NOON - 3 * 3600
    first, second = passing_times(one, time, 2)
    assert first == NOON - 3 * 3600
    assert second - first == pytest.approx(0.26, abs=1e-4)


def test_a_long_queue_is_not_taken_for_a_clock_that_jumped_back(limiter, time):
    """Slots as far ahead as 999 waiting callers reach are honoured."""
    one = limiter()
    one.acquire()
    time.now = NOON - 999 * 0.26
    one.acquire()
    assert time.passed() == pytest.approx(0.26, abs=1e-4)


def test_a_penalty_holds_every_caller_back(limiter, time):
    limiter().penalize(1.0)
    limiter().acquire()
    assert time.passed() == pytest.approx(1, abs=1e-4)


def test_penalties_at_one_time_do_not_add_up(limiter, time):
    one = limiter()
    for _ in range(8):
        one.penalize(1.0)
    one.acquire()
    assert time.passed() == pytest.approx(1, abs=1e-4)


def test_a_penalty_shorter_than_the_queue_changes_nothing(limiter, time):
    one = limiter(requests_per_second=1)
    one.acquire()
    one.penalize(0.5)
    one.acquire()
    assert time.passed() == pytest.approx(1.04, abs=1e-4)


def test_a_penalty_is_a_minute_at_most(limiter, time):
    one = limiter(requests_per_second=50)
    one.penalize(86_400)
    one.acquire()
    assert time.passed() == pytest.approx(60, abs=1e-4)


def test_a_penalty_is_not_a_request(limiter):
    one = limiter()
    one.penalize(1.0)
    assert one.used_today() == 0


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
        RateLimiter(file, "key")


def test_a_folder_that_cannot_be_made_is_named_with_the_next_step(tmp_path):
    (tmp_path / "data").write_text("a file")
    with pytest.raises(TargetError, match="check the rights"):
        RateLimiter(tmp_path / "data" / "requests.sqlite", "key")


def test_threads_share_one_limiter(limiter, time):
    one = limiter()
    time.sleep = lambda _: None
    threads = [
        threading.Thread(target=lambda: [one.acquire() for _ in range(25)]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert one.used_today() == 100


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
