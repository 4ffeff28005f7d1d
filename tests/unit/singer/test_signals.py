"""Signals are noted, and obeyed where no row is half handled."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from target_constant_contact.exceptions import InterruptedRunError, TryLaterError
from target_constant_contact.singer.signals import PATIENCE_SECONDS, REPEAT_SECONDS, Signals
from tests.support.fakes import Clock

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def clock() -> Clock:
    return Clock(100.0)


@pytest.fixture
def ends(monkeypatch) -> list[int]:
    """Exit codes with which the process would have ended at once."""
    codes: list[int] = []
    monkeypatch.setattr(os, "_exit", codes.append)
    return codes


@pytest.fixture
def failures() -> list[Exception]:
    """What makes success impossible."""
    return []


@pytest.fixture
def signals(failures: list[Exception], clock: Clock) -> Iterator[Signals]:
    def raise_failure() -> None:
        if failures:
            raise failures[0]

    handled = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in handled}
    yield Signals(raise_failure, clock)
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


def test_a_second_signal_ends_the_process(signals, clock, ends):
    signals.handle(signal.SIGTERM, None)
    clock.now += REPEAT_SECONDS + 0.1
    signals.handle(signal.SIGTERM, None)
    assert ends == [1]


def test_a_repetition_is_the_same_request(signals, clock, ends):
    """Also one of another kind, as when a terminal closes."""
    signals.handle(signal.SIGINT, None)
    clock.now += REPEAT_SECONDS - 0.1
    signals.handle(signal.SIGHUP, None)
    assert ends == []
    with pytest.raises(InterruptedRunError, match="SIGINT"):
        signals.check()


def test_a_repetition_does_not_meet_the_first_one_on_its_way_out(signals):
    def interrupted() -> None:
        with signals.interruptible():
            try:
                signals.handle(signal.SIGINT, None)
            except InterruptedRunError:
                signals.handle(signal.SIGINT, None)
                left.append(True)
                raise

    left: list[bool] = []
    with pytest.raises(InterruptedRunError):
        interrupted()
    assert left == [True]


def test_a_signal_that_wakes_for_nothing_leaves_the_next_one_its_effect(signals):
    signals.install()
    with signals.interruptible():
        signals.wake()
        with pytest.raises(InterruptedRunError):
            signals.handle(signal.SIGTERM, None)


def test_nobody_who_reads_is_waited_for_long_after_a_signal(signals, clock):
    clock.now += 1_000
    assert not signals.overdue()
    signals.handle(signal.SIGTERM, None)
    assert not signals.overdue()
    clock.now += PATIENCE_SECONDS + 0.1
    assert signals.overdue()


@pytest.mark.parametrize("before", [signal.SIG_DFL, signal.SIG_IGN])
def test_a_terminal_that_closes_is_a_signal_unless_nohup_has_it_ignored(signals, before):
    signal.signal(signal.SIGHUP, before)
    signals.install()
    assert (signal.getsignal(signal.SIGHUP) == signals.handle) is (before == signal.SIG_DFL)


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
