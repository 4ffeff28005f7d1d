"""Who is told how far everything is, and when."""

from __future__ import annotations

import io
import logging
import os
import threading

import pytest

from target_constant_contact.events.events import Events
from target_constant_contact.events.kinds import RowsRead, WorkBegun, WorkEnded
from target_constant_contact.progress import reporter as module
from target_constant_contact.progress.reporter import LINE_SECONDS, Reporter
from target_constant_contact.terminal.live import LiveRows
from tests.support.fakes import Clock
from tests.support.happening import RUN, begun, ended
from tests.support.screen import Screen
from tests.support.waits import wait_for

WORK = WorkBegun("comparing", "compare")
DONE = WorkEnded("comparing", "compare", 1.0)


@pytest.fixture(autouse=True)
def _log(caplog):
    caplog.set_level(logging.INFO)


@pytest.fixture
def clock():
    return Clock(1_000.0)


@pytest.fixture
def alone(monkeypatch):
    """No thread: the test itself looks at the clock."""
    monkeypatch.setattr(Reporter, "_go_on", lambda *_: None)
    return Reporter


@pytest.fixture
def blind(clock, alone):
    """A reporter where nobody watches."""
    return alone(io.StringIO(), LiveRows(), clock)


@pytest.fixture
def screen(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    with Screen(80, 10) as made:
        yield made


@pytest.fixture
def seen(clock, screen, alone):
    """A reporter at a terminal."""
    with screen.open() as stream:
        yield alone(stream, LiveRows(), clock)


def pass_time(reporter, clock, seconds):
    for _ in range(seconds):
        clock.now += 1
        reporter.tell()


def test_where_nobody_watches_a_line_comes_every_30_seconds(blind, clock, caplog):
    blind(begun())
    for second in range(1, 96):
        blind(RowsRead(second * 10))
        pass_time(blind, clock, 1)
    assert caplog.messages == [
        "After 30 s: 300 rows read",
        "After 1 min 0 s: 600 rows read",
        "After 1 min 30 s: 900 rows read",
    ]
    (first, *_) = caplog.records
    assert (first.name, first.levelname) == ("target-constant-contact.progress", "INFO")
    assert (first.run, first.read, first.seconds) == (RUN, 300, 30.0)


def test_what_has_ended_by_then_is_not_mentioned(blind, clock, caplog):
    blind(begun())
    pass_time(blind, clock, int(LINE_SECONDS) - 1)
    blind(ended())
    pass_time(blind, clock, 100)
    assert caplog.messages == []


def test_works_one_after_the_other_are_one_time_of_silence(blind, clock, caplog):
    for _ in range(4):
        blind(WORK)
        pass_time(blind, clock, 20)
        blind(DONE)
    assert caplog.messages == ["After 10 s: comparing", "After 20 s: comparing"]


def test_a_work_long_after_another_has_30_seconds_of_its_own(blind, clock, caplog):
    blind(WORK)
    blind(DONE)
    clock.now += 3_600
    blind(WORK)
    pass_time(blind, clock, 29)
    assert caplog.messages == []
    pass_time(blind, clock, 1)
    assert caplog.messages == ["After 30 s: comparing"]


def test_on_a_terminal_it_is_drawn_and_never_logged(seen, clock, screen, caplog):
    seen(begun())
    seen(RowsRead(10))
    seen.tell()
    assert screen.rows()[1].endswith("0 s: 10 rows read")
    pass_time(seen, clock, 100)
    assert screen.rows()[1].endswith("1 min 40 s: 10 rows read")
    assert caplog.messages == []


def test_it_is_gone_when_the_run_has_ended(seen, screen):
    seen(begun())
    seen.tell()
    seen(ended())
    assert screen.rows() == []
    # The thread may be about to draw once more.
    seen.tell()
    assert screen.rows() == []


def test_what_is_drawn_as_the_run_ends_is_nothing(seen, screen):
    """The thread may look at the figures before the rows are taken away."""
    seen(begun())
    seen.tell()
    seen._figures.take(ended())
    seen.tell()
    assert screen.rows() == []


def test_it_is_gone_while_a_command_does_nothing_that_takes_long(seen, screen):
    for _ in range(2):
        seen(WORK)
        seen.tell()
        assert screen.rows()[1].endswith("comparing")
        seen(DONE)
        assert screen.rows() == []


def test_behind_a_shell_it_is_logged(seen, clock, screen, monkeypatch, caplog):
    seen(begun())
    pass_time(seen, clock, 40)
    monkeypatch.setattr(os, "tcgetpgrp", lambda _descriptor: os.getpgrp() + 1)
    pass_time(seen, clock, 29)
    assert caplog.messages == []
    pass_time(seen, clock, 2)
    assert caplog.messages == ["After 1 min 10 s: 0 rows read"]
    monkeypatch.undo()
    monkeypatch.setenv("TERM", "xterm")
    pass_time(seen, clock, 31)
    assert screen.rows()[1].endswith("1 min 42 s: 0 rows read")
    assert len(caplog.messages) == 1


def test_after_the_window_was_closed_it_is_logged(seen, clock, screen, caplog):
    seen(begun())
    seen.tell()
    screen.hang_up()
    pass_time(seen, clock, 32)
    assert caplog.messages == ["After 30 s: 0 rows read"]


@pytest.mark.parametrize("at_terminal", [True, False])
def test_a_thread_tells_it_until_the_end(monkeypatch, screen, caplog, at_terminal):
    for name in ("LINE_SECONDS", "PICTURE_SECONDS"):
        monkeypatch.setattr(module, name, 0.01)
    events = Events()
    with screen.open() as stream:
        events.listen(Reporter(stream if at_terminal else None, LiveRows()))
        events.tell(begun())
        wait_for(lambda: screen.rows() if at_terminal else caplog.messages)
        events.tell(ended())
        wait_for(lambda: "progress" not in {thread.name for thread in threading.enumerate()})
    assert screen.rows() == []
    assert bool(caplog.messages) is not at_terminal
