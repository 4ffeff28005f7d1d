"""A run waits as long as it should, and no longer than it may."""

from __future__ import annotations

import pytest

from target_constant_contact import waiting
from target_constant_contact.exceptions import InterruptedRunError
from target_constant_contact.waiting import SLICE_SECONDS, Waiting
from tests.support.fakes import Clock, stop


def test_a_wait_is_as_long_as_it_should_be():
    clock = Clock()
    clock.waiting().wait(1.5)
    assert clock.now == pytest.approx(1.5)


def test_a_run_listens_in_every_slice_and_at_the_end():
    clock, heard = Clock(), []
    clock.waiting(raise_if_stopped=lambda: heard.append(clock.now)).wait(1.5)
    assert max(clock.naps) <= SLICE_SECONDS
    assert len(heard) == len(clock.naps) + 1


@pytest.mark.parametrize("seconds", [0.0, 30.0])
def test_a_run_that_is_to_stop_does_not_wait(seconds):
    clock = Clock()
    with pytest.raises(InterruptedRunError):
        clock.waiting(raise_if_stopped=stop).wait(seconds)
    assert clock.naps == []


def test_polls_come_at_growing_intervals_and_the_last_one_repeats():
    clock, ends = Clock(), []
    at_intervals = clock.waiting(poll_seconds=(1.0, 2.0, 4.0))
    for polls in range(5):
        at_intervals.wait_for_poll(polls)
        ends.append(round(clock.now, 6))
    assert ends == [1, 3, 7, 11, 15]


def test_without_other_intervals_the_usual_ones_hold(monkeypatch):
    monkeypatch.setattr(waiting, "POLL_SECONDS", (7.0,))
    assert Waiting().poll_seconds == (7.0,)
