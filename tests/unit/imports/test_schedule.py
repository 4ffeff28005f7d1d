"""Batches are sent as early as possible and as late as the order of values demands."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_constant_contact.imports.schedule import (
    MAX_ONE_BY_ONE,
    MAX_UNDER_WAY,
    MAX_UNSETTLED_ROWS,
    Schedule,
)
from target_constant_contact.imports.steps import ImportInFlight, Look, Poll, Submit, Wait
from tests.support.imports import ENTRY, batch

POLL_SECONDS = (0.5, 1.0, 2.0)


def made(max_in_flight: int = 8, seconds=POLL_SECONDS, batches: int = 0) -> Schedule:
    schedule = Schedule(max_in_flight, seconds)
    for number in range(1, batches + 1):
        schedule.outbox.add(batch(number))
    return schedule


def add(schedule: Schedule, number: int, *waits_for: int) -> None:
    schedule.outbox.add(replace(batch(number), waits_for=frozenset(waits_for)))


def take(schedule: Schedule, now: float) -> Submit:
    step = schedule.next_step(now)
    assert isinstance(step, Submit)
    schedule.take(step)
    return step


def put_out(schedule: Schedule, now: float) -> Submit:
    """Let the next batch be on the wire."""
    step = take(schedule, now)
    schedule.outbox.on_the_wire(step.batch.number, now)
    return step


def submit(schedule: Schedule, now: float) -> int:
    number = put_out(schedule, now).batch.number
    accept(schedule, number, now)
    return number


def accept(schedule: Schedule, number: int, now: float) -> None:
    schedule.submitted(schedule.outbox.under_way[number], ENTRY, f"activity-{number}", now)


def finish(schedule: Schedule, number: int, now: float = 0) -> None:
    schedule.finished(flight(schedule, number), now)


def flight(schedule: Schedule, number: int) -> ImportInFlight:
    return next(item for item in schedule.in_flight if item.batch.number == number)


def ask(schedule: Schedule, now: float) -> Poll:
    """Poll, and learn that nothing is finished."""
    step = schedule.next_step(now)
    assert isinstance(step, Poll)
    schedule.take(step)
    for item in step.due:
        schedule.polled(item, now)
    schedule.asked(step, now)
    return step


def can_send(schedule: Schedule, now: float = 0) -> bool:
    return isinstance(schedule.next_step(now), Submit)


def test_batches_go_in_the_order_of_coming_while_there_is_room():
    schedule = made(max_in_flight=2, batches=3)
    assert [submit(schedule, 0), submit(schedule, 0)] == [1, 2]
    assert not can_send(schedule)
    finish(schedule, 1)
    assert submit(schedule, 0) == 3


def test_a_batch_under_way_takes_room_too():
    schedule = made(max_in_flight=1, batches=2)
    put_out(schedule, 0)
    assert not can_send(schedule)


def test_one_batch_at_a_time_waits_for_its_turn():
    """A poll would have to wait behind all of them, and each has a body."""
    schedule = made(batches=2)
    first = take(schedule, 0)
    assert schedule.next_step(0) == Wait(None)
    schedule.outbox.on_the_wire(first.batch.number, 0)
    assert put_out(schedule, 0).batch.number == 2


def test_only_so_many_batches_are_without_an_answer():
    schedule = made(max_in_flight=100, batches=MAX_UNDER_WAY + 1)
    for _ in range(MAX_UNDER_WAY):
        put_out(schedule, 0)
    assert not can_send(schedule)
    accept(schedule, 3, 0)
    assert can_send(schedule)


# The order of values


def test_a_batch_waits_for_those_that_it_contradicts():
    schedule = made(batches=2)
    submit(schedule, 0)
    submit(schedule, 0)
    add(schedule, 3, 1, 2)
    add(schedule, 4)
    assert submit(schedule, 0) == 4
    finish(schedule, 1)
    assert not can_send(schedule)
    finish(schedule, 2)
    assert submit(schedule, 0) == 3


@pytest.mark.parametrize("state", ["waiting", "on its turn", "on the wire", "lost", "not come"])
def test_it_waits_wherever_the_other_batch_is(state):
    schedule = made(batches=0 if state == "not come" else 1)
    if state == "on its turn":
        take(schedule, 0)
    if state in {"on the wire", "lost"}:
        step = put_out(schedule, 0)
        if state == "lost":
            schedule.lost(step.batch, ENTRY, 0)
    late = replace(batch(2), waits_for=frozenset([1]))
    assert schedule.outbox.holds(late)
    schedule.outbox.settled(1)
    assert not schedule.outbox.holds(late)


def test_at_the_end_nothing_waits_for_what_has_not_come():
    """Its number was that of a batch whose rows have left in others."""
    schedule = made()
    add(schedule, 2, 1)
    assert not can_send(schedule)
    schedule.outbox.is_complete = True
    assert can_send(schedule)


@given(
    waits=st.lists(st.frozensets(st.integers(0, 30), max_size=3), max_size=12),
    picks=st.lists(st.integers(0, 20)),
    room=st.integers(1, 4),
)
def test_no_batch_is_begun_before_all_that_it_waits_for_are_settled(waits, picks, room):
    """Whatever happens first."""
    schedule, settled, picks_left = made(max_in_flight=room), set(), iter(picks)
    for number, earlier in enumerate(waits):
        add(schedule, number, *(one for one in earlier if one < number))
    schedule.outbox.is_complete = True
    while schedule.unsettled:
        schedule.outbox.turn = None
        step = schedule.next_step(0)
        moves = [*schedule.outbox.under_way.values(), *schedule.in_flight]
        pick = next(picks_left, 0) % (len(moves) + isinstance(step, Submit))
        if pick == len(moves):
            schedule.take(step)
            assert settled >= step.batch.waits_for
        elif pick < len(schedule.outbox.under_way):
            accept(schedule, moves[pick].number, 0)
        else:
            schedule.finished(moves[pick], 0)
            settled.add(moves[pick].batch.number)
        assert len(schedule.in_flight) + len(schedule.outbox.under_way) <= room
    assert settled == set(range(len(waits)))


# Polls


def test_while_something_can_be_sent_polls_wait():
    schedule = made(max_in_flight=100, batches=60)
    asked = []
    for now in range(40):
        if isinstance(schedule.next_step(now), Poll):
            asked.append((now, len(schedule.in_flight)))
            ask(schedule, now)
        submit(schedule, now)
    assert asked == [(12, 12), (24, 24), (36, 36)]


def test_as_long_as_the_run_reads_a_poll_every_twelve_seconds_is_enough():
    schedule = made(batches=1)
    submit(schedule, 10)
    assert schedule.next_step(10) == Wait(12)
    ask(schedule, 22)
    assert schedule.next_step(22) == Wait(12)


def test_when_all_is_sent_polls_come_by_the_age_of_what_is_in_flight():
    schedule = made(batches=1)
    submit(schedule, 0)
    schedule.outbox.is_complete = True
    assert schedule.next_step(0) == Wait(0.5)
    ask(schedule, 0.5)
    assert schedule.next_step(0.5) == Wait(0.5)
    ask(schedule, 100)
    assert schedule.next_step(100) == Wait(8)


def test_the_last_answer_is_awaited_before_the_end_is_asked_for():
    """One poll then tells of all."""
    schedule = made(batches=2)
    submit(schedule, 0)
    put_out(schedule, 1)
    schedule.outbox.is_complete = True
    assert schedule.next_step(1) == Wait(11)
    accept(schedule, 2, 1)
    assert isinstance(schedule.next_step(1), Poll)


def test_when_the_window_is_full_polls_come_soon():
    schedule = made(max_in_flight=1, batches=2)
    submit(schedule, 0)
    assert schedule.next_step(0) == Wait(0.5)


def test_when_a_batch_waits_for_another_one_and_nothing_else_can_go_polls_come_soon():
    schedule = made(batches=1)
    submit(schedule, 0)
    add(schedule, 2, 1)
    assert schedule.next_step(0) == Wait(0.5)


def test_when_the_run_does_not_read_on_before_all_is_settled_polls_come_soon():
    schedule = made(batches=1)
    submit(schedule, 0)
    assert schedule.next_step(0) == Wait(12)
    schedule.is_awaited = True
    assert schedule.next_step(0) == Wait(0.5)


def test_when_too_many_rows_are_unsettled_polls_come_soon():
    schedule = made()
    schedule.outbox.add(replace(batch(1), rows=MAX_UNSETTLED_ROWS - 1))
    submit(schedule, 0)
    assert not schedule.is_full
    schedule.outbox.add(batch(2, rows=1))
    assert schedule.is_full
    submit(schedule, 0)
    assert schedule.next_step(0) == Wait(0.5)


def test_there_is_one_question_at_a_time():
    schedule = made(batches=1)
    submit(schedule, 0)
    schedule.outbox.is_complete = True
    step = schedule.next_step(1)
    schedule.take(step)
    assert schedule.next_step(1) == Wait(None)
    schedule.asked(step, 2)
    assert schedule.next_step(2) == Wait(0.5)


def test_those_come_first_that_were_told_of_least():
    schedule = made(batches=3)
    submit(schedule, 0)
    submit(schedule, 0)
    schedule.polled(flight(schedule, 1), 0)
    submit(schedule, 0)
    schedule.outbox.is_complete = True
    step = ask(schedule, 1)
    assert [item.batch.number for item in step.due] == [2, 3, 1]
    assert step.most == MAX_ONE_BY_ONE


def test_while_something_can_be_sent_one_activity_at_most_is_asked_for_by_itself():
    schedule = made(max_in_flight=100, batches=20)
    for _ in range(12):
        submit(schedule, 0)
    assert ask(schedule, 12).most == 1


def test_a_pause_holds_back_sending_but_not_polling():
    schedule = made(batches=2)
    submit(schedule, 0)
    schedule.pause(until=5)
    assert schedule.next_step(0) == Wait(0.5)
    ask(schedule, 4.9)
    assert schedule.next_step(4.9) == Wait(pytest.approx(0.1))
    assert submit(schedule, 5) == 2


def test_a_full_queue_has_room_as_soon_as_an_activity_of_ours_has_ended():
    schedule = made(batches=2)
    submit(schedule, 0)
    schedule.pause(50)
    finish(schedule, 1)
    assert submit(schedule, 0) == 2


def test_after_a_full_queue_one_batch_tries_it():
    schedule = made(batches=3)
    schedule.pause(0)
    put_out(schedule, 1)
    assert not can_send(schedule, 1)
    accept(schedule, 1, 1)
    put_out(schedule, 1)
    assert can_send(schedule, 1)


# What the service does not take


@pytest.mark.parametrize(("retry", "following"), [(True, 1), (False, 2)])
def test_a_batch_that_was_not_accepted_is_tried_first_or_dropped(retry, following):
    schedule = made(batches=2)
    step = take(schedule, 0)
    schedule.not_accepted(step.batch, retry=retry)
    assert take(schedule, 0).batch.number == following


def test_with_nothing_to_do_the_wait_is_open():
    schedule = made(batches=1)
    schedule.close()
    assert schedule.next_step(0) == Wait(None)
    schedule.outbox.add(batch(2))
    assert schedule.next_step(0) == Wait(None)
    assert not schedule.unsettled


def test_after_closing_nothing_is_sent_again():
    schedule = made(batches=1)
    step = take(schedule, 0)
    schedule.close()
    assert schedule.unsettled
    schedule.not_accepted(step.batch, retry=True)
    assert not schedule.unsettled


# A batch whose answer was lost


def lose(schedule: Schedule, now: float, looks: int = 0) -> None:
    schedule.lost(put_out(schedule, now).batch, ENTRY, now, looks)


def look_at(schedule: Schedule, now: float) -> Look:
    step = schedule.next_step(now)
    assert isinstance(step, Look)
    schedule.take(step)
    schedule.asked(step, now)
    return step


def test_nothing_is_begun_while_a_batch_is_in_doubt():
    """A new activity could be taken for the lost one."""
    schedule = made(seconds=(1, 2), batches=2)
    lose(schedule, 0)
    assert schedule.next_step(0) == Wait(1)
    assert [doubt.batch.number for doubt in look_at(schedule, 1).doubts] == [1]
    assert schedule.unsettled


def test_it_is_not_looked_for_before_every_other_answer_is_there():
    """What these have made would look as if it were the lost one."""
    schedule = made(seconds=(1, 2), batches=3)
    first, second = put_out(schedule, 0), put_out(schedule, 0)
    schedule.lost(second.batch, ENTRY, 0)
    assert schedule.next_step(9) == Wait(None)
    schedule.lost(first.batch, ENTRY, 9)
    assert [doubt.batch.number for doubt in look_at(schedule, 9).doubts] == [2]
    assert [doubt.batch.number for doubt in look_at(schedule, 10).doubts] == [2, 1]


def test_a_batch_in_doubt_is_looked_for_less_and_less_often():
    schedule = made(seconds=(1, 2, 4), batches=1)
    lose(schedule, 0)
    for now, wait in ((1, 2), (3, 4)):
        schedule.looked(look_at(schedule, now).doubts[0], now, missed=True)
        assert schedule.next_step(now) == Wait(wait)


def test_one_that_was_lost_before_is_looked_for_later():
    schedule = made(seconds=(1, 2, 4), batches=1)
    lose(schedule, 0, looks=2)
    assert schedule.next_step(0) == Wait(4)


def test_only_looks_in_a_row_that_miss_it_count():
    schedule = made(seconds=(1,), batches=1)
    lose(schedule, 0)
    doubt = look_at(schedule, 1).doubts[0]
    schedule.looked(doubt, 1, missed=True)
    schedule.looked(doubt, 2, missed=False)
    assert doubt.missed == 0


def test_a_batch_that_was_found_is_in_flight():
    schedule = made(seconds=(1,), batches=2)
    lose(schedule, 0)
    schedule.submitted(look_at(schedule, 1).doubts[0].batch, ENTRY, "found", 5)
    assert [item.activity_id for item in schedule.in_flight] == ["found"]
    assert submit(schedule, 5) == 2


def test_a_batch_that_was_not_found_is_sent_again_before_the_others():
    schedule = made(seconds=(1,), batches=2)
    lose(schedule, 0)
    schedule.not_accepted(look_at(schedule, 1).doubts[0].batch, retry=True)
    assert submit(schedule, 1) == 1


def test_a_closed_run_looks_but_does_not_send_again():
    schedule = made(seconds=(1,), batches=1)
    lose(schedule, 0)
    schedule.close()
    schedule.not_accepted(look_at(schedule, 1).doubts[0].batch, retry=True)
    assert schedule.next_step(1) == Wait(None)
