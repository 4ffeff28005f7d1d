"""Rows that say that somebody has left: who is taken off, when, and what holds it back."""

from __future__ import annotations

import io
import logging
import sqlite3
from contextlib import closing

import pytest

from target_constant_contact.sandbox import Fault
from target_constant_contact.segments import taking_off
from target_constant_contact.singer import json_lines
from target_constant_contact.store import leavers as leaver_rows
from tests.support.target import TEXT, member, record, run, schema, settings_for, state

COLUMNS = {
    "EmailAddress": TEXT,
    "FirstName": TEXT,
    "left": {},
    "to": {},
    "more": {"type": "object", "properties": {"left": {}}},
    "_sdc_deleted_at": TEXT,
}
LEFT = {"_sdc_deleted_at": "2026-01-05T10:00:00Z"}
REMOVAL = "/activities/remove_list_memberships"


@pytest.fixture(params=[1, 1_000_000], ids=["in chunks", "alone"])
def _both_ways(request, monkeypatch):
    monkeypatch.setattr(json_lines, "SHORTEST_CHUNK", request.param)


@pytest.fixture
def load(export):
    """Load rows: `load(*rows, **settings)`."""

    def load(*rows, **settings):
        return export(schema(**COLUMNS), *rows, state("end"), **settings)

    return load


@pytest.fixture
def remembered(tmp_path):
    """How many leavers the store remembers."""

    def count():
        with closing(sqlite3.connect(tmp_path / "data" / "store.sqlite")) as db:
            rows = db.execute("SELECT stream, length(people) / 8 FROM leavers").fetchall()
        return dict(rows)

    return count


def on(sandbox, name="Newsletter"):
    return {each.partition("@")[0] for each in sandbox.members(name)} - {"ada.marsh", "bela.novak"}


def members(*numbers, **values):
    return [member(number, **values) for number in numbers]


def names(*numbers):
    return {f"member{number}" for number in numbers}


def removals(sandbox):
    return [each for each in sandbox.activities() if each["kind"] == "remove_list_memberships"]


# Who leaves


@pytest.mark.usefixtures("_both_ways")
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"left_field": "left"},
        {"segments": [{"stream": "mem*", "left_field": "left"}]},
        {"left_field": "more.left"},
        {"validate_records": True, "left_field": "left"},
        {"import_format": "csv", "left_field": "left"},
        {"load_method": "overwrite", "left_field": "left"},
        {"stream_maps": {"members": {"_sdc_deleted_at": None}}},
    ],
    ids=repr,
)
def test_a_leaver_is_taken_off_the_list_and_stays_a_contact(sandbox, load, settings):
    load(*members(*range(6)), lists=["Newsletter", "Product updates"])
    before = sandbox.account_state()
    field = settings.get("left_field") or settings.get("segments", [{}])[0].get("left_field")
    says = {"left": True} if field == "left" else {"more": {"left": "x"}} if field else LEFT
    rows = [*members(1, FirstName="New"), *members(2, 4, FirstName="Gone", **says)]
    outcome = load(*rows, **settings)
    assert outcome.exit_code == 0
    assert outcome.totals == {"read": 3, "landed": 1, "left": 2}
    assert outcome.states == ["end"]
    assert on(sandbox) == names(0, 1, 3, 5)
    before["member1@example.com"]["first_name"] = "New"
    for number in (2, 4):
        before[f"member{number}@example.com"]["lists"].remove("Newsletter")
    assert sandbox.account_state() == before


NO = [None, False, "", " ", 0, "false", "No", "0", "OFF", [], {}]
YES = [True, 1, "yes", "TRUE", "2026-01-05", {"why": "moved"}, ["x"]]


@pytest.mark.usefixtures("_both_ways")
def test_a_value_for_no_marks_no_leaver_and_any_other_one_does(sandbox, load):
    values = dict(enumerate([*NO, *YES]))
    load(*members(*values))
    rows = [member(number, left=value) for number, value in values.items()]
    outcome = load(*rows, left_field="left", max_removed_percent=100)
    assert outcome.totals == {"read": len(rows), "landed": len(NO), "left": len(YES)}
    assert on(sandbox) == names(*range(len(NO)))


@pytest.mark.usefixtures("_both_ways")
@pytest.mark.parametrize(
    ("rows", "stays"),
    [
        ([(1, {}), (1, LEFT)], False),
        ([(1, LEFT), (1, {})], True),
        ([(1, {}), (1, LEFT), (1, {})], True),
        ([(1, LEFT), (1, {}), (1, LEFT)], False),
        ([(1, LEFT), *((n, {}) for n in range(2, 40)), (1, {})], True),
    ],
)
def test_the_later_of_two_rows_of_a_person_counts(sandbox, load, rows, stays):
    outcome = load(*(member(number, **values) for number, values in rows))
    assert outcome.exit_code == 0
    assert ("member1" in on(sandbox)) == stays
    assert sandbox.contact("member1@example.com")


@pytest.mark.parametrize(("first", "stays"), [("left", True), ("member", False)])
def test_the_later_row_counts_whichever_stream_has_brought_it(sandbox, export, first, stays):
    leaver = [schema(**COLUMNS), member(1, **LEFT)]
    other = [schema("others", **COLUMNS), record("others", EmailAddress="member1@example.com")]
    outcome = export(*leaver, *other) if first == "left" else export(*other, *leaver)
    assert outcome.exit_code == 0
    assert ("member1" in on(sandbox)) == stays


def test_the_address_of_a_leaver_is_read_as_that_of_a_member(sandbox, load):
    load(*members(1, 2, 3))
    addresses = [" Member1@Example.com ", '"member2@example.com"', "nobody", None]
    outcome = load(*(record(EmailAddress=each, **LEFT) for each in addresses))
    assert on(sandbox) == names(3)
    assert (
        "2 rows of stream members that have left have no address or no list that could be used, "
        "so nobody could be taken off a list by them"
    ) in outcome.log
    assert "nobody@" not in outcome.log


@pytest.mark.usefixtures("_both_ways")
def test_a_leaver_leaves_the_lists_that_the_row_names_and_makes_none(sandbox, load):
    settings = {"lists": "Newsletter", "lists_field": "to", "create_lists": True}
    load(*members(1, to=["Newsletter", "Product updates"]), **settings)
    rows = [
        member(1, to=["Product updates", "Not there"], **LEFT),
        member(1, to="Not there either", **LEFT),
    ]
    outcome = load(*rows, **settings)
    assert outcome.totals == {"read": 2, "left": 2}
    assert on(sandbox) == names(1)
    assert on(sandbox, "Product updates") == set()
    assert not [name for name in sandbox.lists() if name.startswith("Not there")]
    load(member(1, **LEFT), **settings)
    assert on(sandbox) == set()


def test_the_field_has_to_be_there(load):
    outcome = load(*members(1), left_field="lft")
    assert outcome.exit_code == 78
    assert "stream 'members' has no field 'lft' (for left_field); did you mean" in outcome.log
    entry = [{"stream": "members", "left_field": "gone"}]
    outcome = load(*members(1), segments=entry)
    assert "segments.0 (stream 'members'): stream 'members' has no field 'gone'" in outcome.log


def test_a_strangers_departure_needs_no_job(sandbox, load):
    outcome = load(*members(7, **LEFT))
    assert outcome.exit_code == 0
    assert removals(sandbox) == []
    assert sandbox.contact("member7@example.com") is None


def test_the_report_and_the_summary_say_who_was_taken_off(load):
    load(*members(*range(6)))
    outcome = load(*members(1, **LEFT))
    (found,) = outcome.report["swept"]
    assert (found["before"], found["stay"], found["taken_off"]) == (8, 7, 1)
    assert (found["stream"], found["list_name"], found["outcome"]) == (
        "members",
        "Newsletter",
        "swept",
    )
    assert "members -> Newsletter: 1 person was taken off; on the list before 8" in outcome.log
    assert "@example" not in outcome.log


# The brake


def test_more_than_a_share_of_the_list_are_not_taken_off(sandbox, load, remembered):
    load(*members(*range(20)))
    outcome = load(*members(20), *members(*range(6), **LEFT))
    assert outcome.exit_code == 65
    # The two who were on the list before count too.
    assert (
        "A brake held leavers back: members -> Newsletter: 6 people were named as leavers, 26 % "
        "of 23 on the list, and max_removed_percent is 20. Nobody was taken off, and they are "
        "remembered. If that is right: target-constant-contact sweep --yes-remove 6"
    ) in outcome.log
    assert outcome.states == ["end"]
    assert outcome.totals["landed"] == 1
    assert on(sandbox) == names(*range(21))
    assert remembered() == {"members": 6}


@pytest.mark.parametrize(
    ("settings", "number", "exit_code"),
    [
        ({}, 5, 0),
        ({"max_removed_percent": 0}, 1, 65),
        ({"max_removed_percent": 100}, 20, 0),
        ({"segments": [{"stream": "members", "max_removed_percent": 90}]}, 9, 0),
        ({"max_removed_percent": 90, "segments": [{"stream": "x"}]}, 9, 0),
    ],
)
def test_the_share_is_a_setting_and_few_may_always_leave(
    sandbox, load, settings, number, exit_code
):
    load(*members(*range(20)))
    outcome = load(*members(*range(number), **LEFT), **settings)
    assert outcome.exit_code == exit_code
    assert len(on(sandbox)) == (20 if exit_code else 20 - number)


def test_whom_the_brake_holds_is_taken_off_by_a_later_run_within_it(sandbox, load, remembered):
    load(*members(*range(20)))
    assert load(*members(*range(6), **LEFT)).exit_code == 65
    # Who comes back is no leaver any more.
    outcome = load(*members(4, 5, 6))
    assert outcome.exit_code == 0
    assert on(sandbox) == names(*range(4, 20))
    assert remembered() == {}


def test_whom_the_brake_holds_is_not_touched_by_another_stream(sandbox, load, export, remembered):
    load(*members(*range(20)))
    assert load(*members(*range(6), **LEFT)).exit_code == 65
    outcome = export(schema("others"), record("others", EmailAddress="x@example.com"))
    assert outcome.exit_code == 0
    assert remembered() == {"members": 6}
    outcome = load(*members(30), lists="Product updates")
    assert outcome.exit_code == 0
    assert len(on(sandbox)) == 21


# What goes wrong


def test_too_few_requests_of_the_day_leave_them_to_the_next_run(
    sandbox, load, remembered, monkeypatch
):
    load(*members(*range(6)))
    with monkeypatch.context() as patch:
        patch.setattr("target_constant_contact.segments.ways.POLLS", 10_000_000)
        outcome = load(*members(1, **LEFT))
    assert outcome.exit_code == 75
    assert "are missing. Nobody was taken off; run again after" in outcome.log
    assert outcome.states == ["end"]
    assert remembered() == {"members": 1}
    outcome = load(*members(7))
    assert outcome.exit_code == 0
    assert on(sandbox) == names(0, 2, 3, 4, 5, 7)
    assert remembered() == {}


def test_a_job_that_never_works_ends_the_run_and_the_next_one_begins_again(
    sandbox, load, remembered
):
    load(*members(*range(6)))
    sandbox.add_fault(Fault("POST", REMOVAL, action="fail", times=None))
    outcome = load(*members(7), *members(1, **LEFT))
    assert outcome.exit_code == 65
    assert "1 person is still on list" in outcome.log
    assert remembered() == {"members": 1}
    sandbox.clear_faults()
    outcome = load(*members(8))
    assert outcome.exit_code == 0
    # What has landed was settled, and is not looked for again.
    assert outcome.totals == {"read": 1, "landed": 1}
    assert on(sandbox) == names(0, 2, 3, 4, 5, 7, 8)


class KilledError(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("is_noted", [False, True])
def test_leavers_are_remembered_before_state_leaves(
    sandbox, load, remembered, monkeypatch, tmp_path, is_noted
):
    """Whoever is named by rows before a STATE is never named again by the tap."""
    load(*members(*range(6)))
    put, stdout = leaver_rows.LeaverRows.put, io.StringIO()

    def killed(self, people):
        if is_noted:
            put(self, people)
        raise KilledError

    rows = [schema(**COLUMNS), *members(1, **LEFT), state("end")]
    with monkeypatch.context() as patch:
        patch.setattr(leaver_rows.LeaverRows, "put", killed)
        with pytest.raises(KilledError):
            run(settings_for(sandbox, tmp_path / "data"), *rows, stdout=stdout)
    assert stdout.getvalue() == ""
    assert remembered() == ({"members": 1} if is_noted else {})
    assert load(*members(7)).exit_code == 0
    assert on(sandbox) == names(0, 2, 3, 4, 5, 7) | (set() if is_noted else names(1))
    assert remembered() == {}


def test_a_run_that_is_killed_while_it_takes_people_off_is_taken_up(
    sandbox, load, remembered, monkeypatch
):
    load(*members(*range(6)))

    def killed(*_):
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(taking_off.TakingOff, "_read_back", killed)
        with pytest.raises(KilledError):
            load(*members(1, 2, **LEFT))
    assert remembered() == {"members": 2}
    outcome = load(*members(2))
    assert outcome.exit_code == 0
    assert on(sandbox) == names(0, 2, 3, 4, 5)
    assert remembered() == {}


def test_a_run_that_fails_before_its_state_takes_nobody_off(sandbox, load):
    load(*members(*range(6)))
    rows = [*members(1, **LEFT), *(record(EmailAddress="bad") for _ in range(9))]
    outcome = load(*rows, max_rejected_percent=10)
    assert outcome.exit_code == 65
    assert on(sandbox) == names(*range(6))


def test_a_dry_run_says_who_would_be_taken_off_and_remembers_nobody(sandbox, load, remembered):
    load(*members(*range(6)))
    outcome = load(*members(1, 2, **LEFT), dry_run=True)
    assert outcome.exit_code == 0
    assert (
        "members -> Newsletter: 2 people would be taken off; on the list before 8 = stay 6 + "
    ) in outcome.log
    assert on(sandbox) == names(*range(6))
    assert remembered() == {}
    assert removals(sandbox) == []


def test_no_address_is_in_what_is_remembered(load, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    load(*members(*range(20)))
    load(*members(*range(6), **LEFT))
    for path in (tmp_path / "data").rglob("*"):
        if path.is_file() and "sandbox" not in path.name:
            assert b"@example.com" not in path.read_bytes(), path


def test_damaged_leavers_end_the_run_in_one_line(load, tmp_path):
    load(*members(*range(20)))
    load(*members(*range(6), **LEFT))
    with closing(sqlite3.connect(tmp_path / "data" / "store.sqlite")) as db:
        db.execute("UPDATE leavers SET people = x'0011'")
        db.commit()
    outcome = load(*members(1))
    assert outcome.exit_code == 78
    assert "what the store remembers of people who left is damaged; restore it" in outcome.log


# Together with what is remembered of lists


@pytest.mark.parametrize(
    "settings",
    [
        {"load_method": "overwrite", "send_unchanged": "never"},
        {"send_unchanged": "never"},
        {"load_method": "overwrite"},
        {"respect_departures": True},
        {},
    ],
    ids=repr,
)
def test_a_leaver_who_comes_back_is_put_back(sandbox, load, settings):
    """They have not gone by themselves, and what landed last is not on the list any more."""
    load(*members(*range(6), FirstName="Kay"), **settings)
    load(*members(*range(6), FirstName="Kay"), **settings)
    stay = members(0, 2, 3, 4, 5, FirstName="Kay")
    assert load(*stay, *members(1, **LEFT), **settings).exit_code == 0
    assert on(sandbox) == names(0, 2, 3, 4, 5)
    assert load(*stay, **settings).exit_code == 0
    outcome = load(*members(*range(6), FirstName="Kay"), **settings)
    assert outcome.exit_code == 0
    assert on(sandbox) == names(*range(6))


def test_a_leaver_whom_the_brake_holds_is_not_in_the_segment(sandbox, load):
    overwrite = {"load_method": "overwrite", "max_removed_percent": 0}
    load(*members(*range(6)), **overwrite)
    outcome = load(*members(*range(6)), *members(1, **LEFT), **overwrite)
    assert outcome.exit_code == 65
    outcome = load(*members(0, 2, 3, 4, 5), load_method="overwrite", overwrite_when="end_of_input")
    assert outcome.exit_code == 0
    assert on(sandbox) == names(0, 2, 3, 4, 5)
