"""Comparing accounts, old files, and what is kept of a contact's history."""

from __future__ import annotations

import json
import random
import sqlite3

import pytest
import requests

from target_constant_contact.sandbox import Behaviour, ManualClock, Sandbox
from target_constant_contact.sandbox.data.history import MAX_ENTRIES, add_entry
from target_constant_contact.sandbox.data.store import VERSION

AT_ONCE = Behaviour(seconds_to_start=0, seconds_to_finish=0)


def bring_in(sandbox, *rows, lists=("Newsletter",)):
    body = {"import_data": list(rows), "list_ids": [sandbox.lists()[name] for name in lists]}
    answer = requests.post(
        f"{sandbox.api_url}/activities/contacts_json_import",
        json=body,
        headers={"Authorization": f"Bearer {sandbox.access_token}"},
        timeout=10,
    )
    assert answer.status_code == 201


PEOPLE = [
    {"email": f"member{n}@example.com", "first_name": f"N{n}", "city": "Salem", "last_name": "L"}
    for n in range(10)
]


def test_the_same_people_make_equal_accounts_in_whatever_order_they_came():
    with (
        Sandbox(behaviour=AT_ONCE, clock=ManualClock()) as one,
        Sandbox(behaviour=AT_ONCE) as other,
    ):
        assert one.account_state() == other.account_state()
        for number in (0, 5):
            bring_in(one, *PEOPLE[number : number + 5], lists=("Newsletter", "Product updates"))
        assert one.account_state() != other.account_state()
        shuffled = random.Random(1).sample(PEOPLE, len(PEOPLE))
        for number in (0, 3, 3, 6):
            rows = [dict(reversed(row.items())) for row in shuffled[number : number + 4]]
            bring_in(other, *rows, lists=("Product updates",))
            bring_in(other, *rows)
        assert one.account_state() == other.account_state()


def test_a_state_holds_everybody_without_times_and_ids(sandbox):
    state = sandbox.account_state()
    assert len(state) == 17
    assert state["ada.marsh@example.com"] == {
        "email": "ada.marsh@example.com",
        "first_name": "Ada",
        "last_name": "Marsh",
        "city": "Portland",
        "state": "Oregon",
        "country": "US",
        "permission_to_send": "implicit",
        "lists": ["General Interest", "Newsletter"],
        "opt_out_source": "",
        "deleted": False,
    }
    assert state["una.subscribed@example.com"]["opt_out_source"] == "Contact"
    assert state["del.eted@example.net"]["deleted"]
    assert state["5035550199"]["email"] == ""


@pytest.mark.parametrize(
    "change",
    [
        {"first_name": "Changed"},
        {"work_city": "Portland"},
        {"email": "someone.else@example.com"},
    ],
)
def test_states_differ_by_one_value_of_one_person(change):
    with Sandbox(behaviour=AT_ONCE) as one, Sandbox(behaviour=AT_ONCE) as other:
        bring_in(one, *PEOPLE)
        bring_in(other, *PEOPLE[:-1], PEOPLE[-1] | change)
        assert one.account_state() != other.account_state()


def test_states_differ_by_one_list_of_one_person():
    with Sandbox(behaviour=AT_ONCE) as one, Sandbox(behaviour=AT_ONCE) as other:
        bring_in(one, *PEOPLE)
        bring_in(other, *PEOPLE)
        bring_in(other, PEOPLE[0], lists=("Product updates",))
        assert one.account_state() != other.account_state()


def test_what_is_due_is_in_the_state(sandbox, clock):
    bring_in(sandbox, *PEOPLE)
    clock.advance(5)
    assert "member0@example.com" in sandbox.account_state()


def test_a_file_of_the_first_version_serves_on(tmp_path):
    path = tmp_path / "account.sqlite"
    with Sandbox(path, behaviour=AT_ONCE) as sandbox:
        bring_in(sandbox, *PEOPLE)
        before = sandbox.account_state()
    with sqlite3.connect(path) as db:
        db.execute("ALTER TABLE memberships DROP COLUMN joined_at")
        db.execute("ALTER TABLE activities DROP COLUMN faults")
        db.execute("PRAGMA user_version = 1")
    db.close()
    lagging = Behaviour(seconds_to_start=0, seconds_to_finish=0, index_lag=60)
    with Sandbox(path, behaviour=lagging) as sandbox:
        assert sandbox.account_state() == before
        bring_in(sandbox, *PEOPLE, lists=("Product updates",))
        assert len(sandbox.members("Product updates")) == len(PEOPLE)
    with sqlite3.connect(path) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (VERSION,)
    db.close()


def test_contacts_get_ids_of_their_own(sandbox, clock):
    bring_in(sandbox, *PEOPLE)
    clock.advance(5)
    sandbox.advance()
    with sqlite3.connect(sandbox._account.store.path) as db:
        ids = [found for (found,) in db.execute("SELECT contact_id FROM contacts")]
    db.close()
    assert len(set(ids)) == 17 + len(PEOPLE)
    assert {len(found) for found in ids} == {36}


def test_a_history_keeps_its_first_and_its_newest_entries():
    history = ""
    for number in range(MAX_ENTRIES + 5):
        history = add_entry(history, float(number), 'said "x"', f"activity {number}")
        entries = json.loads(history)
        assert entries[0]["at"] == 0.0
        assert entries[-1] == {
            "at": float(number),
            "what": 'said "x"',
            "activity": f"activity {number}",
        }
        assert len(entries) == min(number + 1, MAX_ENTRIES)
    assert [entry["at"] for entry in entries[1:3]] == [6.0, 7.0]
