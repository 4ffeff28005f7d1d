"""Entries are what the lines of a journal say."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from target_constant_contact.ledger.entries import Entries
from target_constant_contact.ledger.entry import is_file_name, new_file_name

AT = "2026-11-24T12:00:00.000007+00:00"


def sent(number: int) -> dict[str, Any]:
    line = {"line": "sent", "at": AT, "number": number}
    return line | {"content": "c", "stream": "members", "rows": 2}


def accepted(number: int) -> dict[str, Any]:
    line = {"line": "accepted", "at": AT, "number": number}
    return line | {"activity_id": f"a{number}", "created_at": None}


def test_what_was_replayed_is_of_interrupted_runs_and_what_comes_then_of_this_one():
    entries = Entries()
    entries.replay([sent(1), accepted(1), sent(2)])
    entries.apply(sent(3))
    assert [entry.number for entry in entries.of_interrupted_runs("sent", "accepted")] == [1, 2]
    assert [entry.number for entry in entries.of_this_run()] == [3]
    assert entries.next_number == 4


@pytest.mark.parametrize("state", ["not taken", "lost", "settled"])
def test_a_line_changes_the_state_of_its_entry_only(state):
    entries = Entries()
    entries.replay([sent(1), sent(2), {"line": state, "number": 1}])
    assert [entry.number for entry in entries.of_interrupted_runs(state)] == [1]
    assert [entry.number for entry in entries.of_interrupted_runs("sent")] == [2]


def test_lines_of_a_newer_version_are_passed_over():
    entries = Entries()
    entries.replay([sent(1), {"line": "dreamt of", "number": 1}, {"line": "taken up", "number": 1}])
    assert [entry.state for entry in entries.of_interrupted_runs("sent")] == ["sent"]


def test_an_accepted_activity_is_known_by_its_id():
    entries = Entries()
    entries.replay([sent(1), accepted(1)])
    assert entries.has_activity("a1")
    assert not entries.has_activity("a2")


def test_the_name_of_a_file_outlives_the_run_that_has_sent_it():
    entries = Entries()
    entries.replay([sent(1), sent(2) | {"file_name": "contacts-2.csv"}])
    found = entries.of_interrupted_runs("sent")
    assert [entry.file_name for entry in found] == ["", "contacts-2.csv"]


def test_every_file_has_a_name_of_its_own_that_is_known_as_one_and_json_has_none():
    names = {new_file_name("csv") for _ in range(3)}
    assert len(names) == 3
    assert all(map(is_file_name, names))
    assert not is_file_name("contacts.csv")
    assert new_file_name("json") == ""


def test_an_entry_knows_the_newest_activity_that_was_accepted_before_it_was_sent():
    """Several are under way at a time, so the numbers do not tell."""
    entries = Entries()
    early, late = AT.replace("24", "22"), AT.replace("24", "23")
    entries.replay(
        [
            sent(1),
            sent(2),
            accepted(2) | {"created_at": late},
            sent(3),
            accepted(1) | {"created_at": early},
            sent(4),
        ]
    )
    found = {entry.number: entry.newest_before for entry in entries.of_interrupted_runs("sent")}
    assert found == {3: datetime.fromisoformat(late), 4: datetime.fromisoformat(late)}
    assert all(entry.newest_before is None for entry in entries.of_interrupted_runs("accepted"))
