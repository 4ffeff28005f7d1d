"""Rejected rows that are corrected and sent again, with real runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.commands import call, config_file
from tests.support.target import TEXT, Outcome, lines, record, schema, settings_for, state

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.target import Message

BAD = {"una(at)example.org": "una@example.org", "vic.example.org": "vic@example.org"}


def rows(*addresses: str) -> list[Message]:
    return [record(EmailAddress=address, FirstName="Zoë") for address in addresses]


def rejects_path(outcome: Outcome) -> Path:
    return outcome.data_dir / "runs" / outcome.report["run"] / "rejects.singer.jsonl"


def corrected(outcome: Outcome, corrections: dict[str, str]) -> str:
    text = rejects_path(outcome).read_text(encoding="utf-8")
    for wrong, right in corrections.items():
        assert wrong in text
        text = text.replace(wrong, right)
    return text


@pytest.fixture
def rejected(export: Callable[..., Outcome]) -> Outcome:
    """A run that has rejected four rows."""
    return export(schema(), *rows(*BAD, "wim@@example.org", "xia@"), state(1))


def test_a_file_that_was_corrected_in_part_ends_well_and_says_so(rejected, export):
    outcome = export(text=corrected(rejected, BAD), max_rejected_percent=10)
    assert outcome.exit_code == 0
    assert outcome.totals == {"read": 4, "landed": 2, "rejected": 2}
    assert (
        "2 of 4 rows of the corrected rejects file of members have landed; 2 were rejected again: "
        f"see {rejects_path(outcome)}"
    ) in outcome.log
    assert outcome.report["status"] == "completed"
    reasons = [row["record"]["_reject_reason"] for row in outcome.rejected[1:]]
    assert len(reasons) == 2


def test_what_is_left_can_be_corrected_in_its_turn(rejected, export, sandbox):
    again = export(text=corrected(rejected, BAD), max_rejected_percent=10)
    rest = {"wim@@example.org": "wim@example.org", "xia@": "xia@example.org"}
    outcome = export(text=corrected(again, rest), max_rejected_percent=0)
    assert outcome.exit_code == 0
    assert outcome.totals == {"read": 2, "landed": 2}
    assert sandbox.contact("wim@example.org")["first_name"] == "Zoë"


def test_a_file_that_nobody_has_corrected_fails(rejected, export):
    outcome = export(text=corrected(rejected, {}), max_rejected_percent=10)
    assert outcome.exit_code == 65
    assert "No row of the corrected rejects file of stream 'members' has landed." in outcome.log
    assert "None" not in outcome.log


@pytest.mark.parametrize("first", ["the file", "the tap"])
def test_rows_of_the_tap_beside_them_are_judged_as_ever(rejected, export, first):
    file, tap = corrected(rejected, BAD), lines(schema(), *rows("ok@example.org"))
    outcome = export(
        text=file + tap if first == "the file" else tap + file, max_rejected_percent=10
    )
    assert outcome.exit_code == 65
    assert "40.0 % of the rows of stream 'members' were rejected" in outcome.log


def test_a_stream_map_does_not_hide_what_the_file_is(rejected, export):
    maps = {"members": {"email": "EmailAddress", "__alias__": "people", "__else__": None}}
    outcome = export(text=corrected(rejected, BAD), stream_maps=maps, max_rejected_percent=10)
    assert outcome.exit_code == 0
    assert "2 of 4 rows of the corrected rejects file of people have landed" in outcome.log


def test_corrected_rows_at_the_end_of_a_long_file_are_read(rejected, export, monkeypatch):
    monkeypatch.setattr("target_constant_contact.run.rejection_limit.HOPELESS_ROWS", 2)
    rest = {"wim@@example.org": "wim@example.org", "xia@": "xia@example.org"}
    outcome = export(text=corrected(rejected, rest), max_rejected_percent=10)
    assert outcome.totals == {"read": 4, "landed": 2, "rejected": 2}
    assert outcome.exit_code == 0


def test_what_was_said_of_the_rows_is_not_sent(export, sandbox):
    bad = export(
        schema(EmailAddress=TEXT, title=TEXT, mail=TEXT), record(EmailAddress="una", title="Dr")
    )
    outcome = export(text=corrected(bad, {'"una"': '"una@example.org"'}))
    assert outcome.exit_code == 0
    assert "_reject" not in str(sandbox.contact("una@example.org"))
    assert "<- _reject" not in outcome.log


def test_the_summary_names_the_file_and_how_to_send_it(rejected: Any):
    path = rejects_path(rejected)
    assert (
        f"Rejected rows: {path}; correct them there and send them again with: "
        f"target-constant-contact --config ... --input {path}"
    ) in rejected.log


def test_the_file_is_readable(export):
    outcome = export(schema(), record(EmailAddress="jürgen(at)example.org", FirstName="東京"))
    text = rejects_path(outcome).read_text(encoding="utf-8")
    assert "jürgen(at)" in text
    assert "東京" in text


def test_people_who_unsubscribed_are_not_called_rejected_rows(export):
    outcome = export(schema(), *rows("gone.unsubscribed@example.com"))
    assert "Rejected rows" not in outcome.log
    assert f"Rows that did not land: {rejects_path(outcome)}" in outcome.log


def test_a_dry_run_says_would_be_sent(export):
    outcome = export(schema(), *rows("ok@example.org", "xia@"), dry_run=True)
    assert "members -> Newsletter: 2 read = 1 would be sent + 1 rejected" in outcome.log
    assert "unsettled" not in outcome.log


@pytest.mark.parametrize(("corrections", "exit_code"), [(BAD, 0), ({}, 65)])
def test_a_check_judges_the_file_as_the_run_does(
    rejected, sandbox, tmp_path, corrections, exit_code
):
    file = tmp_path / "corrected.singer.jsonl"
    file.write_text(corrected(rejected, corrections), encoding="utf-8")
    settings = settings_for(sandbox, rejected.data_dir, max_rejected_percent=10)
    config = config_file(tmp_path, **settings)
    assert call("check", "--config", config, "--input", file).exit_code == exit_code


def test_rows_go_to_a_spreadsheet_and_come_back(export, sandbox, tmp_path):
    columns = schema(
        EmailAddress=TEXT, FirstName=TEXT, Zip=TEXT, Tier={"type": ["null", "integer"]}
    )
    bad = record(EmailAddress="una(at)example.org", FirstName="=1+1", Zip="01234", Tier=3)
    worse = record(EmailAddress="xia@", FirstName="Xia")
    rejected = export(columns, bad, worse)
    file = tmp_path / "rows.csv"
    data = rejected.data_dir
    assert call("rejects", "--data-dir", data, "--csv", "--output", file).exit_code == 0
    header, first, second = file.read_text(encoding="utf-8-sig").splitlines()
    assert "=1+1" not in first.split(",")
    file.write_text(f"{header}\r\n{first.replace('(at)', '@')}\r\n", encoding="utf-16")
    assert "xia@" in second

    messages = call("rejects", "--data-dir", data, "--from-csv", file, rejected.report["run"])
    outcome = export(text=messages.stdout, max_rejected_percent=0)

    assert outcome.exit_code == 0
    assert outcome.totals == {"read": 1, "landed": 1}
    contact = sandbox.contact("una@example.org")
    assert contact["first_name"] == "=1+1"
    assert contact["zip"] == "01234"
    assert "1 of 1 row of the corrected rejects file of members has landed" in outcome.log
