"""A stream of which every row is rejected ends the run long before its end."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from target_constant_contact.run import rejection_limit
from tests.support.checking import Check
from tests.support.target import TEXT, lines, member, record, schema, state

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def few(monkeypatch) -> int:
    """So few rows tell that all of a stream are going to be rejected."""
    monkeypatch.setattr(rejection_limit, "HOPELESS_ROWS", 100)
    return 100


@pytest.mark.parametrize("unknown", ["one list", "a list for each row"])
def test_a_run_whose_every_row_is_rejected_ends_long_before_its_input_does(few, export, unknown):
    one = unknown == "one list"
    rows = [member(number, list="New" if one else f"New {number}") for number in range(5 * few)]
    columns = schema(EmailAddress=TEXT, list=TEXT)
    outcome = export(
        columns, state(1), *rows, state(2), lists_field="list", max_rejected_percent=10
    )
    assert outcome.exit_code == 65
    assert f"The first {few} rows of stream 'members' were all rejected" in outcome.log
    assert "record names a list that does not exist" in outcome.log
    assert outcome.totals == {"read": few, "rejected": few}
    assert "rejects.singer.jsonl" in outcome.log
    assert len(outcome.rejected) == few + 1
    assert outcome.states == [1]


def test_rows_without_an_address_end_a_run_too(few, export):
    rows = [record(EmailAddress=f"nobody {number}") for number in range(5 * few)]
    outcome = export(schema(), *rows, max_rejected_percent=99)
    assert outcome.exit_code == 65
    assert outcome.totals == {"read": few, "rejected": few}


def test_blank_rows_and_rows_that_left_do_not_help(few, export):
    passed_over = [record(EmailAddress=" "), member(1, _sdc_deleted_at="2026-01-05")]
    rows = [record(EmailAddress=f"nobody {number}") for number in range(5 * few)]
    outcome = export(schema(), *passed_over, *rows, max_rejected_percent=99)
    assert outcome.exit_code == 65
    assert outcome.totals == {"read": few + 2, "rejected": few, "left": 1, "blank": 1}


def test_one_good_row_among_the_first_lets_the_run_go_on_to_its_end(few, export):
    rows = [record(EmailAddress=f"nobody {number}") for number in range(2 * few)]
    outcome = export(schema(), member(1), *rows, max_rejected_percent=99)
    assert outcome.totals == {"read": 2 * few + 1, "landed": 1, "rejected": 2 * few}
    assert "99.5 % of the rows" in outcome.log


def test_whoever_allows_that_all_are_rejected_gets_them_rejected(few, export):
    rows = [record(EmailAddress=f"nobody {number}") for number in range(2 * few)]
    outcome = export(schema(), *rows, state(1), max_rejected_percent=100)
    assert outcome.exit_code == 0
    assert outcome.states == [1]


def test_batch_files_end_early_too(few, export, tmp_path: Path):
    file = tmp_path / "rows.jsonl"
    rows = [record(EmailAddress=f"nobody {number}")["record"] for number in range(5 * few)]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    encoding = {"format": "jsonl"}
    batch = {
        "type": "BATCH",
        "stream": "members",
        "encoding": encoding,
        "manifest": [file.as_uri()],
    }
    outcome = export(schema(), batch, state(1), max_rejected_percent=10)
    assert outcome.exit_code == 65
    assert outcome.totals == {"read": few, "rejected": few}
    assert outcome.states == []


def test_rows_of_another_stream_do_not_help(few, export):
    good = [record("good", EmailAddress=f"m{number}@example.com") for number in range(few)]
    rows = [record("bad", EmailAddress=f"nobody {number}") for number in range(5 * few)]
    outcome = export(schema("good"), schema("bad"), *good, *rows, max_rejected_percent=10)
    assert outcome.exit_code == 65
    assert f"The first {few} rows of stream 'bad' were all rejected" in outcome.log


def test_check_ends_early_too(few, sandbox, tmp_path: Path):
    check = Check(sandbox, tmp_path)
    rows = [record(EmailAddress=f"nobody {number}") for number in range(5 * few)]
    checked = check("--input", check.file(lines(schema(), *rows)), max_rejected_percent=10)
    assert checked.exit_code == 65
    (fault,) = checked.details("mapping", "failed")
    assert fault.startswith(f"The first {few} rows of stream 'members' were all rejected")
    assert "rejects" not in fault, "those of a rehearsal are not kept"
