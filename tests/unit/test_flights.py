"""Batches are sent as early as possible and as late as the order of values demands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_constant_contact.batch import Destination, ImportBatch
from target_constant_contact.flights import Flights, Poll, Submit, Wait

A = Destination("members", ("list-a",))


def batch(number: int, **values: int) -> ImportBatch:
    return ImportBatch(number, A, None, len(values), 0, b"body", values)


def submit(flights: Flights, now: float) -> ImportBatch:
    step = flights.next_step(now)
    assert isinstance(step, Submit)
    flights.sending(step.batch)
    flights.submitted(step.batch, f"activity-{step.batch.number}", now)
    return step.batch


def finish(flights: Flights, number: int) -> None:
    flights.finished(next(f for f in flights.in_flight if f.batch.number == number))


def test_batches_go_in_the_order_of_coming_while_there_is_room():
    flights = Flights(max_in_flight=2)
    for number in (1, 2, 3):
        flights.add(batch(number, **{f"k{number}": 1}))
    assert [submit(flights, 0).number, submit(flights, 0).number] == [1, 2]
    assert isinstance(flights.next_step(0), Wait)
    finish(flights, 1)
    assert submit(flights, 0).number == 3


def test_a_batch_waits_for_one_in_flight_that_says_something_else_about_a_person():
    flights = Flights(max_in_flight=8)
    flights.add(batch(1, ann=1))
    submit(flights, 0)
    flights.add(batch(2, ann=2))
    flights.add(batch(3, bob=1))
    assert submit(flights, 0).number == 3
    assert isinstance(flights.next_step(0), Wait)
    finish(flights, 1)
    assert submit(flights, 0).number == 2


def test_a_batch_does_not_overtake_a_waiting_one_that_it_contradicts():
    flights = Flights(max_in_flight=8)
    flights.add(batch(1, ann=1))
    submit(flights, 0)
    flights.add(batch(2, ann=2, bob=1))
    flights.add(batch(3, bob=2))
    assert isinstance(flights.next_step(0), Wait)
    finish(flights, 1)
    assert submit(flights, 0).number == 2
    assert isinstance(flights.next_step(0), Wait)


def test_a_batch_that_is_being_sent_holds_back_what_contradicts_it():
    flights = Flights(max_in_flight=8)
    flights.add(batch(1, ann=1))
    step = flights.next_step(0)
    assert isinstance(step, Submit)
    flights.sending(step.batch)
    flights.add(batch(2, ann=2))
    flights.submitted(step.batch, "activity-1", 0)
    assert isinstance(flights.next_step(0), Wait)


def test_equal_values_need_no_order():
    flights = Flights(max_in_flight=8)
    flights.add(batch(1, ann=1))
    submit(flights, 0)
    flights.add(batch(2, ann=1))
    assert submit(flights, 0).number == 2


def test_polls_come_at_growing_intervals_and_the_last_one_repeats():
    flights = Flights(max_in_flight=1, poll_seconds=(1, 2, 4))
    flights.add(batch(1, ann=1))
    submit(flights, 0)
    now, polls = 0.0, []
    while len(polls) < 5:
        step = flights.next_step(now)
        if isinstance(step, Poll):
            polls.append(now)
            flights.polled(step.flights[0], now)
        else:
            assert isinstance(step, Wait)
            now += step.seconds
    assert polls == [1, 3, 7, 11, 15]


def test_a_pause_holds_back_sending_but_not_polling():
    flights = Flights(max_in_flight=8, poll_seconds=(1,))
    flights.add(batch(1, ann=1))
    submit(flights, 0)
    flights.add(batch(2, bob=1))
    flights.pause(until=5)
    assert flights.next_step(0) == Wait(1)
    assert isinstance(flights.next_step(1), Poll)
    finish(flights, 1)
    assert flights.next_step(1) == Wait(4)
    assert submit(flights, 5).number == 2


def test_a_batch_that_was_not_accepted_is_tried_first_or_dropped():
    flights = Flights(max_in_flight=8)
    for number in (1, 2):
        flights.add(batch(number, **{f"k{number}": 1}))
    for retry, following in ((True, 1), (False, 2)):
        step = flights.next_step(0)
        assert isinstance(step, Submit)
        flights.sending(step.batch)
        assert flights.unsettled == 2
        flights.not_accepted(retry=retry)
        step = flights.next_step(0)
        assert isinstance(step, Submit)
        assert step.batch.number == following


def test_with_nothing_to_do_the_wait_is_open():
    flights = Flights(max_in_flight=1)
    assert flights.next_step(0) == Wait(None)
    flights.add(batch(1, ann=1))
    flights.close()
    assert flights.next_step(0) == Wait(None)


def test_the_body_is_not_kept_in_flight():
    flights = Flights(max_in_flight=1)
    flights.add(batch(1, ann=1))
    submit(flights, 0)
    assert flights.in_flight[0].batch.body == b""
    assert flights.in_flight[0].batch.number == 1


@given(
    batches=st.lists(
        st.dictionaries(st.sampled_from("abcd"), st.integers(0, 1), min_size=1), max_size=12
    ),
    picks=st.lists(st.integers(0, 20)),
    room=st.integers(1, 4),
)
def test_contradicting_batches_never_fly_together_and_keep_their_order(batches, picks, room):
    """Whichever activity happens to finish first."""
    flights, sent, finished = Flights(max_in_flight=room), [], []
    for number, values in enumerate(batches):
        flights.add(batch(number, **values))
    picks_left = iter(picks)
    while flights.unsettled:
        if isinstance(flights.next_step(0), Submit):
            sent.append(submit(flights, 0))
            flying = [flight.batch for flight in flights.in_flight]
            assert len(flying) <= room
            assert not any(one.contradicts(other) for one in flying for other in flying)
        else:
            flying = [flight.batch.number for flight in flights.in_flight]
            number = flying[next(picks_left, 0) % len(flying)]
            finish(flights, number)
            finished.append(number)
    assert sorted(finished) == list(range(len(batches)))
    for position, later in enumerate(sent):
        assert not any(
            later.number < earlier.number and later.contradicts(earlier)
            for earlier in sent[:position]
        )


@pytest.mark.parametrize("seconds", [0.25, 3])
def test_the_wait_ends_with_the_next_poll(seconds):
    flights = Flights(max_in_flight=1, poll_seconds=(seconds,))
    flights.add(batch(1, ann=1))
    submit(flights, 10)
    assert flights.next_step(10) == Wait(seconds)


def test_after_closing_nothing_is_sent_again():
    flights = Flights(max_in_flight=1)
    flights.add(batch(1, ann=1))
    step = flights.next_step(0)
    assert isinstance(step, Submit)
    flights.sending(step.batch)
    flights.close()
    flights.not_accepted(retry=True)
    assert flights.next_step(0) == Wait(None)
