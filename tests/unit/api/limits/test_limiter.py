"""The rules of the request limits, the same in a file and on a server."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from target_constant_contact.api.limits.limiter import RateLimiter, reserved
from target_constant_contact.exceptions import QuotaExceededError
from target_constant_contact.store.postgres import PostgresServer
from target_constant_contact.store.schema import SLOTS
from target_constant_contact.store.slot import Slot
from target_constant_contact.store.slots import Slots
from target_constant_contact.store.sqlite import SqliteFile
from target_constant_contact.store.versions import prepare
from tests.support.limiting import NOON, Time, most_in_a_second, passing_times

BEFORE_MIDNIGHT = datetime(2026, 8, 1, 23, 59, 59, 900_000, tzinfo=UTC).timestamp()


@pytest.fixture
def time():
    return Time()


@pytest.fixture(params=["file", "server"])
def connect(request, time, tmp_path):
    """Connect to one place, as a process of its own would."""
    made = []
    url = request.getfixturevalue("postgres").new_url() if request.param == "server" else ""

    def make():
        if url:
            database = PostgresServer(url, clock=time.clock)
        else:
            database = SqliteFile(tmp_path / "data" / "store.sqlite", time.clock)
        made.append(database)
        prepare(database)
        return database

    yield make
    for each in made:
        each.close()


@pytest.fixture
def store(connect, time):
    """Make slots that are counted in one place."""
    return lambda: Slots(connect(), time.clock)


@pytest.fixture
def limiter(time, store):
    """Make limiters that count in one place."""
    return lambda key="key", **options: RateLimiter(store(), key, sleep=time.sleep, **options)


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


def test_limiters_in_one_place_share_the_limit(limiter, time):
    one, two = limiter(), limiter()
    one.acquire()
    two.acquire()
    assert time.passed() == pytest.approx(0.26, abs=1e-4)
    assert one.used_today() == two.used_today() == 2


def test_keys_have_limits_of_their_own(limiter, time):
    limiter("one").acquire()
    limiter("two").acquire()
    assert time.now == NOON


def test_the_counts_outlive_the_process(limiter):
    limiter().acquire()
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


@pytest.mark.parametrize("seconds", [0.1, 20, 180, 3 * 3_600, 365 * 86_400])
def test_a_clock_that_is_set_back_blocks_nobody_and_opens_no_burst(limiter, time, seconds):
    """How much time has passed is not known, so it is taken for none."""
    one = limiter()
    one.acquire()
    time.now = set_to = NOON - seconds
    passed = [round(moment - set_to, 3) for moment in passing_times(one, time, 3)]
    assert passed == [0.26, 0.52, 0.78]


def test_callers_that_wait_while_the_clock_is_set_back_keep_their_places(store, time):
    """Slots that were reserved before are as far ahead as they were, and later ones follow."""
    slots = store()
    before = [slots.reserve("key", 0.26, 100).time - NOON for _ in range(10)]
    time.now = NOON - 120
    after = [slots.reserve("key", 0.26, 100) for _ in range(3)]
    assert before[-1] == pytest.approx(9 * 0.26, abs=1e-4)
    # By a clock that was not set back.
    assert [slot.time + 120 - NOON for slot in after] == pytest.approx(
        [10 * 0.26, 11 * 0.26, 12 * 0.26], abs=1e-4
    )
    assert [slot.set_back for slot in after] == pytest.approx([120, 0, 0], abs=1e-4)


def test_a_clock_that_is_set_back_between_question_and_waiting_is_not_waited_for(store, time):
    class Jumping:
        """Sets the clock back as soon as the second slot is reserved."""

        def __init__(self):
            self.inner = store()
            self.clock = time.clock
            self.jumps = [0, 200]

        def reserve(self, *arguments, **options):
            slot = self.inner.reserve(*arguments, **options)
            time.now -= self.jumps.pop(0)
            return slot

    one = RateLimiter(Jumping(), "key", sleep=time.sleep)
    passing_times(one, time, 2)
    assert time.passed() == pytest.approx(0.26 - 200, abs=1e-3)


def test_a_clock_that_was_ahead_for_a_while_holds_nobody_back(limiter, time):
    one = limiter()
    time.now = NOON + 86_400 * 365
    one.acquire()
    time.now = NOON
    assert [round(moment - NOON, 3) for moment in passing_times(one, time, 2)] == [0.26, 0.52]


def test_a_clock_that_is_set_back_is_said_once_and_a_correction_is_not(limiter, time, caplog):
    one = limiter()
    one.acquire()
    time.now -= 0.3
    one.acquire()
    assert caplog.messages == []
    for _ in range(2):
        time.now -= 300
        one.acquire()
    said = "The clock that requests are counted by was set back by 300 s; requests go on at the "
    assert caplog.messages == [f"{said}same rate."]


def test_a_long_queue_is_honoured(store):
    """Slots as far ahead as 1,000 waiting callers reach."""
    slots = store()
    reserved_slots = [slots.reserve("key", 0.26, 10_000).time for _ in range(1_001)]
    assert reserved_slots[-1] - NOON == pytest.approx(260, abs=1e-3)


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


def test_a_caller_that_wakes_late_takes_a_new_slot(limiter, time):
    """Its request would be within a second of four punctual ones; it still counts once."""
    one = limiter()
    one.acquire()
    time.oversleep = [0.1]
    one.acquire()
    assert time.passed() == pytest.approx(0.52, abs=1e-4)
    assert one.used_today() == 2


def test_a_caller_that_wakes_a_little_late_passes(limiter, time):
    one = limiter()
    one.acquire()
    time.oversleep = [0.019]
    one.acquire()
    assert time.passed() == pytest.approx(0.279, abs=1e-4)


def test_a_caller_that_is_always_late_passes_in_the_end(limiter, time):
    one = limiter()
    one.acquire()
    time.oversleep = [0.1] * 50
    one.acquire()
    assert len(time.oversleep) == 45
    assert one.used_today() == 2


def test_a_late_caller_of_the_last_request_of_the_day_is_not_refused(limiter, time):
    one = limiter(requests_per_day=2)
    one.acquire()
    time.oversleep = [0.1]
    one.acquire()
    assert one.used_today() == 2


def test_a_slot_missed_over_midnight_counts_for_the_new_day_only(limiter, time):
    time.now = BEFORE_MIDNIGHT - 0.4
    one = limiter()
    one.acquire()
    time.oversleep = [1.0]
    one.acquire()
    assert one.used_today() == 1
    time.now -= 60
    assert one.used_today() == 1


def test_a_slot_missed_over_midnight_is_refused_when_the_new_day_is_full(limiter, time):
    one, others = limiter(requests_per_day=2), limiter(requests_per_day=2)
    time.now = BEFORE_MIDNIGHT + 0.2
    passing_times(others, time, 2)
    time.now = BEFORE_MIDNIGHT - 400
    one.acquire()
    time.oversleep = [600]
    with pytest.raises(QuotaExceededError, match="2026-08-02"):
        one.acquire()


def test_the_last_requests_of_a_day_are_kept_for_work_in_flight(limiter):
    one = limiter(requests_per_day=8)
    for _ in range(6):
        one.acquire()
    with pytest.raises(QuotaExceededError) as caught:
        one.acquire()
    assert str(caught.value) == (
        "6 requests of 2026-08-01 (UTC) are used up for this API key, and the last 2 of the day "
        "are kept for asking after what is in flight; run again after 2026-08-02 00:00 UTC, "
        "in 12 h 0 min"
    )
    one.acquire(in_flight=True)
    one.acquire(in_flight=True)
    for in_flight in (False, True):
        with pytest.raises(QuotaExceededError, match=r"^all 8 requests"):
            one.acquire(in_flight=in_flight)
    assert one.used_today() == one.requests_per_day == 8


@pytest.mark.parametrize(
    ("per_day", "kept"), [(1, 0), (3, 0), (4, 1), (400, 100), (600, 150), (10_000, 150)]
)
def test_so_much_of_a_day_is_kept_for_work_in_flight(per_day, kept):
    assert reserved(per_day) == kept


SEVENTH = 1.04 / 7  # needs every digit that there is
STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("reserve"), st.integers(1, 6), st.none() | st.sampled_from([-90_000, -2, -1, 0])
        ),
        st.tuples(st.just("postpone"), st.sampled_from([0.1, 1.0, 60.0])),
        st.tuples(
            st.just("wait"),
            st.sampled_from([-90_000.0, -7200.0, -0.5, 0.1, 0.26, 30_000.0, 90_000.0]),
        ),
        st.tuples(st.just("used")),
    ),
    max_size=40,
)


class Rules:
    """The rules in a few lines, without a database."""

    def __init__(self, clock):
        self.clock, self.last, self.asked, self.days = clock, 0, 0, []

    def next_slot(self, interval):
        ahead = min(self.last - max(self.clock(), self.asked), 1_000 * interval + 60)
        return self.clock() + max(0, ahead + interval)

    def count(self, day, requests):
        """Of the two days that were last seen, the one of the last request first."""
        others = [each for each in self.days if each[0] != day]
        self.days = [(day, self.used(day) + requests), *others][:2]

    def used(self, day):
        return dict(self.days).get(day, 0)

    def reserve(self, _key, interval, most, *, missed=None):
        slot = self.next_slot(interval)
        day, of_missed = slot // 86_400, None if missed is None else missed // 86_400
        granted = day == of_missed or self.used(day) < most
        back = max(0, self.asked - self.clock())
        if granted:
            self.last, self.asked = slot, self.clock()
            self.count(day, day != of_missed)
            self.days = [(each, used - (each == of_missed != day)) for each, used in self.days]
        return Slot(slot, self.clock(), slot, self.used(day), granted, back)

    def postpone(self, _key, interval, seconds):
        if self.clock() + seconds > self.next_slot(interval):
            self.last, self.asked = self.clock() + seconds - interval, self.clock()

    def used_today(self, _key):
        return self.used(self.clock() // 86_400)


@settings(max_examples=60)
@given(steps=STEPS)
def test_a_file_and_a_server_follow_the_rules(postgres_slots, steps):
    """Whatever is asked, and however the clock jumps."""
    time = Time()
    file = SqliteFile(None, time.clock)
    prepare(file)
    stores = [Rules(time.clock), Slots(file), postgres_slots(time.clock)]
    try:
        for step in steps:
            rule, *answers = (_answer(store, time, step) for store in stores)
            for answer in answers:
                assert answer == pytest.approx(rule, rel=0, abs=1e-5)
            if step[0] == "wait":
                time.now += step[1]
    finally:
        file.close()


@pytest.fixture(scope="module")
def postgres_slots(postgres):
    """Make slots on a server, all counts forgotten."""
    database = PostgresServer(postgres.new_url(), clock=lambda: 0.0)
    prepare(database)

    def make(clock):
        database.clock = clock
        database.run(lambda connection: connection.execute(SLOTS.delete()))
        return Slots(database, clock)

    yield make
    database.close()


def _answer(store, time, step):
    match step:
        case "reserve", most, missed:
            missed = None if missed is None else time.now + missed
            slot = store.reserve("key", SEVENTH, most, missed=missed)
            told = [slot.time, slot.due, slot.asked_at]
            return [*(each - NOON for each in told), slot.set_back, slot.used, slot.granted]
        case "postpone", seconds:
            store.postpone("key", SEVENTH, seconds)
        case ("used",):
            return [store.used_today("key")]
    return []
