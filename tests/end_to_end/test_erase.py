"""The command `erase`: a person is never imported again, and nothing of them is kept here."""

from __future__ import annotations

from typing import Any

import pytest

from target_constant_contact.account.account import Account
from target_constant_contact.ledger.ledger import Ledger
from target_constant_contact.settings.settings import Settings
from target_constant_contact.singer.target import TargetConstantContact
from target_constant_contact.waiting import Waiting
from tests.support.commands import Answer, call, config_file
from tests.support.target import TEXT, member, record, schema, settings_for, state


@pytest.fixture
def erase(sandbox, tmp_path) -> Any:
    """Call it with the settings of `export`."""
    config = config_file(tmp_path, **settings_for(sandbox, tmp_path / "data"))

    def start(*words: str, text: str | None = None) -> Answer:
        return call("erase", "--config", config, *words, text=text)

    return start


ROWS = [schema(), *(member(number, FirstName="Kay") for number in (1, 2, 3)), state("end")]


def test_an_erased_person_is_not_imported_again(export, erase, sandbox):
    answer = erase("Member2@Example.com")
    assert answer.exit_code == 0
    assert "1 person. No run that shares it sends them." in answer.stdout
    assert "delete them" in answer.stdout
    outcome = export(*ROWS)
    assert outcome.totals == {"read": 3, "landed": 2, "suppressed": 1}
    assert outcome.report["withheld"] == [{"stream": "members", "reason": "erased", "rows": 1}]
    assert "member2@example.com" not in sandbox.members("Newsletter")
    assert sandbox.contact("member2@example.com") is None


def test_a_deleted_contact_is_not_revived_by_a_stale_segment(export, erase, sandbox):
    erase("del.eted@example.net")
    outcome = export(schema(), record(EmailAddress="Del.eted@example.net"), member(1))
    assert outcome.totals == {"read": 2, "landed": 1, "suppressed": 1}
    assert sandbox.contact("del.eted@example.net") is None


def test_rejected_rows_of_the_person_are_cut_out_of_the_files_of_all_runs(export, erase, tmp_path):
    columns = {"EmailAddress": TEXT, "FirstName": TEXT, "birthday": TEXT}
    rows = [record(EmailAddress=f"{name}@example.com", birthday="never") for name in ("kay", "lou")]
    for _ in range(2):
        outcome = export(schema(**columns), *rows)
    assert outcome.totals["rejected"] == 2
    answer = erase("--json", "kay@example.com")
    assert answer.json == {
        "people": 1,
        "suppressed": 1,
        "traces": 0,
        "rows": 2,
        "files": 2,
        "under_way": [],
    }
    files = [*(tmp_path / "data").glob("runs/*/rejects.singer.jsonl")]
    assert len(files) == 2
    assert not [path for path in files if "kay@" in path.read_text()]
    assert all("lou@" in path.read_text() for path in files)


def test_nothing_but_the_file_of_rejected_rows_of_others_holds_an_address(export, erase, tmp_path):
    export(*ROWS)
    answer = erase("-", text="# asked by mail\r\nmember1@example.com\r\n\nmember2@example.com")
    assert answer.exit_code == 0
    assert "2 people" in answer.stdout
    assert "example.com" not in answer.stdout + answer.stderr + answer.log
    kept = [path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file()]
    assert not any(b"member1" in content or b"member2" in content for content in kept)


@pytest.mark.parametrize(
    ("words", "text", "line"),
    [
        (("member1@example.com", "nobody"), None, "erase: argument 2: no e-mail address"),
        (("-",), "member1@example.com\nmember2 at example.com\n", "erase: line 2: no e-mail"),
        (("-", "member1@example.com"), "", "erase: argument 1: no e-mail address"),
        (("-",), "\n# nobody\n", "erase: standard input holds no address"),
        (("x",) * 8, None, "argument 5 and 3 more: no e-mail address; nobody was erased"),
    ],
)
def test_what_is_no_address_ends_the_command_before_anybody_is_erased(
    erase, tmp_path, words, text, line
):
    answer = erase(*words, text=text)
    assert answer.exit_code == 78
    assert line in answer.log
    assert "example.com" not in answer.log + answer.stdout + answer.stderr
    assert not (tmp_path / "data").exists()


def test_while_a_run_is_under_way_the_command_asks_for_another_call(erase, sandbox, tmp_path):
    values = settings_for(sandbox, tmp_path / "data")
    account = Account(Settings.parse(values, TargetConstantContact.settings_schema()))
    ledger = Ledger(account.database, account.export, "20260101T000000Z-abcdef")
    ledger.open(Waiting())
    try:
        answer = erase("member2@example.com")
    finally:
        ledger.close()
        account.close()
    assert answer.exit_code == 75
    assert "1 run under way (20260101T000000Z-abcdef) may still send these people" in answer.log
    assert "1 person" in answer.stdout


def test_the_command_store_says_how_many_people_are_suppressed(erase, tmp_path, sandbox):
    erase("kay@example.com", "lou@example.com")
    config = config_file(tmp_path, **settings_for(sandbox, tmp_path / "data"))
    answer = call("store", "--config", config)
    assert [line.split() for line in answer.lines if "suppressed" in line] == [
        ["people", "suppressed", "2"]
    ]
