"""People who have unsubscribed are asked for before the first import, and not sent."""

from __future__ import annotations

import json
from typing import Any

import pytest

from target_constant_contact.run import withholding
from target_constant_contact.sandbox import Fault
from target_constant_contact.segments import opt_outs
from tests.support.target import TEXT, member, record, schema, state

UNA = "una.subscribed@example.com"
ROWS = [
    schema(),
    member(1, FirstName="Kay"),
    record(EmailAddress=UNA, FirstName="Una"),
    record(EmailAddress="Ada.Optout@example.org", FirstName="Ada"),
    member(2, FirstName="Lou"),
    state("end"),
]


@pytest.fixture
def unsubscribe(sandbox) -> Any:
    """Have a person unsubscribe, or come back."""

    def change(address: str, permission: str = "unsubscribed") -> None:
        account = sandbox._account
        source, at = (None, None) if permission == "explicit" else ("Contact", account.clock())
        with account.store.writing() as db:
            db.execute(
                "UPDATE contacts SET permission = ?, opt_out_source = ?, opt_out_at = ?"
                " WHERE email_key = ?",
                (permission, source, at, address),
            )

    return change


def questions(sandbox) -> list[Any]:
    """The queries that have asked for contacts."""
    return [
        request.query for request in sandbox.requests if request.path.rstrip("/") == "/v3/contacts"
    ]


def test_people_who_have_unsubscribed_are_not_sent(export, sandbox):
    outcome = export(*ROWS, max_rejected_percent=0)
    assert outcome.exit_code == 0
    assert outcome.states == ["end"]
    assert outcome.totals == {"read": 4, "landed": 2, "suppressed": 2}
    assert outcome.report["withheld"] == [
        {"stream": "members", "reason": "unsubscribed", "rows": 2}
    ]
    assert [each["rows"] for each in outcome.report["imports"]] == [2]
    assert not outcome.report["findings"]
    assert len(questions(sandbox)) == 1
    assert "2 of members not sent: unsubscribed" in outcome.log


def test_who_has_come_back_is_sent_by_the_next_run(export, sandbox, unsubscribe):
    export(*ROWS)
    unsubscribe(UNA, "explicit")
    outcome = export(*ROWS)
    assert outcome.totals == {"read": 4, "landed": 3, "suppressed": 1}
    assert UNA in sandbox.members("Newsletter")


def test_of_many_only_those_since_the_last_run_are_asked_for(
    export, sandbox, unsubscribe, monkeypatch
):
    monkeypatch.setattr(opt_outs, "FEW", 1)
    export(*ROWS)
    unsubscribe("member2@example.com")
    outcome = export(*ROWS)
    assert outcome.totals == {"read": 4, "landed": 1, "suppressed": 3}
    first, second = map(str, questions(sandbox))
    assert "optout_after" not in first
    assert "optout_after" in second


@pytest.mark.parametrize("action", ["forbidden", "error_503", "echo_400", "garbage"])
def test_a_run_goes_on_without_the_answer(export, sandbox, action):
    sandbox.add_fault(Fault("GET", "/contacts", action, times=None))
    outcome = export(*ROWS, verify="never")
    assert outcome.exit_code == 0
    assert outcome.totals == {"read": 4, "landed": 2, "suppressed": 2}
    assert outcome.report["withheld"] == []
    assert "Who has unsubscribed was not found out before the first row (" in outcome.log
    assert "example.com" not in outcome.log


def test_a_run_goes_on_when_the_answer_takes_too_long(export, sandbox, monkeypatch):
    monkeypatch.setattr(withholding, "_LONGEST", 0.05)
    sandbox.add_fault(Fault("GET", "/contacts", "delay", seconds=0.6))
    outcome = export(*ROWS, verify="never")
    assert outcome.totals == {"read": 4, "landed": 2, "suppressed": 2}
    assert "before the first row (no answer in 0.05 s)" in outcome.log


def test_what_was_known_counts_where_there_is_no_answer(export, sandbox):
    export(*ROWS)
    sandbox.add_fault(Fault("GET", "/contacts", "forbidden", times=None))
    outcome = export(*ROWS)
    assert outcome.report["withheld"][0]["rows"] == 2


def test_with_few_requests_left_they_are_not_asked_for(export, sandbox, monkeypatch):
    monkeypatch.setattr(opt_outs, "MOST_PAGES", 0)
    outcome = export(*ROWS, verify="never")
    assert outcome.exit_code == 0
    assert not questions(sandbox)
    assert "before the first row (too few requests are left of the day's)" in outcome.log


def test_a_dry_run_asks_too_and_keeps_nothing_of_the_answer(export, sandbox):
    for _ in range(2):
        dry = export(*ROWS, dry_run=True)
        assert dry.totals == {"read": 4, "unsettled": 2, "suppressed": 2}
    assert len(questions(sandbox)) == 2
    sandbox.add_fault(Fault("GET", "/contacts", "forbidden", times=None))
    dry = export(*ROWS, dry_run=True)
    assert dry.totals == {"read": 4, "unsettled": 4}


def test_the_reasons_of_a_row_are_counted_once(export, tmp_path):
    path = tmp_path / "suppressed.txt"
    path.write_text(f"{UNA}\n")
    outcome = export(*ROWS, suppression_file=str(path))
    assert outcome.totals["suppressed"] == 2
    assert {each["reason"]: each["rows"] for each in outcome.report["withheld"]} == {
        "in suppression_file": 1,
        "unsubscribed": 1,
    }


def test_rows_with_several_lists_are_left_out_of_all_of_them(export, sandbox):
    rows = [
        record(EmailAddress=address, lists=lists)
        for address in (UNA, "member1@example.com")
        for lists in ("Newsletter", "Loyalty members", "Newsletter, Loyalty members")
    ]
    outcome = export(schema(EmailAddress=TEXT, lists=TEXT), *rows, lists_field="lists")
    assert outcome.exit_code == 0
    assert outcome.totals["suppressed"] == 3
    assert UNA not in sandbox.members("Newsletter")
    assert "member1@example.com" in sandbox.members("Loyalty members")


def test_no_address_is_kept(export, tmp_path):
    export(*ROWS)
    kept = [path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file()]
    assert not any(b"una.subscribed" in content.lower() for content in kept)
    assert json.dumps(UNA).encode() not in b"".join(kept)
