"""Signals are noted, and obeyed where no row is half handled."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from target_constant_contact.exceptions import InterruptedRunError, TryLaterError
from target_constant_contact.singer.signals import Signals

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def failures() -> list[Exception]:
    """What makes success impossible."""
    return []


@pytest.fixture
def signals(failures: list[Exception]) -> Iterator[Signals]:
    def raise_failure() -> None:
        if failures:
            raise failures[0]

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield Signals(raise_failure)
    for number, handler in before.items():
        signal.signal(number, handler)


def test_without_a_signal_nothing_is_raised(signals):
    signals.check()
    with signals.interruptible():
        signals.check()


def test_a_signal_is_raised_at_the_next_check(signals):
    signals.handle(signal.SIGTERM, None)
    with pytest.raises(InterruptedRunError, match=r"^SIGTERM came before the run was finished"):
        signals.check()


def test_a_signal_while_waiting_is_raised_at_once(signals):
    with pytest.raises(InterruptedRunError, match="SIGINT"), signals.interruptible():
        signals.handle(signal.SIGINT, None)


def test_waiting_ends_with_an_error_too(signals):
    with pytest.raises(ValueError, match="gone"), signals.interruptible():
        raise ValueError("gone")
    signals.handle(signal.SIGTERM, None)


def test_a_second_signal_ends_the_process(signals):
    signals.handle(signal.SIGTERM, None)
    with pytest.raises(SystemExit) as ended:
        signals.handle(signal.SIGTERM, None)
    assert ended.value.code == 1


def test_a_reader_that_is_woken_learns_of_the_failure_and_of_no_signal(signals, failures):
    signals.install()
    failures.append(TryLaterError("The quota is used up"))
    with pytest.raises(TryLaterError), signals.interruptible():
        signals.wake()
    failures.clear()
    signals.check()


def test_a_reader_is_woken_only_where_the_signal_would_not_end_the_process(signals, failures):
    failures.append(TryLaterError("The quota is used up"))
    signal.signal(signal.SIGINT, lambda _number, _frame: pytest.fail("SIGINT came"))
    signals.wake()
