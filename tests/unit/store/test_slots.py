"""Counts of days and keys. The limiter's tests show all other rules, on both databases."""

from __future__ import annotations

import threading

import pytest

from target_constant_contact.store.schema import SLOTS
from target_constant_contact.store.slots import Slots
from target_constant_contact.store.versions import prepare
from tests.support.limiting import NOON, Time

DAY = 86_400


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def database(connect, time):
    made = connect(clock=time.clock)
    prepare(made)
    return made


@pytest.fixture
def slots(database, time):
    return Slots(database, time.clock)


def rows(database):
    return database.run(lambda connection: connection.execute(SLOTS.select()).all())


def test_a_key_has_one_row_with_the_two_days_that_were_last_seen(database, slots, time):
    for requests in (3, 2, 1):
        for _ in range(requests):
            slots.reserve("key", 0.26, 10)
        time.now += DAY
    (row,) = rows(database)
    today = (NOON + 2 * DAY) // DAY
    assert (row.day, row.used, row.other_day, row.other_used) == (today, 1, today - 1, 2)


def test_a_day_that_comes_back_is_still_full(slots, time):
    slots.reserve("key", 0.26, 1)
    time.now += DAY
    slots.reserve("key", 0.26, 1)
    for _ in range(3):
        time.now -= DAY
        assert not slots.reserve("key", 0.26, 1).granted
        time.now += DAY
        assert not slots.reserve("key", 0.26, 1).granted


def test_a_refused_request_changes_nothing(database, slots, time):
    slots.reserve("key", 0.26, 1)
    before = rows(database)
    time.now += 5
    refused = slots.reserve("key", 0.26, 1)
    assert (refused.granted, refused.used) == (False, 1)
    assert rows(database) == before


def test_a_slot_of_the_same_day_is_exchanged_and_counts_once(slots):
    first = slots.reserve("key", 0.26, 1)
    other = slots.reserve("key", 0.26, 1, missed=first.time)
    assert (other.granted, other.used) == (True, 1)
    assert slots.used_today("key") == 1


def test_a_slot_of_yesterday_is_given_back_for_one_of_today(slots, time):
    for _ in range(2):
        missed = slots.reserve("key", 0.26, 9)
    time.now += DAY
    assert slots.reserve("key", 0.26, 9, missed=missed.time).used == 1
    time.now -= DAY
    assert slots.used_today("key") == 1


def test_nothing_is_counted_for_a_key_that_was_never_seen(slots, database):
    assert slots.used_today("key") == 0
    assert rows(database) == []


def test_a_day_of_a_key_is_looked_up_without_a_change(slots, database, time):
    slots.reserve("key", 0.26, 9)
    before = rows(database)
    time.now += DAY
    assert slots.used_today("key") == 0
    assert rows(database) == before


def test_threads_that_begin_with_a_key_at_once_get_slots_of_their_own(database, time):
    got = []
    barrier = threading.Barrier(8)

    def ask():
        slots = Slots(database, time.clock)
        barrier.wait()
        got.append(round(slots.reserve("key", 1.0, 100).time - NOON, 3))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(got) == [float(n) for n in range(8)]
