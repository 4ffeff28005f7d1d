"""As many threads as are needed, and no more."""

from __future__ import annotations

import threading
import time

import pytest

from target_constant_contact.exceptions import TargetError
from target_constant_contact.imports.progress import Progress
from target_constant_contact.imports.schedule import MAX_UNDER_WAY, Schedule
from target_constant_contact.imports.steps import Poll, Submit
from target_constant_contact.imports.workers import MAX_THREADS, Workers
from tests.support.imports import ENTRY, batch

SOON = 5.0


class Run:
    """Workers whose imports are answered when the test says, and settled by one poll."""

    def __init__(self) -> None:
        self.progress = Progress(Schedule(100, (0.01,)), lambda: None)
        self.workers = Workers(self.progress, time.monotonic, self.carry_out)
        self.answers = threading.Semaphore(0)
        self.under_way = threading.Semaphore(0)
        self.settled: list[int] = []
        self.polls = threading.Semaphore(0)

    def carry_out(self, step):
        if isinstance(step, Submit):
            number = step.batch.number
            self.workers.on_turn(step.batch)
            self.under_way.release()
            assert self.answers.acquire(timeout=SOON)
            with self.progress.change() as schedule:
                schedule.submitted(step.batch, ENTRY, str(number), time.monotonic())
        elif isinstance(step, Poll):
            with self.progress.change() as schedule:
                for item in schedule.in_flight:
                    self.settled.append(item.batch.number)
                    schedule.finished(item, time.monotonic())
            self.polls.release()

    def end(self) -> None:
        self.answers.release(100)
        with self.progress.change():
            self.progress.stopped = True
        self.workers.join(SOON)


@pytest.fixture
def run():
    made = Run()
    yield made
    made.end()


def threads(run: Run) -> int:
    return len(run.workers._threads)


def test_without_anything_to_do_there_is_no_thread(run):
    assert threads(run) == 0


def test_while_answers_are_awaited_others_send(run):
    for number in range(1, MAX_UNDER_WAY + 3):
        run.workers.add(batch(number))
    for _ in range(MAX_UNDER_WAY):
        assert run.under_way.acquire(timeout=SOON)
    assert not run.under_way.acquire(timeout=0.05)
    assert threads(run) <= MAX_THREADS


def test_one_can_always_ask(run):
    run.workers.add(batch(1))
    run.answers.release()
    assert run.under_way.acquire(timeout=SOON)
    for number in range(2, MAX_UNDER_WAY + 3):
        run.workers.add(batch(number))
    for _ in range(MAX_UNDER_WAY):
        assert run.under_way.acquire(timeout=SOON)
    with run.progress.change() as schedule:
        schedule.close()
    assert run.polls.acquire(timeout=SOON)
    assert run.settled == [1]


def test_a_run_whose_answers_come_at_once_needs_two(run):
    run.answers.release(100)
    for number in range(1, 30):
        run.workers.add(batch(number))
        assert run.under_way.acquire(timeout=SOON)
        time.sleep(0.002)
    assert threads(run) <= 3


def allow_threads(monkeypatch, most: int) -> None:
    """Let the system start so many threads and no more, as it does when memory is short."""
    start, started = threading.Thread.start, []

    def limited(thread):
        if len(started) == most:
            raise RuntimeError("can't start new thread")
        started.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", limited)


def test_where_no_further_thread_can_be_started_those_that_are_there_go_on(run, monkeypatch):
    allow_threads(monkeypatch, 1)
    run.answers.release(100)
    for number in range(1, 4):
        run.workers.add(batch(number))
    for _ in range(3):
        assert run.under_way.acquire(timeout=SOON)
    assert run.polls.acquire(timeout=SOON)
    assert run.progress.failure is None


def test_without_any_thread_the_run_ends_with_a_line(run, monkeypatch):
    allow_threads(monkeypatch, 0)
    with pytest.raises(TargetError, match="start no thread"):
        run.workers.add(batch(1))
    run.end()


def test_an_error_that_nobody_foresaw_ends_all_of_them():
    def fail(_step):
        raise RuntimeError("bug")

    progress = Progress(Schedule(100, (0.01,)), lambda: None)
    workers = Workers(progress, time.monotonic, fail)
    workers.add(batch(1))
    workers.join(SOON)
    assert isinstance(progress.failure, RuntimeError)
    assert progress.broken
    assert not any(thread.is_alive() for thread in workers._threads)
