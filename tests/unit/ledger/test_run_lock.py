"""Two runs of one export come one after the other."""

from __future__ import annotations

import threading

import pytest

from target_constant_contact.exceptions import InterruptedRunError, TryLaterError
from tests.support.fakes import AT_ONCE, Clock, stop
from tests.support.ledgers import say, send


@pytest.fixture(params=["file", "server"])
def exports(request, make_exports):
    return make_exports(request.param)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_run_waits_for_another_one_of_the_same_export(exports, clock, caplog):
    first = exports.start("first")
    checks = []

    def check() -> None:
        checks.append(clock.now)
        if clock.now > 2:
            first.close()

    exports.ledger("second").open(clock.waiting(60, raise_if_stopped=check))
    assert 2 <= clock.now < 2.5
    assert max(clock.naps) <= 0.2
    assert len(checks) == len(clock.naps)
    assert caplog.messages == ["Run first of the same export is under way; waiting"]


def test_a_run_does_not_wait_longer_than_it_is_told(exports, clock):
    exports.start("first")
    with pytest.raises(TryLaterError) as caught:
        exports.ledger("second").open(clock.waiting(90))
    assert 90 <= clock.now < 90.5
    assert str(caught.value) == (
        "Run first of the same export has not ended in 1.5 minutes (import_timeout_minutes). "
        "Start the run again when it has, or end it"
    )


def test_a_run_that_need_not_wait_says_nothing(exports, caplog):
    exports.start("first").close()
    exports.start("second")
    assert caplog.messages == []


def test_waiting_listens_to_a_signal(exports, clock):
    exports.start("first")
    with pytest.raises(InterruptedRunError):
        exports.ledger("second").open(clock.waiting(60, raise_if_stopped=stop))
    assert clock.naps == []


def test_the_run_that_is_waited_for_is_the_one_that_began_last(exports):
    exports.interrupt(run="first")
    exports.start("second")
    with pytest.raises(TryLaterError, match="Run second of"):
        exports.ledger("third").open(AT_ONCE)


def test_a_run_that_has_given_up_waiting_leaves_the_other_one_alone(exports):
    first = exports.start("first")
    second = exports.ledger("second")
    for _ in range(2):
        with pytest.raises(TryLaterError):
            second.open(AT_ONCE)
        second.close()
    send(first, say(a=1))
    assert exports.states == ["accepted"]


def test_other_exports_are_not_waited_for(exports):
    exports.start("first")
    exports.start("second", "other export")


def test_a_run_may_be_closed_by_another_thread(exports):
    first = exports.start("first")
    thread = threading.Thread(target=first.close)
    thread.start()
    thread.join()
    exports.start("second")


def test_waiting_for_a_run_that_has_not_said_its_name_yet_is_said_well(exports):
    """Between taking the lock and the first row."""
    exports.start("first")
    exports.execute("DELETE FROM open_runs")
    with pytest.raises(TryLaterError) as caught:
        exports.ledger("second").open(AT_ONCE)
    assert "  " not in str(caught.value)
