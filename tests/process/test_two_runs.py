"""Two runs of the same export do not disturb each other."""

from __future__ import annotations

import signal

import pytest

from tests.support.process import TargetProcess
from tests.support.target import imported, member, schema, settings_for, state


@pytest.fixture
def start(sandbox, tmp_path):
    """Start runs; whatever is left of them is killed at the end."""
    started = []

    def start(name, **settings):
        folder = tmp_path / name
        folder.mkdir()
        config = settings_for(sandbox, tmp_path / "data", **settings)
        started.append(TargetProcess(config, folder).start())
        return started[-1]

    yield start
    for run in started:
        run.send_signal(signal.SIGKILL)
        run.wait()


def test_the_second_waits_until_the_first_has_ended(start, sandbox):
    first = start("first")
    first.write(schema(), member(1))
    first.wait_for_log("Stream members goes to")
    second = start("second")
    second.write(schema(), member(1), state("second"))
    second.close_input()
    second.wait_for_log("of the same export is under way; waiting")
    assert sum(imported(sandbox)) == 0
    first.write(state("first"))
    first.close_input()
    assert first.wait() == 0
    assert second.wait() == 0
    assert (first.states, second.states) == (["first"], ["second"])
    assert sum(imported(sandbox)) == 2


def test_a_crash_of_the_first_lets_the_second_go_on(start, sandbox):
    first = start("first")
    first.write(schema(), member(1))
    first.wait_for_log("Stream members goes to")
    second = start("second")
    second.write(schema(), member(1), state("second"))
    second.close_input()
    second.wait_for_log("is under way; waiting")
    first.send_signal(signal.SIGKILL)
    assert second.wait() == 0
    assert second.states == ["second"]
    assert sum(imported(sandbox)) == 1


def test_the_second_does_not_wait_for_ever(start):
    first = start("first")
    first.write(schema(), member(1))
    first.wait_for_log("Stream members goes to")
    second = start("second", import_timeout_minutes=0.01)
    second.write(schema(), member(1), state("second"))
    second.close_input()
    assert second.wait() == 75
    assert second.states == []
    assert "of the same export has not ended in 0.01 minutes" in second.stderr


def test_exports_to_other_lists_run_side_by_side(start):
    first = start("first")
    first.write(schema(), member(1))
    first.wait_for_log("Stream members goes to")
    second = start("second", lists="Loyalty members")
    second.write(schema(), member(1), state("second"))
    second.close_input()
    assert second.wait() == 0
    assert second.states == ["second"]
