"""A run's batches are settled before it is finished, whatever happens in between."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from target_constant_contact.batches.batch import ImportBatch
from target_constant_contact.events.events import Events
from target_constant_contact.events.kinds import ImportSent
from target_constant_contact.exceptions import InterruptedRunError
from target_constant_contact.imports.importer import MAX_IN_MEMORY
from target_constant_contact.imports.schedule import MAX_UNSETTLED_ROWS
from tests.support.fakes import AT_ONCE, stop
from tests.support.imports import PLACE, Case, activity, batch, completed
from tests.support.saying import saying
from tests.support.waits import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable

GIVE_UP_BOUND = 4.0
"""Seconds beyond those that it is told, within which the end of a run cannot be delayed: a
scheduler kills after 20."""


def test_every_batch_is_settled_before_the_run_is_finished(case):
    case.client.states["a1"] = iter([activity("a1", "processing"), completed("a1")])
    case.run(batch(1), batch(2))
    assert sorted(case.settled) == [(1, 2), (2, 2)]


def test_nobody_hears_of_the_end_of_an_import_before_its_beginning(make):
    events, told_late = Events(), []
    case = make(events=events)

    def listen(event):
        if isinstance(event, ImportSent):
            # Time enough for another thread to ask for it, if that could be done by now.
            time.sleep(0.1)
            settled = [done.activity.activity_id for done in case.done]
            told_late.extend(one for one in settled if one == event.activity_id)

    events.listen(listen)
    case.run(*map(batch, range(1, 7)))
    assert (len(case.settled), told_late) == (6, [])


def test_each_import_is_told_once_and_counted_once(make):
    events, told = Events(), []
    case = make(events=events)
    events.listen(lambda event: told.append(event) if isinstance(event, ImportSent) else None)
    case.run(*map(batch, range(1, 7)))
    assert len(told) == case.importer.imports == 6


def test_a_run_without_batches_is_finished_at_once(case):
    case.run()
    assert case.settled == []


def test_giving_up_waits_no_longer_than_it_was_told(case):
    case.client.states["a1"] = iter([activity("a1", "processing")] * 10_000)
    case.importer.submit(batch(1))
    case.importer.give_up(0.05)
    assert case.settled == []


def test_all_threads_have_ended_when_a_run_is_given_up(case):
    case.client.states["a1"] = iter([activity("a1", "processing")] * 10_000)
    release = hold(case)
    soon = threading.Timer(0.1, release.set)
    soon.start()
    case.importer.give_up(0.05)
    assert not any(thread.is_alive() for thread in threads_of(case))
    soon.join()


def test_a_thread_that_is_blocked_in_a_request_is_left_behind_and_writes_nothing_any_more(make):
    """The ledger is that of the next run, which has its own opinion of what was sent."""
    case = make()
    release = hold(case)
    began = time.monotonic()
    case.importer.give_up(0.05)
    assert time.monotonic() - began < GIVE_UP_BOUND
    (thread,) = (thread for thread in threads_of(case) if thread.is_alive())
    case.ledger.close()
    following = make(database=case.database)
    before = case.entries
    release.set()
    thread.join(5)
    assert not thread.is_alive()
    assert case.entries == before
    assert following.ledger.in_doubt
    assert case.done == []
    assert not case.woken.is_set()


def test_what_is_learned_after_a_run_was_given_up_is_not_counted(make):
    """Its report is written, and its STATE has left."""
    case = make()
    polled, release = threading.Event(), threading.Event()

    def poll(activity_id):
        polled.set()
        release.wait(5)
        return completed(activity_id)

    case.client.activity = poll
    case.importer.submit(batch(1))
    polled.wait(5)
    case.importer.give_up(0)
    release.set()
    for thread in threads_of(case):
        thread.join(5)
    assert case.done == []


def hold(case: Case) -> threading.Event:
    """Let the first import be on its way until the event is set."""
    sent, release = threading.Event(), threading.Event()

    def on_import(_number: int) -> None:
        sent.set()
        release.wait(30)

    case.client.on_import = on_import
    case.importer.submit(batch(1))
    assert sent.wait(5)
    return release


def threads_of(case: Case) -> list[threading.Thread]:
    return case.importer._workers._threads


def test_a_blocked_submit_listens_to_a_signal(make):
    release = threading.Event()
    case = make(raise_if_stopped=stop)
    case.client.on_import = lambda _number: release.wait(5)
    for number in range(1, MAX_IN_MEMORY + 1):
        case.importer.submit(batch(number))
    with pytest.raises(InterruptedRunError):
        case.importer.submit(batch(MAX_IN_MEMORY + 1))
    release.set()
    case.importer.give_up(5)


def test_an_error_that_nobody_foresaw_reaches_the_main_thread(case):
    case.client.states["a1"] = iter([RuntimeError("bug")])
    with pytest.raises(RuntimeError):
        case.run(batch(1))
    assert case.woken.is_set()


# Many in flight


def test_what_is_in_flight_has_neither_body_nor_fingerprints(case):
    case.client.states["a1"] = iter([activity("a1", "processing")] * 10_000)
    case.importer.submit(batch(1))
    wait_for(lambda: case.importer._progress.schedule.in_flight)
    (item,) = case.importer._progress.schedule.in_flight
    assert (item.batch.body, len(item.batch.fingerprints.keys)) == (b"", 0)


@pytest.mark.parametrize("keeps_bodies", [True, False])
def test_who_settles_an_import_can_read_what_was_sent_if_it_is_needed(make, keeps_bodies):
    bodies = []

    def settle(done):
        if keeps_bodies:
            bodies.append(done.whole().body)

    case = make(on_settled=settle, keeps_bodies=keeps_bodies)
    case.run(replace(batch(1), body=b"one"), replace(batch(2), body=b"two"))
    assert sorted(bodies) == ([b"one", b"two"] if keeps_bodies else [])
    assert case.importer._bodies._sent == {}


def test_batches_that_wait_for_others_do_not_keep_reading_waiting(make):
    case = make(poll_seconds=(0.01,))
    gate = threading.Event()
    case.client.on_import = lambda number: number > 1 or gate.wait(5)
    case.importer.submit(batch(1))
    for number in range(2, 2 * MAX_IN_MEMORY):
        case.importer.submit(replace(batch(number), waits_for=frozenset([1])))
    assert case.importer._progress.schedule.outbox.in_memory == 1
    gate.set()
    case.importer.finish()
    assert len(case.settled) == 2 * MAX_IN_MEMORY - 1
    assert set(case.client.sent) == {f"json {batch(1).body!r}"}


def test_reading_waits_while_too_many_rows_are_unsettled(make):
    case = make(poll_seconds=(0.01,), raise_if_stopped=stop)
    case.client.states["a1"] = iter([activity("a1", "processing")] * 10_000)
    case.importer.submit(batch(1, rows=MAX_UNSETTLED_ROWS))
    with pytest.raises(InterruptedRunError):
        case.importer.submit(batch(2))


def test_reading_goes_on_when_all_the_unsettled_rows_wait_for_what_is_still_to_be_read(make):
    case = make(raise_if_stopped=stop)
    many = batch(1, rows=MAX_UNSETTLED_ROWS)
    case.importer.submit(replace(many, waits_for=frozenset([2])))
    case.importer.submit(batch(2))
    # It does not wait for the service any more.
    case.importer._waiting = AT_ONCE
    case.importer.finish()
    assert [done.batch.number for done in case.done] == [2, 1]


def test_what_is_on_its_way_can_be_waited_for_while_more_is_to_come(make):
    case = make(poll_seconds=(0.01,))
    case.client.states["a1"] = iter([activity("a1", "processing")] * 3 + [completed("a1")])
    case.importer.submit(batch(1))
    case.importer.submit(replace(batch(2), waits_for=frozenset([9])))
    case.importer.settle()
    assert [done.batch.number for done in case.done] == [1]
    assert not case.importer._progress.schedule.is_awaited
    case.importer.finish()
    assert [done.batch.number for done in case.done] == [1, 2]


def test_several_batches_are_under_way_while_the_service_thinks_about_its_answers(case):
    together = threading.Barrier(4, timeout=30)
    case.client.on_import = lambda _number: together.wait()
    case.run(*map(batch, range(1, 5)))
    assert len(case.settled) == 4


@given(
    seed=st.integers(),
    waits=st.lists(st.frozensets(st.integers(0, 20), max_size=2), min_size=2, max_size=10),
)
@settings(max_examples=20, deadline=None)
def test_contradicting_values_are_imported_one_after_the_other(seed, waits):
    """Whichever activity happens to end first, with several threads that send."""
    waits_for = [{one for one in found if one < place} for place, found in enumerate(waits)]
    completed_ones: set[int] = set()
    ends = random.Random(seed)
    faults = []
    case = Case({"poll_seconds": (0.001,)})
    names: dict[str, int] = {}

    def import_json(body, on_turn):
        on_turn()
        number = int(body)
        faults.extend(waits_for[number] - completed_ones)
        names[f"a{number}"] = number
        return activity(f"a{number}", "initialized")

    def state_of(name):
        if ends.random() < 0.3:
            completed_ones.add(names[name])
        return completed(name) if names[name] in completed_ones else activity(name, "processing")

    case.client.import_json = import_json
    case.client.activity = state_of
    case.client.recent_activities = lambda: [state_of(name) for name in [*names]]
    case.run(
        *(
            replace(batch(place), body=str(place).encode(), waits_for=frozenset(earlier))
            for place, earlier in enumerate(waits_for)
        )
    )
    case.close()
    assert faults == []
    assert len(case.settled) == len(waits)


# An interrupted run


def interrupt(make: Callable[..., Case], *batches: ImportBatch) -> Case:
    """A run that has sent these batches, all completed, and was killed; the next one has begun."""
    first = make()
    for item in batches:
        entry = first.ledger.begin(item, "json")
        first.ledger.accept(entry, activity(f"old{item.number}", "initialized"))
    first.ledger.close()
    second = make(database=first.database)
    for entry in second.ledger.accepted:
        second.ledger.confirm(entry, completed(entry.activity_id))
    return second


def test_a_batch_that_an_interrupted_run_has_sent_is_settled_and_not_sent(make):
    case = interrupt(make, batch(1))
    case.run(batch(1), batch(2))
    assert len(case.client.sent) == 1
    by_number = {item.batch.number: item for item in case.done}
    assert by_number[1].taken_up
    assert by_number[1].activity.activity_id == "old1"
    assert not by_number[2].taken_up


def test_a_batch_is_sent_again_when_something_else_about_its_people_is_on_its_way(make):
    """Otherwise the value on its way would end on top of a later one."""
    said = saying({"ann": 2})
    later = ImportBatch(2, PLACE, None, 2, 0, b"later", said, waits_for=frozenset([1]))
    case = interrupt(make, later)
    gate = threading.Event()
    case.client.on_import = lambda _number: gate.wait(5)
    case.importer.submit(ImportBatch(1, PLACE, None, 2, 0, b"new", saying({"ann": 1})))
    case.importer.submit(later)
    gate.set()
    case.importer.finish()
    assert case.client.sent == ["json b'new'", "json b'later'"]
