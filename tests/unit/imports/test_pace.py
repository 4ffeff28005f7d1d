"""Polls come as seldom as imports allow, and as soon as somebody waits for them."""

from __future__ import annotations

import pytest

from target_constant_contact.imports.pace import SENDS_PER_POLL, Pace

USUAL = (0.5, 1.0, 2.0)


def urgent(pace: Pace, oldest: float, unasked: float | None = None) -> float:
    return pace.next_poll(oldest, oldest, unasked, sending=False, urgent=True)


def test_looks_come_at_growing_intervals_and_the_last_one_repeats():
    pace = Pace((1, 2, 4))
    assert [pace.before_look(looks) for looks in range(5)] == [1, 2, 4, 4, 4]


@pytest.mark.parametrize(
    ("age", "wait"), [(0, 0.5), (5, 0.5), (30, 2.4), (120, 9.6), (900, 60), (90_000, 60)]
)
def test_what_is_waited_for_is_asked_for_by_its_age(age, wait):
    pace = Pace(USUAL)
    pace.note_poll(1_000)
    assert urgent(pace, oldest=1_000 - age) == pytest.approx(1_000 + wait)


def test_nothing_is_asked_for_right_after_its_submission():
    assert urgent(Pace(USUAL), oldest=7) == 7.5


def test_a_run_that_is_given_up_asks_often():
    pace = Pace(USUAL)
    pace.note_poll(1_000)
    pace.closed = True
    assert urgent(pace, oldest=0) == 1_004


def test_while_nobody_waits_a_poll_comes_every_twelve_seconds():
    pace = Pace(USUAL)
    assert pace.next_poll(3, 3, 3, sending=False, urgent=False) == 15
    pace.note_poll(20)
    assert pace.next_poll(3, 3, 3, sending=False, urgent=False) == 32


@pytest.mark.parametrize("is_urgent", [False, True])
def test_while_something_can_be_sent_ten_requests_do_so_for_one_that_asks(is_urgent):
    pace = Pace(USUAL)
    pace.note_poll(100)
    for _ in range(SENDS_PER_POLL - 1):
        pace.note_send()
    assert pace.next_poll(90, 90, 90, sending=True, urgent=is_urgent) == 160
    pace.note_send()
    soon = pace.next_poll(90, 90, 90, sending=True, urgent=is_urgent)
    assert soon == pytest.approx(100.8 if is_urgent else 112, abs=0.5)


def test_what_was_sent_before_a_poll_does_not_bring_the_next_one():
    pace = Pace(USUAL)
    for _ in range(SENDS_PER_POLL):
        pace.note_send()
    pace.note_poll(100)
    assert pace.next_poll(90, 90, 90, sending=True, urgent=False) == 160
    assert pace.spare == 1


def test_only_so_many_questions_in_a_row_as_are_due_for_what_was_sent():
    pace = Pace(USUAL)
    assert pace.spare == 1
    for _ in range(3 * SENDS_PER_POLL):
        pace.note_send()
    assert pace.spare == 3


def test_imports_are_asked_for_sooner_while_they_are_found_finished_down_to_a_bound():
    pace = Pace(USUAL)
    pace.note_poll(10)
    waits = []
    for _ in range(5):
        pace.note_first_answer(0.3, finished=True)
        waits.append(urgent(pace, 10, unasked=10) - 10)
    assert waits == [0.25, 0.125, 1 / 16, 1 / 32, 1 / 32]


def test_imports_are_asked_for_later_again_but_not_later_than_usual():
    pace = Pace(USUAL)
    pace.note_poll(10)
    for _ in range(2):
        pace.note_first_answer(0.3, finished=True)
    waits = []
    for _ in range(3):
        pace.note_first_answer(0.3, finished=False)
        waits.append(urgent(pace, 10, unasked=10) - 10)
    assert waits == [0.25, 0.5, 0.5]


def test_an_import_that_was_asked_for_late_teaches_nothing():
    pace = Pace(USUAL)
    pace.note_first_answer(12, finished=True)
    assert urgent(pace, 10, unasked=10) == 10.5


def test_what_is_known_to_be_unfinished_is_not_asked_for_sooner():
    pace = Pace(USUAL)
    pace.note_poll(10)
    pace.note_first_answer(0.3, finished=True)
    assert urgent(pace, 9, unasked=None) == 10.5


def test_the_last_import_is_asked_for_a_moment_after_it_has_taken_as_long_as_those_before():
    pace = Pace(USUAL)
    for age in (120.4, 120.1, 124.0):
        pace.note_end(age)
    pace.note_poll(1_000)
    for newest, at in ((885, 1_005.15), (895, 1_009.6), (870, 1_009.6)):
        found = pace.next_poll(880, newest, None, sending=False, urgent=True)
        assert found == pytest.approx(at)


def test_a_lost_import_is_not_looked_for_sooner():
    """What is not there yet is missed, and sent again."""
    pace = Pace(USUAL)
    pace.note_first_answer(0.3, finished=True)
    assert pace.before_look(0) == 0.5
