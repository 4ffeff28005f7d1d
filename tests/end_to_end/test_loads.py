"""Loads of lists that follow segments: what is remembered of them, and what they prove."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from target_constant_contact.sandbox import Fault
from target_constant_contact.segments.flags import IN_SEGMENT, PUT
from target_constant_contact.segments.parts import Person, unpack
from target_constant_contact.segments.people import PeopleKey
from target_constant_contact.store.segment_tables import LOADS, MEMBERS, OWNERS, SEGMENTS
from target_constant_contact.store.sqlite import SqliteFile
from target_constant_contact.store.versions import prepare
from tests.support.target import TEXT, member, record, schema, state

if TYPE_CHECKING:
    from collections.abc import Iterator

    from target_constant_contact.store.database import Database

IMPORT = "/activities/contacts_json_import"
OVERWRITE = {"load_method": "overwrite", "respect_departures": False}
IN, GONE = IN_SEGMENT, 0


@pytest.fixture
def database(tmp_path) -> Iterator[Database]:
    """The store of the runs."""
    made = SqliteFile(tmp_path / "data" / "store.sqlite")
    prepare(made)
    yield made
    made.close()


@pytest.fixture
def known(database):
    """What is remembered of the people of a list: `known()` by the number of each member."""

    def read(*people: int | str, list_id: str = "") -> dict[int | str, Any]:
        hashed = PeopleKey.of(database).hash
        found: dict[int, int] = {}
        with database.transaction() as connection:
            for row in connection.execute(MEMBERS.select()):
                if row.list_id == (list_id or row.list_id):
                    found |= unpack(row.people)
        names = {hashed(f"member{one}@example.com"): one for one in people or range(20)}
        assert found.keys() <= names.keys()
        return {names[one]: Person.of(value).flags for one, value in found.items()}

    return read


@pytest.fixture
def rows(database):
    """All rows of a table, without the account."""

    def read(table):
        with database.transaction() as connection:
            return [row._asdict() for row in connection.execute(table.select())]

    return read


@pytest.fixture
def seals(rows):
    """State and reason of each segment, by stream."""
    return lambda: {row["stream"]: (row["state"], row["reason"]) for row in rows(SEGMENTS)}


def on_list(sandbox, name="Newsletter"):
    """Numbers of the members who are on a list, besides those whom the account had before."""
    found = (re.fullmatch(r"member(\d+)@example\.com", each) for each in sandbox.members(name))
    return {int(each[1]) for each in found if each}


def members(*numbers, stream="members"):
    return [
        schema(stream),
        *(record(stream, EmailAddress=f"member{number}@example.com") for number in numbers),
        state("end"),
    ]


def test_a_load_that_ends_well_is_sealed_and_who_has_come_is_remembered(export, known, seals, rows):
    outcome = export(*members(1, 2, 3), **OVERWRITE)
    assert outcome.exit_code == 0
    assert known() == {1: IN | PUT, 2: IN | PUT, 3: IN | PUT}
    assert seals() == {"members": ("sealed", "")}
    assert rows(SEGMENTS)[0]["run"] == outcome.report["run"]
    assert rows(LOADS) == []


def test_who_does_not_come_again_is_not_in_the_segment_any_more(export, known, sandbox):
    export(*members(1, 2, 3), **OVERWRITE)
    export(*members(2, 3, 4), **OVERWRITE)
    assert known() == {1: PUT, 2: IN | PUT, 3: IN | PUT, 4: IN | PUT}
    assert on_list(sandbox) == {1, 2, 3, 4}


def test_a_load_that_only_adds_remembers_nothing(export, rows):
    export(*members(1, 2))
    for table in (SEGMENTS, MEMBERS, LOADS, OWNERS):
        assert rows(table) == []


def test_a_load_that_only_adds_voids_what_an_earlier_one_has_proven(export, seals):
    export(*members(1), **OVERWRITE)
    export(*members(1))
    state, reason = seals()["members"]
    assert state == "void"
    assert "only added" in reason


def test_a_dry_run_changes_nothing(export, seals, rows):
    export(*members(1), **OVERWRITE)
    before = rows(SEGMENTS), rows(MEMBERS)
    export(*members(2), dry_run=True, **OVERWRITE)
    assert (rows(SEGMENTS), rows(MEMBERS)) == before
    assert seals() == {"members": ("sealed", "")}


def test_a_load_that_brings_nobody_ends_well_with_a_warning_and_is_void(export, known, seals):
    export(*members(1), **OVERWRITE)
    outcome = export(schema(), **OVERWRITE)
    assert outcome.exit_code == 0
    assert "Stream members does not prove who is in the segment of list 'Newsletter'" in outcome.log
    assert seals()["members"][0] == "void"
    assert known() == {1: IN | PUT}


def test_a_load_that_fails_voids_what_an_earlier_one_has_proven(export, seals, sandbox):
    export(*members(1, 2), **OVERWRITE)
    sandbox.add_fault(Fault("POST", IMPORT, nth=1, action="quota_exceeded"))
    assert export(*members(1, 2), **OVERWRITE).exit_code == 75
    assert seals() == {"members": ("loading", "")}


def test_whom_an_interrupted_load_has_sent_is_not_forgotten(export, known, seals, sandbox, rows):
    """They may have landed, though they do not come again."""
    sandbox.add_fault(Fault("POST", IMPORT, nth=2, action="quota_exceeded"))
    assert export(*members(1, 2, 3, 4), batch_size_rows=2, **OVERWRITE).exit_code == 75
    assert len(on_list(sandbox)) == 2
    assert known() == {}
    assert len(rows(LOADS)) >= 1
    assert export(*members(3, 4), **OVERWRITE).exit_code == 0
    assert known() == {1: PUT, 2: PUT, 3: IN | PUT, 4: IN | PUT}
    assert seals() == {"members": ("sealed", "")}
    assert rows(LOADS) == []


def test_a_member_whose_row_is_rejected_for_another_reason_is_still_in_the_segment(export, known):
    columns = {"EmailAddress": TEXT, "Birthday": TEXT}
    outcome = export(
        schema(**columns),
        record(EmailAddress="member1@example.com", Birthday="no date"),
        record(EmailAddress="nobody", Birthday="5/4"),
        record(EmailAddress="member2@example.com", Birthday="5/4"),
        **OVERWRITE,
    )
    assert outcome.totals["rejected"] == 2
    assert known() == {1: IN, 2: IN | PUT}


def test_a_row_that_names_an_unknown_list_keeps_its_person_in_all_segments(export, known, sandbox):
    sandbox.create_list("VIP")
    columns = {"EmailAddress": TEXT, "Lists": TEXT}
    settings = {"lists": None, "lists_field": "Lists"} | OVERWRITE
    outcome = export(
        schema(**columns),
        record(EmailAddress="member1@example.com", Lists="Newsletter"),
        record(EmailAddress="member2@example.com", Lists="VIP"),
        record(EmailAddress="member3@example.com", Lists="Nope"),
        **settings,
    )
    assert outcome.totals == {"read": 3, "landed": 2, "rejected": 1}
    ids = sandbox.lists()
    assert known(list_id=ids["Newsletter"]) == {1: IN | PUT, 3: IN}
    assert known(list_id=ids["VIP"]) == {2: IN | PUT, 3: IN}


def test_a_row_of_which_nobody_knows_whose_it_is_proves_no_segment_whole(export, seals):
    columns = {"mail": TEXT, "EmailAddress": TEXT}
    outcome = export(
        schema(**columns),
        record(mail="member1@example.com"),
        record(mail=None),
        stream_maps={"members": {"EmailAddress": "mail.lower()", "mail": None}},
        **OVERWRITE,
    )
    assert outcome.totals == {"read": 2, "landed": 1, "rejected": 1}
    assert seals()["members"] == (
        "void",
        "rows were rejected of which it is not known whose they are",
    )


def test_whom_the_service_refuses_was_not_put_on_the_list(export, known, behave):
    behave(flagged_addresses=frozenset({"member2@example.com"}))
    export(*members(1, 2), **OVERWRITE)
    assert known() == {1: IN | PUT, 2: IN}


def test_a_list_that_rows_have_named_before_and_now_not_is_kept(export, known, rows, sandbox):
    sandbox.create_list("VIP")
    columns = {"EmailAddress": TEXT, "Lists": TEXT}
    settings = {"lists": None, "lists_field": "Lists"} | OVERWRITE
    rows_of = [
        record(EmailAddress="member1@example.com", Lists="Newsletter"),
        record(EmailAddress="member2@example.com", Lists="VIP"),
    ]
    export(schema(**columns), *rows_of, **settings)
    export(schema(**columns), rows_of[0], **settings)
    names = {list_id: name for name, list_id in sandbox.lists().items()}
    assert {names[row["list_id"]]: row["state"] for row in rows(SEGMENTS)} == {
        "Newsletter": "sealed",
        "VIP": "kept",
    }
    assert known(list_id=sandbox.lists()["VIP"]) == {2: IN | PUT}


def test_a_list_follows_one_stream_only(export, seals, sandbox):
    export(*members(1), **OVERWRITE)
    outcome = export(*members(2, stream="others"), **OVERWRITE)
    assert outcome.exit_code == 65
    assert (
        "List 'Newsletter' follows stream 'members', so that stream 'others' cannot overwrite it"
    ) in outcome.log
    assert seals() == {"members": ("sealed", "")}
    assert on_list(sandbox) == {1}


def test_a_stream_that_has_two_schemas_is_one_load(export, known, seals):
    other = schema(EmailAddress=TEXT, LastName=TEXT)
    export(schema(), member(1), other, member(2), **OVERWRITE)
    assert known() == {1: IN | PUT, 2: IN | PUT}
    assert seals() == {"members": ("sealed", "")}


@pytest.mark.parametrize("verify", ["never", "on_errors"])
def test_the_day_of_sending_is_known_only_when_all_that_was_sent_has_landed(
    export, database, behave, verify
):
    behave(flagged_addresses=frozenset({"member2@example.com"}))
    export(*members(1, 2), verify=verify, **OVERWRITE)
    person = PeopleKey.of(database).hash("member1@example.com")
    with database.transaction() as connection:
        found = {}
        for row in connection.execute(MEMBERS.select()):
            found |= unpack(row.people)
    assert bool(Person.of(found[person]).day) == (verify == "on_errors")


def version(stream="members", number=1):
    return {"type": "ACTIVATE_VERSION", "stream": stream, "version": number}


AT_VERSION = OVERWRITE | {"overwrite_when": "activate_version"}


def test_a_version_behind_the_last_record_takes_leavers_off(export, sandbox, seals):
    export(*members(*range(12)), version(), **AT_VERSION)
    outcome = export(*members(*range(10)), version(), **AT_VERSION)
    assert outcome.exit_code == 0
    assert on_list(sandbox) == {*range(10)}
    assert seals() == {"members": ("swept", "")}
    assert outcome.report["swept"][0]["taken_off"] == 2
    assert "2 people were taken off" in outcome.log


@pytest.mark.parametrize("early", [True, False], ids=["only an early one", "none"])
def test_without_a_version_behind_the_last_record_nobody_is_taken_off(
    export, sandbox, seals, early
):
    export(*members(1, 2, 3), version(), **AT_VERSION)
    first, *rest = members(1, 2)
    outcome = export(first, *([version()] if early else []), *rest, **AT_VERSION)
    assert outcome.exit_code == 65
    assert outcome.states == ["end"]
    assert on_list(sandbox) == {1, 2, 3}
    assert seals()["members"][0] == "void"
    assert "overwrite_when: sweep, and call target-constant-contact sweep" in outcome.log


def test_the_end_of_the_input_takes_leavers_off_where_that_is_proof_enough(export, sandbox):
    settings = OVERWRITE | {"overwrite_when": "end_of_input"}
    export(*members(*range(12)), **settings)
    outcome = export(*members(*range(10)), **settings)
    assert outcome.exit_code == 0
    assert on_list(sandbox) == {*range(10)}


def test_a_brake_at_the_end_of_the_load_holds_everybody_and_no_state(export, sandbox, seals):
    settings = OVERWRITE | {"overwrite_when": "end_of_input"}
    export(*members(*range(12)), **settings)
    outcome = export(*members(1), **settings)
    assert outcome.exit_code == 65
    assert outcome.states == ["end"]
    assert on_list(sandbox) == {*range(12)}
    assert "sweep --yes-remove 11" in outcome.log
    assert seals() == {"members": ("reached", "")}


def test_a_leaver_is_in_no_segment_unless_a_later_row_says_so(export, known, sandbox):
    columns = {"EmailAddress": TEXT, "_sdc_deleted_at": TEXT}
    left = {"_sdc_deleted_at": "2026-09-21T00:00:00Z"}
    outcome = export(
        schema(**columns),
        member(1),
        member(2),
        member(3, **left),
        member(1, **left),
        member(3),
        **OVERWRITE,
    )
    assert outcome.exit_code == 0
    assert known() == {2: IN | PUT, 3: IN | PUT}
    assert on_list(sandbox) == {2, 3}


def test_a_file_of_rejected_rows_is_not_the_whole_segment(export, known, seals, tmp_path):
    """Its people are in the segment besides those whom the load has brought."""
    columns = {"EmailAddress": TEXT, "Birthday": TEXT}
    export(
        schema(**columns),
        member(1, Birthday="5/4"),
        member(2, Birthday="no date"),
        **OVERWRITE,
    )
    (path,) = (tmp_path / "data" / "runs").glob("*/rejects.singer.jsonl")
    corrected = path.read_text().replace("no date", "6/4")
    outcome = export(text=corrected, **OVERWRITE)
    assert outcome.totals == {"read": 1, "landed": 1}
    assert known() == {1: IN | PUT, 2: IN | PUT}
    assert seals() == {"members": ("sealed", "")}
