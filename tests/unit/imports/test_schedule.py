"""Batches are sent as early as possible and as late as the order of values demands."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_constant_contact.batches.batch import Destination, ImportBatch
from target_constant_contact.imports.schedule import Flights, Look, Poll, Submit, Wait
from target_constant_contact.ledger.entry import Entry

A = Destination("members", ("list-a",))
POLL_SECONDS = (0.5, 1.0, 2.0)
ENTRY = Entry(1, "", "members", 1, datetime(2026, 11, 24, tzinfo=UTC))


def batch(number: int, **values: int) -> ImportBatch:
    return ImportBatch(number, A, None, len(values), 0, b"body", values)


def submit(flights: Flights, now: float) -> ImportBatch:
    step = flights.next_step(now)
    assert isinstance(step, Submit)
    flights.sending(step.batch)
    flights.submitted(step.batch, ENTRY, f"activity-{step.batch.number}", now)
    return step.batch


def finish(flights: Flights, number: int) -> None:
    flights.finished(next(f for f in flights.in_flight if f.batch.number == number))


def test_batches_go_in_the_order_of_coming_while_there_is_room():
    flights = Flights(max_in_flight=2, poll_seconds=POLL_SECONDS)
    for number in (1, 2, 3):
        flights.add(batch(number, **{f"k{number}": 1}))
    assert [submit(flights, 0).number, submit(flights, 0).number] == [1, 2]
    assert isinstance(flights.next_step(0), Wait)
    finish(flights, 1)
    assert submit(flights, 0).number == 3


def test_a_batch_waits_for_one_in_flight_that_says_something_else_about_a_person():
    flights = Flights(max_in_flight=8, poll_seconds=POLL_SECONDS)
    flights.add(batch(1, ann=1))
    submit(flights, 0)
    flights.add(batch(2, ann=2))
    flights.add(batch(3, bob=1))
    assert submit(flights, 0).number == 3
    assert isinstance(flights.next_step(0), Wait)
    finish(flights, 1)
    assert submit(flights, 0).number == 2


def test_a_batch_does_not_overtake_a_waiting_one_that_it_contradicts():
    flights = Flights(max_in_flight=8, poll_seconds=POLL_SECONDS)
    flights.add(batch(1, ann=1))
    submit(flights, 0)
    flights.add(batch(2, ann=2, bob=1))
    flights.add(batch(3, bob=2))
    assert isinstance(flights.next_step(0), Wait)
    finish(flights, 1)
    assert submit(flights, 0).number == 2
    assert isinstance(flights.next_step(0), Wait)


def test_a_batch_that_is_being_sent_holds_back_what_contradicts_it():
    flights = Flights(max_in_flight=8, poll_seconds=POLL_SECONDS)
    flights.add(batch(1, ann=1))
    step = flights.next_step(0)
    assert isinstance(step, Submit)
    flights.sending(step.batch)
    flights.add(batch(2, ann=2))
    flights.submitted(step.batch, ENTRY, "activity-1", 0)
    assert isinstance(flights.next_step(0), Wait)


def test_equal_values_need_no_order():
    flights = Flights(max_in_flight=8, poll_seconds=POLL_SECONDS)
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
    step = flights.next_step(1)
    assert isinstance(step, Poll)
    flights.polled(step.flights[0], 1)
    assert flights.next_step(1) == Wait(1)
    flights.polled(step.flights[0], 5)
    assert submit(flights, 5).number == 2


def test_a_batch_that_was_not_accepted_is_tried_first_or_dropped():
    flights = Flights(max_in_flight=8, poll_seconds=POLL_SECONDS)
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
    flights = Flights(max_in_flight=1, poll_seconds=POLL_SECONDS)
    assert flights.next_step(0) == Wait(None)
    flights.add(batch(1, ann=1))
    flights.close()
    assert flights.next_step(0) == Wait(None)


@given(
    batches=st.lists(
        st.dictionaries(st.sampled_from("abcd"), st.integers(0, 1), min_size=1), max_size=12
    ),
    picks=st.lists(st.integers(0, 20)),
    room=st.integers(1, 4),
)
def test_contradicting_batches_never_fly_together_and_keep_their_order(batches, picks, room):
    """Whichever activity happens to finish first."""
    flights, sent, finished = Flights(max_in_flight=room, poll_seconds=POLL_SECONDS), [], []
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
    flights = Flights(max_in_flight=1, poll_seconds=POLL_SECONDS)
    flights.add(batch(1, ann=1))
    step = flights.next_step(0)
    assert isinstance(step, Submit)
    flights.sending(step.batch)
    flights.close()
    flights.not_accepted(retry=True)
    assert flights.next_step(0) == Wait(None)


# A batch whose answer was lost


def lose(flights: Flights, now: float, looks: int = 0) -> ImportBatch:
    step = flights.next_step(now)
    assert isinstance(step, Submit)
    flights.sending(step.batch)
    flights.lost(ENTRY, now, looks)
    return step.batch


def look_at(flights: Flights, now: float) -> Look:
    step = flights.next_step(now)
    assert isinstance(step, Look)
    return step


def test_nothing_is_sent_while_a_batch_is_in_doubt():
    """A new activity could be taken for the lost one."""
    flights = Flights(max_in_flight=8, poll_seconds=(1, 2))
    flights.add(batch(1, ann=1))
    flights.add(batch(2, bob=1))
    lose(flights, 0)
    assert flights.next_step(0) == Wait(1)
    assert look_at(flights, 1).doubt.batch.number == 1
    assert flights.unsettled == 2


def test_a_batch_in_doubt_is_looked_for_less_and_less_often():
    flights = Flights(max_in_flight=8, poll_seconds=(1, 2, 4))
    flights.add(batch(1, ann=1))
    lose(flights, 0)
    flights.looked(look_at(flights, 1).doubt, 1, missed=True)
    assert flights.next_step(1) == Wait(2)
    flights.looked(look_at(flights, 3).doubt, 3, missed=True)
    assert flights.next_step(3) == Wait(4)


def test_one_that_was_lost_before_is_looked_for_later():
    flights = Flights(max_in_flight=8, poll_seconds=(1, 2, 4))
    flights.add(batch(1, ann=1))
    lose(flights, 0, looks=2)
    assert flights.next_step(0) == Wait(4)


def test_only_looks_in_a_row_that_miss_it_count():
    flights = Flights(max_in_flight=8, poll_seconds=(1,))
    flights.add(batch(1, ann=1))
    lose(flights, 0)
    doubt = look_at(flights, 1).doubt
    flights.looked(doubt, 1, missed=True)
    flights.looked(doubt, 2, missed=False)
    assert doubt.missed == 0


def test_a_batch_that_was_found_is_in_flight():
    flights = Flights(max_in_flight=8, poll_seconds=(1,))
    flights.add(batch(1, ann=1))
    flights.add(batch(2, bob=1))
    lost = lose(flights, 0)
    flights.submitted(lost, ENTRY, "found", 5)
    assert [flight.activity_id for flight in flights.in_flight] == ["found"]
    assert submit(flights, 5).number == 2


def test_a_batch_that_was_not_found_is_sent_again_before_the_others():
    flights = Flights(max_in_flight=8, poll_seconds=(1,))
    flights.add(batch(1, ann=1))
    flights.add(batch(2, bob=1))
    lose(flights, 0)
    flights.not_found()
    assert submit(flights, 1).number == 1


def test_a_batch_in_doubt_holds_back_what_contradicts_it():
    flights = Flights(max_in_flight=8, poll_seconds=(1,))
    flights.add(batch(1, ann=1))
    lost = lose(flights, 0)
    flights.add(batch(2, ann=2))
    assert flights.contradict(batch(3, ann=2))
    flights.submitted(lost, ENTRY, "found", 1)
    assert isinstance(flights.next_step(1), Wait)
    finish(flights, 1)
    assert submit(flights, 1).number == 2


def test_a_closed_run_looks_but_does_not_send_again():
    flights = Flights(max_in_flight=8, poll_seconds=(1,))
    flights.add(batch(1, ann=1))
    lose(flights, 0)
    flights.close()
    assert look_at(flights, 1)
    flights.not_found()
    assert flights.next_step(1) == Wait(None)


def test_a_full_queue_has_room_as_soon_as_an_activity_of_ours_has_ended():
    flights = Flights(max_in_flight=8, poll_seconds=(100,))
    for number in (1, 2):
        flights.add(batch(number, **{f"k{number}": 1}))
    submit(flights, 0)
    flights.pause(50)
    assert flights.next_step(0) == Wait(50)
    finish(flights, 1)
    assert submit(flights, 0).number == 2


def test_an_activity_that_is_nearly_due_is_asked_for_together_with_one_that_is():
    """One request tells of all of them."""
    flights = Flights(max_in_flight=8, poll_seconds=(10,))
    for number, now in ((1, 0), (2, 2), (3, 5)):
        flights.add(batch(number, **{f"k{number}": 1}))
        submit(flights, now)
    step = flights.next_step(10)
    assert isinstance(step, Poll)
    assert [flight.batch.number for flight in step.flights] == [1, 2]


def test_the_first_poll_comes_sooner_while_activities_are_finished_by_then():
    flights = Flights(8, POLL_SECONDS)
    waits = []
    for number in range(1, 13):
        flights.add(batch(number, **{f"k{number}": 1}))
        submit(flights, now=0.0)
        (flight,) = flights.in_flight
        waits.append(flight.next_poll)
        if number < 8:
            flights.finished(flight)
        else:
            flights.polled(flight, flight.next_poll)
            assert flight.next_poll - waits[-1] == 1.0
            flights.finished(flight)
    assert waits == [0.5, 0.25, 0.125, 1 / 16, *[1 / 32] * 4, 1 / 16, 1 / 8, 0.25, 0.5]
