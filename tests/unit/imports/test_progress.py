"""What one thread finds out reaches the others."""

from __future__ import annotations

import threading

import pytest

from target_constant_contact.imports.progress import Progress
from target_constant_contact.imports.schedule import Schedule
from tests.support.imports import batch


def made(calls: list[str]) -> Progress:
    return Progress(Schedule(8, (1.0,)), lambda: calls.append("failed"))


def test_the_first_failure_is_the_one_that_is_raised_and_is_told_once():
    calls: list[str] = []
    progress = made(calls)
    progress.fail(ValueError("first"))
    progress.fail(ValueError("second"))
    with pytest.raises(ValueError, match="first"):
        progress.raise_failure()
    assert calls == ["failed"]


def test_as_long_as_nothing_failed_nothing_is_raised():
    made([]).raise_failure()


def test_after_a_failure_nothing_more_is_sent():
    progress = made([])
    progress.schedule.outbox.add(batch(1))
    progress.fail(ValueError())
    assert progress.schedule.outbox.waiting == 0


def test_who_is_told_of_a_failure_may_wait_for_another_thread():
    """Both need the lock."""
    done = threading.Event()

    def other() -> None:
        with progress.changed:
            done.set()

    def on_failed() -> None:
        threading.Thread(target=other).start()
        assert done.wait(5)

    progress = Progress(Schedule(8, (1.0,)), on_failed)
    progress.fail(ValueError())
    assert done.is_set()


def test_a_change_wakes_who_waits_for_it():
    progress, woken = made([]), threading.Event()
    waits = threading.Event()

    def wait() -> None:
        with progress.changed:
            waits.set()
            if progress.changed.wait(5):
                woken.set()

    thread = threading.Thread(target=wait)
    thread.start()
    waits.wait(5)
    with progress.change() as schedule:
        schedule.outbox.add(batch(1))
    thread.join()
    assert woken.is_set()
