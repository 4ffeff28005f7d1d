"""People who are never imported: in the suppression file, or erased."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest

from target_constant_contact.singer import json_lines
from tests.support.checking import Check
from tests.support.target import lines, member, schema, state

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(params=[1, 1_000_000], ids=["in chunks", "alone"], autouse=True)
def _shortest_chunk(request, monkeypatch):
    monkeypatch.setattr(json_lines, "SHORTEST_CHUNK", request.param)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A suppression file with the second and the third of :func:`people`."""
    path = tmp_path / "suppressed.txt"
    digest = hashlib.sha256(b"member3@example.com").hexdigest()
    path.write_text(f"# who has asked us\nMember2@Example.com\nsha256:{digest}\n")
    return path


def people(**values: Any) -> list[dict[str, Any]]:
    """A stream of four people, with state in between and at the end."""
    rows = [member(number, FirstName="Kay", **values) for number in range(1, 5)]
    return [schema(), *rows[:2], state("between"), *rows[2:], state("end")]


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"validate_records": True},
        {"import_format": "csv"},
        {"add_record_metadata": True},
        {"segments": [{"stream": "mem*", "lists": ["Newsletter"]}]},
    ],
    ids=repr,
)
def test_who_is_in_the_suppression_file_is_not_imported(sandbox, export, file, settings):
    outcome = export(*people(), suppression_file=str(file), max_rejected_percent=0, **settings)
    assert outcome.exit_code == 0
    assert outcome.totals == {"read": 4, "landed": 2, "suppressed": 2}
    assert outcome.states[-1] == "end"
    assert not outcome.rejected
    assert {"member2@example.com", "member3@example.com"}.isdisjoint(sandbox.members("Newsletter"))
    assert outcome.report["withheld"] == [
        {"stream": "members", "reason": "in suppression_file", "rows": 2}
    ]
    assert "members -> Newsletter: 4 read = 2 landed + 2 suppressed" in outcome.log
    assert "2 of members not sent: in suppression_file" in outcome.log
    assert "example.com" not in outcome.log


def test_a_run_of_suppressed_people_alone_sends_nothing(export, tmp_path, sandbox):
    path = tmp_path / "all.txt"
    path.write_text("".join(f"member{number}@example.com\n" for number in range(1, 5)))
    before = sandbox.members("Newsletter")
    outcome = export(*people(), suppression_file=str(path))
    assert outcome.exit_code == 0
    assert outcome.totals == {"read": 4, "suppressed": 4}
    assert outcome.states[-1] == "end"
    assert not outcome.report["imports"]
    assert sandbox.members("Newsletter") == before


def test_a_dry_run_tells_of_suppressed_people_too(export, file):
    outcome = export(*people(), suppression_file=str(file), dry_run=True)
    assert outcome.totals == {"read": 4, "unsettled": 2, "suppressed": 2}


def test_a_file_with_a_wrong_line_ends_the_run_before_any_request(export, file, sandbox):
    file.write_text("member2@example.com\nmember3 at example.com\n")
    before = len(sandbox.requests)
    outcome = export(*people(), suppression_file=str(file))
    assert outcome.exit_code == 78
    assert f"suppression_file: line 2 of {file}: neither" in outcome.log
    assert "example.com" not in outcome.log
    assert len(sandbox.requests) == before
    assert not outcome.states


def test_a_file_that_is_missing_ends_the_run(export, tmp_path):
    outcome = export(*people(), suppression_file=str(tmp_path / "none.txt"))
    assert outcome.exit_code == 78
    assert "none.txt cannot be read (No such file or directory)" in outcome.log


def test_check_reads_the_file_and_leaves_its_people_out_of_the_sums(sandbox, tmp_path, file):
    check = Check(sandbox, tmp_path)
    rows = tmp_path / "rows.jsonl"
    rows.write_text(lines(*people()))
    checked = check("--input", rows, suppression_file=str(file))
    assert f"2 people in {file}, who will not be imported" in checked.details("settings", "ok")
    assert any("2 suppressed" in detail for detail in checked.details("mapping"))
    file.write_text("nobody\n")
    checked = check("--input", rows, suppression_file=str(file))
    assert checked.exit_code == 78
    assert checked.details("mapping", "skipped") == ["suppression_file cannot be used"]
