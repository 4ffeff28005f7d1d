"""An import in flight is followed to its end, and no further than it may take."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from target_constant_contact.exceptions import (
    ApiError,
    ImportFailedError,
    SettingsError,
    TargetError,
    TryLaterError,
)
from target_constant_contact.imports.schedule import Schedule
from target_constant_contact.imports.steps import Poll
from tests.support.fakes import Clock
from tests.support.imports import activity, batch, completed

if TYPE_CHECKING:
    from target_constant_contact.imports.steps import ImportInFlight


@pytest.mark.parametrize(
    ("state", "error"),
    [
        ("failed", ImportFailedError),
        ("cancelled", ImportFailedError),
        ("timed_out", TryLaterError),
    ],
)
def test_an_activity_that_ends_badly_fails_the_run_and_is_not_settled(case, state, error):
    case.client.states["a1"] = iter([activity("a1", state)])
    with pytest.raises(error, match=rf"a1 .*{state}.* 2 rows"):
        case.run(batch(1))
    assert case.settled == []
    assert case.woken.is_set()


@pytest.mark.parametrize("state", ["failed", "timed_out", "processing"])
def test_who_waits_for_the_last_import_never_finds_it_gone_and_nothing_wrong(
    make, monkeypatch, state
):
    case = make(timeout_seconds=-1)
    case.client.states["a1"] = iter([activity("a1", state)] * 100)
    finished, failures = Schedule.finished, []

    def note(schedule: Schedule, item: ImportInFlight, now: float) -> None:
        failures.append(case.importer.failure)
        finished(schedule, item, now)

    monkeypatch.setattr(Schedule, "finished", note)
    with pytest.raises(TargetError):
        case.run(batch(1))
    (failure,) = failures
    assert failure is not None


def test_an_unknown_state_counts_as_unfinished(case):
    case.client.states["a1"] = iter([activity("a1", "dreaming"), completed("a1")])
    case.run(batch(1))
    assert case.client.polls == ["a1", "a1"]
    assert case.settled == [(1, 2)]


def test_an_activity_that_cannot_be_found_yet_is_asked_for_again(case):
    missing = ApiError("not found", status=404)
    case.client.states["a1"] = iter([missing, completed("a1")])
    case.run(batch(1))
    assert case.settled == [(1, 2)]


def test_another_error_of_a_poll_fails_the_run(case):
    case.client.states["a1"] = iter([ApiError("teapot", status=418)])
    with pytest.raises(ApiError, match="teapot"):
        case.run(batch(1))


def test_an_activity_that_takes_too_long_fails_the_run_as_try_later(make):
    ticks = iter(range(0, 100_000, 20))
    case = make(timeout_seconds=60, clock=lambda: float(next(ticks)))
    case.client.states["a1"] = iter([activity("a1", "processing")] * 100)
    with pytest.raises(TryLaterError, match=r"a1 .*within 1 minute .*'processing'"):
        case.run(batch(1))


@pytest.mark.parametrize("moves", [True, False])
def test_a_deep_queue_that_is_worked_off_one_by_one_is_no_time_out(make, moves):
    """The last one takes as long as all of them; where nothing moves, none is waited for."""
    clock, imports, each = Clock(), 8, 50
    case = make(timeout_seconds=60, clock=clock)
    progress, poller = case.importer._progress, case.importer._poller
    for number in range(1, imports + 1):
        entry = case.ledger.begin(batch(number), "json")
        case.ledger.accept(entry, activity(f"a{number}", "initialized"))
        progress.schedule.submitted(batch(number), entry, f"a{number}", clock.now)

    def recent():
        done = clock.now // each if moves else 0
        names = [(number, f"a{number}") for number in range(1, imports + 1)]
        return [
            completed(name) if number <= done else activity(name, "processing")
            for number, name in names
        ]

    case.client.recent_activities = recent
    case.client.activity = lambda name: next(one for one in recent() if one.activity_id == name)
    while progress.schedule.in_flight:
        clock.now += 10
        poller.poll(Poll(progress.schedule.in_flight, 8))
    assert clock.now == (imports * each if moves else 70)
    assert len(case.settled) == (imports if moves else 0)
    assert isinstance(progress.failure, type(None) if moves else TryLaterError)


def test_an_activity_that_is_never_found_fails_the_run_as_try_later(make):
    ticks = iter(range(0, 100_000, 20))
    case = make(timeout_seconds=60, clock=lambda: float(next(ticks)))
    case.client.states["a1"] = iter([ApiError("not found", status=404)] * 100)
    with pytest.raises(TryLaterError, match="not found"):
        case.run(batch(1))


def test_several_activities_are_asked_for_with_one_request(make):
    case = make(poll_seconds=(0.3,))
    gate = threading.Event()

    def on_import(number: int) -> None:
        if number == 2:
            gate.set()

    case.client.on_import = on_import
    case.client.listed = [completed("a1"), completed("a2")]
    case.run(batch(1), batch(2))
    assert gate.is_set()
    assert case.client.polls == ["recent"]


def test_rows_are_counted_even_when_the_ledger_cannot_note_that_they_are(case, monkeypatch):
    """The STATE behind them goes out with the counts."""

    def full(*_arguments: object) -> None:
        raise SettingsError(["disk is full"])

    monkeypatch.setattr(case.ledger, "settle", full)
    with pytest.raises(SettingsError):
        case.run(batch(1))
    assert case.settled == [(1, 2)]


def test_the_ledger_does_not_say_settled_of_rows_that_could_not_be_counted(make):
    def fail(_done: object) -> None:
        raise OSError("disk is full")

    case = make(on_settled=fail)
    with pytest.raises(OSError, match="disk is full"):
        case.run(batch(1))
    assert [row["state"] for row in case.entries] == ["accepted"]
