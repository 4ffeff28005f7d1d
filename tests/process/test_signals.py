"""A process that is asked to stop, or that has to."""

from __future__ import annotations

import signal
import time

import pytest

from target_constant_contact.sandbox import Behaviour, Fault, Sandbox
from tests.support.process import TargetProcess
from tests.support.target import member, schema, settings_for, state

IMPORT = "/activities/contacts_json_import"


def start(sandbox: Sandbox, tmp_path, **settings) -> TargetProcess:
    config = settings_for(sandbox, tmp_path / "data", batch_size_rows=5, **settings)
    return TargetProcess(config, tmp_path).start()


def wait_for(condition, seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_reading_and_settles_what_is_in_flight(tmp_path, number):
    with Sandbox(behaviour=Behaviour(seconds_to_start=0.5, seconds_to_finish=1)) as sandbox:
        target = start(sandbox, tmp_path)
        target.write(schema(), *map(member, range(5)), state("five"), member(5), state("six"))
        wait_for(sandbox.activities)
        target.send_signal(number)
        began = time.monotonic()
        assert target.wait() == 1
        assert time.monotonic() - began < 20
        assert len(sandbox.activities()) == 1
    assert target.states == ["five"]
    assert f"{number.name} came before the run was finished" in target.stderr
    assert "6 read = 5 landed + 1 unsettled" in target.stderr
    assert "Traceback" not in target.stderr


def test_a_signal_does_not_wait_for_an_activity_that_takes_too_long(tmp_path):
    with Sandbox(behaviour=Behaviour(seconds_to_start=0, seconds_to_finish=600)) as sandbox:
        target = start(sandbox, tmp_path)
        target.write(schema(), *map(member, range(5)), state("five"))
        wait_for(sandbox.activities)
        target.send_signal(signal.SIGTERM)
        began = time.monotonic()
        assert target.wait() == 1
        assert time.monotonic() - began < 20
    assert target.states == []


def test_a_signal_does_not_wait_for_a_request_that_takes_too_long(tmp_path):
    with Sandbox(behaviour=Behaviour()) as sandbox:
        sandbox.add_fault(Fault("POST", IMPORT, action="delay", seconds=40))
        target = start(sandbox, tmp_path)
        target.write(schema(), *map(member, range(5)), state("five"))
        wait_for(lambda: any(request.path.endswith(IMPORT) for request in sandbox.requests))
        target.send_signal(signal.SIGTERM)
        began = time.monotonic()
        assert target.wait() == 1
        assert time.monotonic() - began < 20
        sandbox.clear_faults()
    assert target.states == []
    assert "SIGTERM came before the run was finished" in target.stderr
    assert "Traceback" not in target.stderr


def test_a_second_signal_ends_the_process_at_once(tmp_path):
    with Sandbox(behaviour=Behaviour(seconds_to_start=0, seconds_to_finish=600)) as sandbox:
        target = start(sandbox, tmp_path)
        target.write(schema(), *map(member, range(5)), state("five"))
        wait_for(sandbox.activities)
        target.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        target.send_signal(signal.SIGTERM)
        began = time.monotonic()
        assert target.wait() == 1
        assert time.monotonic() - began < 5
    assert target.states == []


def test_a_signal_while_waiting_for_the_end_keeps_the_promise_too(tmp_path):
    with Sandbox(behaviour=Behaviour(seconds_to_start=0.5, seconds_to_finish=1.5)) as sandbox:
        target = start(sandbox, tmp_path)
        target.write(schema(), *map(member, range(5)), state("end"))
        target.close_input()
        wait_for(sandbox.activities)
        target.send_signal(signal.SIGTERM)
        assert target.wait() == 1
    assert target.states == ["end"]


@pytest.mark.parametrize(("action", "code"), [("quota_exceeded", 75), ("fail", 1)])
def test_a_run_that_cannot_succeed_ends_although_the_tap_is_silent(tmp_path, action, code):
    """The reader is blocked in another thread than the one that learns of the failure."""
    with Sandbox(behaviour=Behaviour(seconds_to_start=0, seconds_to_finish=0.1)) as sandbox:
        sandbox.add_fault(Fault("POST", IMPORT, action=action, times=None))
        target = start(sandbox, tmp_path)
        target.write(schema(), *map(member, range(6)), state("six"))
        began = time.monotonic()
        assert target.wait() == code
        assert time.monotonic() - began < 20
    assert target.states == []
    assert "Traceback" not in target.stderr
    assert "SIGINT" not in target.stderr


def test_a_signal_is_obeyed_while_the_account_does_not_answer(tmp_path):
    with Sandbox(behaviour=Behaviour()) as sandbox:
        sandbox.add_fault(Fault("GET", "/contact_lists", action="delay", seconds=40))
        target = start(sandbox, tmp_path)
        target.write(schema())
        wait_for(lambda: "Skipping parse" in target.stderr)
        time.sleep(1)
        target.send_signal(signal.SIGTERM)
        began = time.monotonic()
        assert target.wait() == 1
        assert time.monotonic() - began < 10
        sandbox.clear_faults()
    assert "SIGTERM came before the run was finished" in target.stderr


def test_a_second_signal_counts_after_a_failure_too(tmp_path):
    with Sandbox(behaviour=Behaviour(seconds_to_start=0, seconds_to_finish=600)) as sandbox:
        sandbox.add_fault(Fault("POST", IMPORT, nth=2, action="unauthorized", times=None))
        target = start(sandbox, tmp_path)
        target.write(schema(), *map(member, range(11)))
        wait_for(lambda: len(sandbox.requests) >= 3)
        time.sleep(1)
        target.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        target.send_signal(signal.SIGTERM)
        began = time.monotonic()
        assert target.wait() == 1
        assert time.monotonic() - began < 5
