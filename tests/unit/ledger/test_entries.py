"""The entries of a ledger, in the order of sending."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from target_constant_contact.ledger.entries import Entries
from target_constant_contact.ledger.entry import Entry, is_file_name, new_file_name

AT = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def sent(number: int, state: str = "sent", **facts: object) -> Entry:
    return Entry(number, "c", "members", 2, AT, state=state, **facts)


def accepted(number: int, made: datetime | None = None) -> Entry:
    return sent(number, "accepted", activity_id=f"a{number}", created_at=made)


def test_what_was_taken_up_is_of_interrupted_runs_and_what_comes_then_of_this_one():
    entries = Entries()
    entries.take_up([accepted(1), sent(2)])
    entries.add(sent(3))
    assert [entry.number for entry in entries.of_interrupted_runs("sent", "accepted")] == [1, 2]
    assert [entry.number for entry in entries.of_this_run()] == [3]
    assert entries.next_number == 4


@pytest.mark.parametrize("state", ["not taken", "lost", "settled"])
def test_a_state_is_that_of_its_entry_only(state):
    entries = Entries()
    entries.take_up([sent(1), sent(2)])
    entries.set_state(1, state)
    assert [entry.number for entry in entries.of_interrupted_runs(state)] == [1]
    assert [entry.number for entry in entries.of_interrupted_runs("sent")] == [2]


def test_an_accepted_activity_is_known_by_its_id():
    entries = Entries()
    entries.take_up([accepted(1), sent(2)])
    entries.accept(2, "a2", None)
    assert [entries.has_activity(name) for name in ("a1", "a2", "a3", "")] == [
        True,
        True,
        False,
        False,
    ]


def test_every_file_has_a_name_of_its_own_that_is_known_as_one_and_json_has_none():
    names = {new_file_name("csv") for _ in range(3)}
    assert len(names) == 3
    assert all(map(is_file_name, names))
    assert not is_file_name("contacts.csv")
    assert new_file_name("json") == ""


def test_the_newest_activity_is_the_one_made_last_whichever_was_accepted_last():
    """Several are under way at a time, so the numbers do not tell."""
    entries = Entries()
    assert entries.newest is None
    entries.take_up([accepted(1, AT + timedelta(days=1)), accepted(2, AT), accepted(3)])
    assert entries.newest == AT + timedelta(days=1)
    entries.add(sent(4))
    entries.accept(4, "a4", AT)
    assert entries.newest == AT + timedelta(days=1)
    entries.accept(4, "a4", AT + timedelta(days=2))
    assert entries.newest == AT + timedelta(days=2)
