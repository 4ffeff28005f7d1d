"""Batches are sent as early as possible and as late as the order of values demands."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_constant_contact.batches.batch import Destination, ImportBatch
from target_constant_contact.imports.schedule import Look, Poll, Schedule, Submit, Wait
from target_constant_contact.ledger.entry import Entry
from tests.support.saying import saying

A = Destination("members", ("list-a",))
POLL_SECONDS = (0.5, 1.0, 2.0)
ENTRY = Entry(1, "", "members", 1, datetime(2026, 11, 24, tzinfo=UTC))


def batch(number: int, **values: int) -> ImportBatch:
    return ImportBatch(number, A, None, len(values), 0, b"body", saying(values))


def submit(schedule: Schedule, now: float) -> ImportBatch:
    step = schedule.next_step(now)
    assert isinstance(step, Submit)
    schedule.sending(step.batch)
    schedule.submitted(step.batch, ENTRY, f"activity-{step.batch.number}", now)
    return step.batch


def finish(schedule: Schedule, number: int) -> None:
    schedule.finished(next(f for f in schedule.in_flight if f.batch.number == number))


def test_batches_go_in_the_order_of_coming_while_there_is_room():
    schedule = Schedule(max_in_flight=2, poll_seconds=POLL_SECONDS)
    for number in (1, 2, 3):
        schedule.add(batch(number, **{f"k{number}": 1}))
    assert [submit(schedule, 0).number, submit(schedule, 0).number] == [1, 2]
    assert isinstance(schedule.next_step(0), Wait)
    finish(schedule, 1)
    assert submit(schedule, 0).number == 3


def test_a_batch_waits_for_one_in_flight_that_says_something_else_about_a_person():
    schedule = Schedule(max_in_flight=8, poll_seconds=POLL_SECONDS)
    schedule.add(batch(1, ann=1))
    submit(schedule, 0)
    schedule.add(batch(2, ann=2))
    schedule.add(batch(3, bob=1))
    assert submit(schedule, 0).number == 3
    assert isinstance(schedule.next_step(0), Wait)
    finish(schedule, 1)
    assert submit(schedule, 0).number == 2


def test_a_batch_does_not_overtake_a_waiting_one_that_it_contradicts():
    schedule = Schedule(max_in_flight=8, poll_seconds=POLL_SECONDS)
    schedule.add(batch(1, ann=1))
    submit(schedule, 0)
    schedule.add(batch(2, ann=2, bob=1))
    schedule.add(batch(3, bob=2))
    assert isinstance(schedule.next_step(0), Wait)
    finish(schedule, 1)
    assert submit(schedule, 0).number == 2
    assert isinstance(schedule.next_step(0), Wait)


def test_a_batch_that_is_being_sent_holds_back_what_contradicts_it():
    schedule = Schedule(max_in_flight=8, poll_seconds=POLL_SECONDS)
    schedule.add(batch(1, ann=1))
    step = schedule.next_step(0)
    assert isinstance(step, Submit)
    schedule.sending(step.batch)
    schedule.add(batch(2, ann=2))
    schedule.submitted(step.batch, ENTRY, "activity-1", 0)
    assert isinstance(schedule.next_step(0), Wait)


def test_equal_values_need_no_order():
    schedule = Schedule(max_in_flight=8, poll_seconds=POLL_SECONDS)
    schedule.add(batch(1, ann=1))
    submit(schedule, 0)
    schedule.add(batch(2, ann=1))
    assert submit(schedule, 0).number == 2


def test_polls_come_at_growing_intervals_and_the_last_one_repeats():
    schedule = Schedule(max_in_flight=1, poll_seconds=(1, 2, 4))
    schedule.add(batch(1, ann=1))
    submit(schedule, 0)
    now, polls = 0.0, []
    while len(polls) < 5:
        step = schedule.next_step(now)
        if isinstance(step, Poll):
            polls.append(now)
            schedule.polled(step.due[0], now)
        else:
            assert isinstance(step, Wait)
            now += step.seconds
    assert polls == [1, 3, 7, 11, 15]


def test_a_pause_holds_back_sending_but_not_polling():
    schedule = Schedule(max_in_flight=8, poll_seconds=(1,))
    schedule.add(batch(1, ann=1))
    submit(schedule, 0)
    schedule.add(batch(2, bob=1))
    schedule.pause(until=5)
    assert schedule.next_step(0) == Wait(1)
    step = schedule.next_step(1)
    assert isinstance(step, Poll)
    schedule.polled(step.due[0], 1)
    assert schedule.next_step(1) == Wait(1)
    schedule.polled(step.due[0], 5)
    assert submit(schedule, 5).number == 2


def test_a_batch_that_was_not_accepted_is_tried_first_or_dropped():
    schedule = Schedule(max_in_flight=8, poll_seconds=POLL_SECONDS)
    for number in (1, 2):
        schedule.add(batch(number, **{f"k{number}": 1}))
    for retry, following in ((True, 1), (False, 2)):
        step = schedule.next_step(0)
        assert isinstance(step, Submit)
        schedule.sending(step.batch)
        assert len(schedule.unsettled) == 2
        schedule.not_accepted(retry=retry)
        step = schedule.next_step(0)
        assert isinstance(step, Submit)
        assert step.batch.number == following


def test_with_nothing_to_do_the_wait_is_open():
    schedule = Schedule(max_in_flight=1, poll_seconds=POLL_SECONDS)
    assert schedule.next_step(0) == Wait(None)
    schedule.add(batch(1, ann=1))
    schedule.close()
    assert schedule.next_step(0) == Wait(None)


@given(
    batches=st.lists(
        st.dictionaries(st.sampled_from("abcd"), st.integers(0, 1), min_size=1), max_size=12
    ),
    picks=st.lists(st.integers(0, 20)),
    room=st.integers(1, 4),
)
def test_contradicting_batches_never_fly_together_and_keep_their_order(batches, picks, room):
    """Whichever activity happens to finish first."""
    schedule, sent, finished = Schedule(max_in_flight=room, poll_seconds=POLL_SECONDS), [], []
    for number, values in enumerate(batches):
        schedule.add(batch(number, **values))
    picks_left = iter(picks)
    while schedule.unsettled:
        if isinstance(schedule.next_step(0), Submit):
            sent.append(submit(schedule, 0))
            flying = [flight.batch for flight in schedule.in_flight]
            assert len(flying) <= room
            assert not any(one.contradicts(other) for one in flying for other in flying)
        else:
            flying = [flight.batch.number for flight in schedule.in_flight]
            number = flying[next(picks_left, 0) % len(flying)]
            finish(schedule, number)
            finished.append(number)
    assert sorted(finished) == list(range(len(batches)))
    for position, later in enumerate(sent):
        assert not any(
            later.number < earlier.number and later.contradicts(earlier)
            for earlier in sent[:position]
        )


@pytest.mark.parametrize("seconds", [0.25, 3])
def test_the_wait_ends_with_the_next_poll(seconds):
    schedule = Schedule(max_in_flight=1, poll_seconds=(seconds,))
    schedule.add(batch(1, ann=1))
    submit(schedule, 10)
    assert schedule.next_step(10) == Wait(seconds)


def test_after_closing_nothing_is_sent_again():
    schedule = Schedule(max_in_flight=1, poll_seconds=POLL_SECONDS)
    schedule.add(batch(1, ann=1))
    step = schedule.next_step(0)
    assert isinstance(step, Submit)
    schedule.sending(step.batch)
    schedule.close()
    schedule.not_accepted(retry=True)
    assert schedule.next_step(0) == Wait(None)


# A batch whose answer was lost


def lose(schedule: Schedule, now: float, looks: int = 0) -> ImportBatch:
    step = schedule.next_step(now)
    assert isinstance(step, Submit)
    schedule.sending(step.batch)
    schedule.lost(ENTRY, now, looks)
    return step.batch


def look_at(schedule: Schedule, now: float) -> Look:
    step = schedule.next_step(now)
    assert isinstance(step, Look)
    return step


def test_nothing_is_sent_while_a_batch_is_in_doubt():
    """A new activity could be taken for the lost one."""
    schedule = Schedule(max_in_flight=8, poll_seconds=(1, 2))
    schedule.add(batch(1, ann=1))
    schedule.add(batch(2, bob=1))
    lose(schedule, 0)
    assert schedule.next_step(0) == Wait(1)
    assert look_at(schedule, 1).doubt.batch.number == 1
    assert len(schedule.unsettled) == 2


def test_a_batch_in_doubt_is_looked_for_less_and_less_often():
    schedule = Schedule(max_in_flight=8, poll_seconds=(1, 2, 4))
    schedule.add(batch(1, ann=1))
    lose(schedule, 0)
    schedule.looked(look_at(schedule, 1).doubt, 1, missed=True)
    assert schedule.next_step(1) == Wait(2)
    schedule.looked(look_at(schedule, 3).doubt, 3, missed=True)
    assert schedule.next_step(3) == Wait(4)


def test_one_that_was_lost_before_is_looked_for_later():
    schedule = Schedule(max_in_flight=8, poll_seconds=(1, 2, 4))
    schedule.add(batch(1, ann=1))
    lose(schedule, 0, looks=2)
    assert schedule.next_step(0) == Wait(4)


def test_only_looks_in_a_row_that_miss_it_count():
    schedule = Schedule(max_in_flight=8, poll_seconds=(1,))
    schedule.add(batch(1, ann=1))
    lose(schedule, 0)
    doubt = look_at(schedule, 1).doubt
    schedule.looked(doubt, 1, missed=True)
    schedule.looked(doubt, 2, missed=False)
    assert doubt.missed == 0


def test_a_batch_that_was_found_is_in_flight():
    schedule = Schedule(max_in_flight=8, poll_seconds=(1,))
    schedule.add(batch(1, ann=1))
    schedule.add(batch(2, bob=1))
    lost = lose(schedule, 0)
    schedule.submitted(lost, ENTRY, "found", 5)
    assert [flight.activity_id for flight in schedule.in_flight] == ["found"]
    assert submit(schedule, 5).number == 2


def test_a_batch_that_was_not_found_is_sent_again_before_the_others():
    schedule = Schedule(max_in_flight=8, poll_seconds=(1,))
    schedule.add(batch(1, ann=1))
    schedule.add(batch(2, bob=1))
    lose(schedule, 0)
    schedule.not_found()
    assert submit(schedule, 1).number == 1


def test_a_batch_in_doubt_holds_back_what_contradicts_it():
    schedule = Schedule(max_in_flight=8, poll_seconds=(1,))
    schedule.add(batch(1, ann=1))
    lost = lose(schedule, 0)
    schedule.add(batch(2, ann=2))
    assert schedule.contradicts(batch(3, ann=2))
    schedule.submitted(lost, ENTRY, "found", 1)
    assert isinstance(schedule.next_step(1), Wait)
    finish(schedule, 1)
    assert submit(schedule, 1).number == 2


def test_a_closed_run_looks_but_does_not_send_again():
    schedule = Schedule(max_in_flight=8, poll_seconds=(1,))
    schedule.add(batch(1, ann=1))
    lose(schedule, 0)
    schedule.close()
    assert look_at(schedule, 1)
    schedule.not_found()
    assert schedule.next_step(1) == Wait(None)


def test_a_full_queue_has_room_as_soon_as_an_activity_of_ours_has_ended():
    schedule = Schedule(max_in_flight=8, poll_seconds=(100,))
    for number in (1, 2):
        schedule.add(batch(number, **{f"k{number}": 1}))
    submit(schedule, 0)
    schedule.pause(50)
    assert schedule.next_step(0) == Wait(50)
    finish(schedule, 1)
    assert submit(schedule, 0).number == 2


def test_an_activity_that_is_nearly_due_is_asked_for_together_with_one_that_is():
    """One request tells of all of them."""
    schedule = Schedule(max_in_flight=8, poll_seconds=(10,))
    for number, now in ((1, 0), (2, 2), (3, 5)):
        schedule.add(batch(number, **{f"k{number}": 1}))
        submit(schedule, now)
    step = schedule.next_step(10)
    assert isinstance(step, Poll)
    assert [flight.batch.number for flight in step.due] == [1, 2]


def test_the_first_poll_comes_sooner_while_activities_are_finished_by_then():
    schedule = Schedule(8, POLL_SECONDS)
    waits = []
    for number in range(1, 13):
        schedule.add(batch(number, **{f"k{number}": 1}))
        submit(schedule, now=0.0)
        (flight,) = schedule.in_flight
        waits.append(flight.next_poll)
        if number < 8:
            schedule.finished(flight)
        else:
            schedule.polled(flight, flight.next_poll)
            assert flight.next_poll - waits[-1] == 1.0
            schedule.finished(flight)
    assert waits == [0.5, 0.25, 0.125, 1 / 16, *[1 / 32] * 4, 1 / 16, 1 / 8, 0.25, 0.5]
