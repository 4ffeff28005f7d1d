"""Rows, rejected rows and STATE are kept in step."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from target_constant_contact.api.models import Activity
from target_constant_contact.batches.batch import Destination, ImportBatch
from target_constant_contact.contacts.contact import Rejection
from target_constant_contact.events.events import Events
from target_constant_contact.exceptions import DataError
from target_constant_contact.imports.settled import SettledImport
from target_constant_contact.ledger.settlement import Settlement
from target_constant_contact.mapping.field_mapping import FieldMapping, MappingOptions
from target_constant_contact.run.accounting import Accounting
from target_constant_contact.verification.explanation import Explanation, Finding
from tests.support.saying import saying
from tests.support.target import TEXT, member, read_rejects, schema

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PLACE = Destination("members", ("list-a",))
ACTIVITY = Activity("a1", "completed", {"person_count": 3})


@pytest.fixture
def states() -> list[Any]:
    """STATE that has left."""
    return []


@pytest.fixture
def accounting(tmp_path: Path, states: list[Any]) -> Iterator[Accounting]:
    made = Accounting(
        tmp_path,
        max_rejected_percent=50,
        encode=json.dumps,
        write_state=states.append,
        events=Events(),
    )
    yield made
    made.close()


def read(accounting: Accounting, rows: int = 3) -> None:
    """Read rows into batch 1."""
    accounting.hold([(1, accounting.rows)], [])
    for _ in range(rows):
        accounting.read(PLACE, merged=False)


def settle(accounting: Accounting, settlement: Settlement, *, held: bool = False) -> None:
    batch = ImportBatch(1, PLACE, None, 3, 0, b"", saying({}))
    accounting.settle(SettledImport(batch, ACTIVITY, settlement, 1.5), held=held)


def test_state_waits_for_the_rows_before_it(accounting, states):
    read(accounting)
    accounting.add_state({"bookmark": 1})
    assert states == []
    settle(accounting, Settlement(3))
    assert states == [{"bookmark": 1}]


@pytest.mark.parametrize("place", ["left", "blank"])
def test_state_goes_past_rows_that_are_passed_over(accounting, states, place):
    read(accounting)
    settle(accounting, Settlement(3))
    accounting.pass_over(PLACE, place)
    accounting.add_state({"bookmark": 1})
    assert states == [{"bookmark": 1}]
    accounting.raise_faults()
    assert getattr(accounting.report.totals, place) == 1


def test_a_stream_of_nothing_but_blank_rows_keeps_state_back_and_fails_the_run(accounting, states):
    accounting.pass_over(PLACE, "left")
    accounting.pass_over(PLACE, "blank")
    accounting.add_state({"bookmark": 1})
    assert states == []
    with pytest.raises(DataError, match="Every row of stream 'members' is blank"):
        accounting.raise_faults()


def test_state_waits_for_unexplained_rows_until_they_are_explained(accounting, states):
    read(accounting)
    accounting.add_state({"bookmark": 1})
    before = Settlement(2, unexplained=1)
    settle(accounting, before)
    assert states == []
    accounting.explain(Explanation(1, PLACE, before, Settlement(3)))
    assert states == [{"bookmark": 1}]
    assert accounting.report.totals.landed == 3
    accounting.raise_faults()


def test_rows_that_stay_unexplained_fail_the_run_and_keep_state_back(accounting, states):
    read(accounting)
    accounting.add_state({"bookmark": 1})
    before = Settlement(2, unexplained=1)
    settle(accounting, before)
    accounting.explain(Explanation(1, PLACE, before, before))
    assert states == []
    with pytest.raises(DataError, match=r"1 row of .* is unexplained: .* before it\."):
        accounting.raise_faults()


def test_state_waits_for_an_import_that_is_to_be_explained_however_clean_its_counters(
    accounting, states
):
    read(accounting)
    accounting.add_state({"bookmark": 1})
    settle(accounting, Settlement(3), held=True)
    assert states == []
    accounting.explain(Explanation(1, PLACE, Settlement(3), Settlement(3)))
    assert states == [{"bookmark": 1}]


def test_refused_and_suppressed_rows_let_state_pass(accounting, states):
    read(accounting)
    accounting.add_state({"bookmark": 1})
    settle(accounting, Settlement(1, refused=1, suppressed=1))
    assert states == [{"bookmark": 1}]


def test_a_finding_is_written_as_a_record_that_can_be_sent_again(accounting, tmp_path):
    message = schema(EmailAddress=TEXT, FirstName=TEXT)
    mapping = FieldMapping.compile(
        "members",
        message["schema"],
        {"email": "EmailAddress", "first_name": "FirstName"},
        MappingOptions(date(2026, 11, 24)),
    )
    accounting.know("members", message, mapping)
    read(accounting)
    before = Settlement(2, suppressed=1)
    settle(accounting, before)
    properties = {"email": "ann@example.com", "first_name": "Ann"}
    finding = Finding(properties, "suppressed: unsubscribed", "look-up of the address", "its words")
    accounting.explain(Explanation(1, PLACE, before, before, (finding,)))
    accounting.close()
    _, line = read_rejects(tmp_path)
    assert line["record"] == {
        "EmailAddress": "ann@example.com",
        "FirstName": "Ann",
        "_reject_reason": "suppressed: unsubscribed: its words",
        "_reject_field": "",
        "_reject_evidence": "look-up of the address",
    }
    key = ("members", "suppressed: unsubscribed", "look-up of the address")
    assert accounting.report.findings == {key: 1}
    assert accounting.rejects_path == tmp_path / "rejects.singer.jsonl"


def test_without_rejected_rows_there_is_no_file(accounting):
    assert accounting.rejects_path is None


def test_a_batch_that_was_emptied_holds_nothing_back(accounting, states):
    read(accounting)
    accounting.add_state({"bookmark": 1})
    accounting.hold([], [1])
    accounting.release()
    assert states == [{"bookmark": 1}]


def test_a_row_without_a_place_is_a_fault_of_the_sums(accounting):
    read(accounting)
    with pytest.raises(DataError, match="3 rows are neither landed nor rejected"):
        accounting.raise_faults()
    accounting.count_rest_as_unsettled()
    accounting.raise_faults()


def test_too_many_rejected_rows_keep_state_back_and_fail_the_run(accounting, states):
    context = {"schema": schema(), "message": member(1)}
    accounting.reject(PLACE, Rejection("is blank", "EmailAddress"), context)
    accounting.add_state({"bookmark": 1})
    assert states == []
    with pytest.raises(DataError, match=r"100\.0 % of the rows of stream 'members'"):
        accounting.raise_faults()


def test_rejected_rows_are_on_the_disk_before_the_state_that_covers_them_leaves(tmp_path):
    found: list[int] = []

    def write_state(_state: Any) -> None:
        found.append(len(read_rejects(tmp_path)))

    accounting = Accounting(
        tmp_path,
        max_rejected_percent=100,
        encode=json.dumps,
        write_state=write_state,
        events=Events(),
    )
    context = {"schema": schema(), "message": member(1)}
    accounting.reject(PLACE, Rejection("is blank", "EmailAddress"), context)
    accounting.add_state({"bookmark": 1})
    accounting.close()
    assert found == [2]


def test_no_state_leaves_when_none_may(tmp_path):
    accounting = Accounting(
        tmp_path, max_rejected_percent=50, encode=str, write_state=None, events=Events()
    )
    accounting.add_state({"bookmark": 1})
    accounting.release()


def test_an_import_that_was_taken_up_is_told_apart(accounting):
    read(accounting)
    batch = ImportBatch(1, PLACE, None, 3, 0, b"", saying({}))
    accounting.settle(SettledImport(batch, ACTIVITY, Settlement(3), taken_up=True))
    (record,) = accounting.report.imports
    assert record.taken_up
    assert record.seconds == 0
