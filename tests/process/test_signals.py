"""A process that is asked to stop, or that has to."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import time

import pytest

from target_constant_contact.sandbox import Behaviour, Fault, Sandbox
from target_constant_contact.singer.signals import REPEAT_SECONDS
from tests.support.process import TargetProcess
from tests.support.target import member, read_report, schema, settings_for, state
from tests.support.waits import wait_for

IMPORT = "/activities/contacts_json_import"


def start(sandbox: Sandbox, tmp_path, **settings) -> TargetProcess:
    config = settings_for(sandbox, tmp_path / "data", batch_size_rows=5, **settings)
    return TargetProcess(config, tmp_path).start()


def report_of(tmp_path) -> dict:
    (folder,) = tmp_path.glob("data/runs/*")
    return read_report(folder)


class FullPipe:
    """A pipe that nobody reads, and that has no room once it was filled.

    Attributes:
        inlet: Where a process writes.
    """

    def __init__(self, path) -> None:
        os.mkfifo(path)
        # All three are descriptions of their own: that one does not block is only for the test.
        self._outlet = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        self._filler = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        self.inlet = os.open(path, os.O_WRONLY)

    def fill(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(self._filler, b" " * 4_096)

    def read(self) -> bytes:
        found = b""
        with contextlib.suppress(BlockingIOError):
            while piece := os.read(self._outlet, 1 << 16):
                found += piece
        return found

    def close(self) -> None:
        for descriptor in (self._outlet, self._filler, self.inlet):
            os.close(descriptor)


@pytest.fixture
def pipe(tmp_path):
    made = FullPipe(tmp_path / "pipe")
    yield made
    made.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
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
        time.sleep(REPEAT_SECONDS + 0.5)
        target.send_signal(signal.SIGTERM)
        began = time.monotonic()
        assert target.wait() == 1
        assert time.monotonic() - began < 5
    assert target.states == []


def test_one_ctrl_c_that_comes_as_two_signals_is_one_request(tmp_path):
    """As from Meltano: the terminal sends SIGINT to all of its processes, and it does so too."""
    with Sandbox(behaviour=Behaviour(seconds_to_start=0.5, seconds_to_finish=1)) as sandbox:
        target = start(sandbox, tmp_path)
        target.write(schema(), *map(member, range(5)), state("five"), member(5))
        wait_for(sandbox.activities)
        target.send_signal(signal.SIGINT)
        time.sleep(0.005)
        target.send_signal(signal.SIGINT)
        assert target.wait() == 1
    assert target.states == ["five"]
    assert "SIGINT came before the run was finished" in target.stderr
    assert report_of(tmp_path)["totals"]["landed"] == 5


def test_nohup_keeps_its_word(tmp_path):
    with Sandbox(behaviour=Behaviour(seconds_to_start=0, seconds_to_finish=0)) as sandbox:
        config = settings_for(sandbox, tmp_path / "data", batch_size_rows=5)
        before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
        try:
            # A process ignores what the one that starts it ignores.
            target = TargetProcess(config, tmp_path, start=subprocess.Popen).start()
        finally:
            signal.signal(signal.SIGHUP, before)
        target.write(schema(), *map(member, range(5)), state("five"))
        wait_for(sandbox.activities)
        target.send_signal(signal.SIGHUP)
        target.close_input()
        assert target.wait() == 0, target.stderr
    assert target.states == ["five"]


def test_a_signal_ends_a_run_whose_state_nobody_reads(tmp_path, pipe):
    """The thread that settles waits for stdout, and holds the lock that reading needs."""
    with Sandbox(behaviour=Behaviour(seconds_to_start=0, seconds_to_finish=0.1)) as sandbox:
        config = settings_for(sandbox, tmp_path / "data", batch_size_rows=5)
        target = TargetProcess(config, tmp_path, stdout=pipe.inlet).start()
        # More than any pipe holds.
        target.write(schema(), *map(member, range(5)), state("x" * 3_000_000), member(5))
        target.wait_for_log("completed in")
        target.write(*map(member, range(6, 12)), state("twelve"))
        target.send_signal(signal.SIGTERM)
        began = time.monotonic()
        assert target.wait() == 1
        assert time.monotonic() - began < 20
    # Whoever of the two threads finds out first says it.
    assert re.search("SIGTERM came before the run|STATE was not written", target.stderr)
    assert report_of(tmp_path)["status"] == "failed"
    written = pipe.read()
    assert written.startswith(b'{"bookmark":"xxx')
    assert b"\n" not in written
    with pytest.raises(ValueError, match="Unterminated"):
        json.loads(written)


@pytest.mark.parametrize("seconds", [0.5, 600])
def test_a_signal_ends_a_run_whose_log_nobody_reads(tmp_path, pipe, seconds):
    """Whether the log is full for the thread that reads, or for the one that settles."""
    with Sandbox(behaviour=Behaviour(seconds_to_start=0, seconds_to_finish=seconds)) as sandbox:
        config = settings_for(sandbox, tmp_path / "data", batch_size_rows=5)
        target = TargetProcess(config, tmp_path, stderr=pipe.inlet).start()
        target.write(schema(), *map(member, range(5)), state("five"))
        wait_for(sandbox.activities)
        pipe.fill()
        target.write(member(5), state("six"))
        target.send_signal(signal.SIGTERM)
        began = time.monotonic()
        assert target.wait() == 1
        assert time.monotonic() - began < 20
    report = report_of(tmp_path)
    assert report["error"].startswith("SIGTERM came before the run was finished")
    assert report["totals"]["landed"] == (5 if seconds < 1 else 0)


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
        wait_for(lambda: [*tmp_path.glob("**/runs/*")])
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
        time.sleep(REPEAT_SECONDS + 0.3)
        target.send_signal(signal.SIGTERM)
        began = time.monotonic()
        assert target.wait() == 1
        assert time.monotonic() - began < 5
