"""Telling events to those who listen."""

from __future__ import annotations

import logging

import pytest

from target_constant_contact.events.events import Events
from target_constant_contact.events.kinds import RowsRead, WorkBegun, WorkEnded
from target_constant_contact.exceptions import InterruptedRunError


def failing(_event: object) -> None:
    raise ValueError("ann@example.com")


def test_all_are_told_in_the_order_in_which_they_began_to_listen():
    events, told = Events(), []
    events.listen(lambda event: told.append(("first", event)))
    events.listen(lambda event: told.append(("second", event)))
    events.tell(RowsRead(7))
    assert told == [("first", RowsRead(7)), ("second", RowsRead(7))]


def test_one_that_fails_is_left_out_from_then_on_and_named_once_without_its_words(caplog):
    events, told = Events(), []
    events.listen(failing)
    events.listen(told.append)
    with caplog.at_level(logging.WARNING):
        events.tell(RowsRead(1))
        events.tell(RowsRead(2))
    assert told == [RowsRead(1), RowsRead(2)]
    (line,) = caplog.messages
    assert "test_events failed (ValueError)" in line
    assert "example.com" not in caplog.text


def test_what_a_run_promises_fails_it_and_the_others_are_told_before():
    events, told = Events(), []
    events.listen(failing, required=True)
    events.listen(told.append)
    for rows in (1, 2):
        with pytest.raises(ValueError, match="ann"):
            events.tell(RowsRead(rows))
    assert told == [RowsRead(1), RowsRead(2)]


def test_work_is_told_when_it_begins_and_when_it_ends():
    events, told = Events(), []
    events.listen(told.append)
    with events.work("reading", "read_back"):
        assert told == [WorkBegun("reading", "read_back")]
    assert isinstance(told[1], WorkEnded)
    assert not told[1].failed
    with pytest.raises(KeyError), events.work("reading", "read_back"):
        raise KeyError
    assert told[3].failed


def test_a_run_that_is_told_to_stop_while_somebody_listens_stops_and_nobody_is_left_out(caplog):
    events, told = Events(), []

    def interrupted(event):
        told.append(event)
        raise InterruptedRunError("SIGTERM came")

    events.listen(interrupted)
    events.listen(told.append)
    for rows in (1, 2):
        with pytest.raises(InterruptedRunError):
            events.tell(RowsRead(rows))
    assert told == [RowsRead(1), RowsRead(1), RowsRead(2), RowsRead(2)]
    assert caplog.messages == []
