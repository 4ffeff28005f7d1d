"""Polls come as seldom as imports allow."""

from __future__ import annotations

import pytest

from target_constant_contact.imports.intervals import PollIntervals


def test_waits_grow_and_the_last_one_repeats():
    intervals = PollIntervals((1, 2, 4))
    assert [intervals.before_poll(polls) for polls in range(5)] == [1, 2, 4, 4, 4]


def test_the_first_poll_comes_sooner_while_activities_are_finished_by_then_down_to_a_bound():
    intervals = PollIntervals((0.5, 2))
    waits = []
    for _ in range(6):
        intervals.note_finished(0)
        waits.append(intervals.before_poll(0))
    assert waits == [0.25, 0.125, 1 / 16, 1 / 32, 1 / 32, 1 / 32]
    assert intervals.before_poll(1) == 2


def test_the_first_poll_comes_later_again_but_not_later_than_usual():
    intervals = PollIntervals((0.5, 2))
    for _ in range(2):
        intervals.note_finished(0)
    waits = []
    for _ in range(3):
        intervals.note_unfinished(0)
        waits.append(intervals.before_poll(0))
    assert waits == [0.25, 0.5, 0.5]


def test_only_the_first_poll_teaches():
    intervals = PollIntervals((0.5, 2))
    intervals.note_finished(1)
    assert intervals.before_poll(0) == 0.5
    intervals.note_finished(0)
    intervals.note_unfinished(1)
    assert intervals.before_poll(0) == 0.25


def test_a_lost_import_is_not_looked_for_sooner():
    """What is not there yet is missed, and sent again."""
    intervals = PollIntervals((0.5, 2))
    intervals.note_finished(0)
    assert intervals.before_look(0) == 0.5


@pytest.mark.parametrize(("seconds_left", "nearly"), [(-1, True), (1, True), (1.1, False)])
def test_the_last_quarter_of_a_wait_may_be_left_out(seconds_left, nearly):
    assert PollIntervals((4,)).is_nearly_over(seconds_left, polls=0) is nearly
