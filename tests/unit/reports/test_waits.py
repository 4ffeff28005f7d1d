"""How long a run has waited for limits, in bounded memory."""

from __future__ import annotations

import pytest

from target_constant_contact.events.kinds import LimitWaited, RowsRead
from target_constant_contact.reports.waits import MOST_WAITS, LimitWaits
from tests.support.fakes import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock(1_000.0)


@pytest.fixture
def waits(clock: Clock) -> LimitWaits:
    return LimitWaits(clock)


def test_waits_that_are_close_are_one_and_others_are_not(waits):
    for begun_at in (1.0, 1.6, 2.5, 9.0):
        waits.add("rate", begun_at, 0.5)

    assert waits.as_list() == [
        {"why": "rate", "begun_at": 1.0, "ended_at": 3.0, "seconds": 1.5, "times": 3},
        {"why": "rate", "begun_at": 9.0, "ended_at": 9.5, "seconds": 0.5, "times": 1},
    ]


def test_waits_for_different_limits_stay_apart(waits):
    waits.add("rate", 1.0, 0.5)
    waits.add("queue", 1.1, 0.5)
    waits.add("rate", 1.6, 0.5)

    assert [(each["why"], each["times"]) for each in waits.as_list()] == [("rate", 2), ("queue", 1)]


def test_a_slot_is_told_of_afterwards_and_what_the_service_asks_for_before(waits, clock):
    clock.now += 10
    waits.hear(LimitWaited("rate", 4.0))
    waits.hear(LimitWaited("throttled", 4.0))
    waits.hear(RowsRead(5))

    assert [(each["begun_at"], each["ended_at"]) for each in waits.as_list()] == [
        (6.0, 10.0),
        (10.0, 14.0),
    ]
    assert waits.elapsed == 10


def test_a_wait_that_began_before_the_run_begins_with_it(waits):
    waits.hear(LimitWaited("rate", 4.0))

    assert waits.as_list()[0]["begun_at"] == 0


def test_of_many_waits_the_sums_stay_and_memory_is_bounded(waits):
    for number in range(10_000):
        waits.add("rate", number * 7.0, 1.0)

    found = waits.as_list()
    assert len(found) <= MOST_WAITS
    assert sum(each["times"] for each in found) == 10_000
    assert sum(each["seconds"] for each in found) == 10_000
    assert found[0]["begun_at"] == 0
    assert found[-1]["ended_at"] == 9_999 * 7 + 1
