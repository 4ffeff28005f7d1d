"""The command that shows rejected rows, writes them as CSV, and reads the corrected CSV."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING, Any

import pytest

from target_constant_contact.commands.common import write_lines
from target_constant_contact.exceptions import SettingsError
from target_constant_contact.reports.rejects import RejectsFile
from target_constant_contact.singer.encoding import readable_line
from target_constant_contact.store.address import place_of
from tests.support.commands import Answer, call
from tests.support.past_runs import keep_run
from tests.support.target import TEXT, Message, record, schema

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("store_url")

OLD, NEW = "20260501T040000Z-000001", "20260502T040000Z-000002"
PEOPLE = schema(EmailAddress=TEXT, Zip=TEXT)
ROW = record(EmailAddress="jürgen(at)example.org", Zip="01234")


def keep(data: Path, run: str, *rows: tuple[Message, Message], report: bool = True) -> Path:
    """Leave a run with these rejected rows behind."""
    folder = data / "runs" / run
    folder.mkdir(parents=True)
    file = RejectsFile(folder / "rejects.singer.jsonl", readable_line)
    for described, row in rows:
        file.write(described, row, "is no address: jürgen(at)", "EmailAddress")
    file.close()
    moment = "2026-05-01T04:00:00+00:00"
    reason = {"stream": "members", "reason": "is no address", "field": "EmailAddress"}
    finding = {"stream": "members", "reason": "refused: deleted", "evidence": "look-up"}
    document = {
        "status": "failed",
        "started_at": moment,
        "ended_at": moment,
        "totals": {"read": 5, "rejected": len(rows)},
        "rejections": [{**reason, "rows": len(rows)}],
        "findings": [{**finding, "rows": 2}],
    }
    keep_run(data, run, json.dumps(document) if report else None)
    return file.path


@pytest.fixture
def path(tmp_path: Path, store_url: str | None) -> Path:  # noqa: ARG001 - set up first
    """A run with one rejected row."""
    return keep(tmp_path, OLD, (PEOPLE, ROW))


def rejects(data: Path, *words: object) -> Answer:
    return call("rejects", "--data-dir", data, *words)


def test_the_file_the_counts_and_the_reasons_are_shown_and_no_personal_data(tmp_path, path):
    answer = rejects(tmp_path)

    assert answer.exit_code == 0
    assert str(path) in answer.stdout
    assert "   1  members  is no address" in answer.stdout
    assert "   2  members  refused: deleted" in answer.stdout
    assert "jürgen" not in answer.stdout + answer.stderr + answer.log


def test_they_are_printed_for_programs(tmp_path, path):
    answer = rejects(tmp_path, "--json")

    assert answer.json["run"] == OLD
    assert answer.json["rejects_file"] == str(path)
    assert answer.json["rows"] == {"members": 1}
    assert answer.json["rejections"] == [
        {"rows": 1, "stream": "members", "reason": "is no address", "field": "EmailAddress"}
    ]
    assert answer.json["findings"][0]["evidence"] == "look-up"
    assert "jürgen" not in answer.stdout


@pytest.mark.usefixtures("path")
def test_the_newest_run_that_has_rejected_rows_is_meant_unless_one_is_named(tmp_path):
    newer = keep(tmp_path, NEW, (PEOPLE, ROW), (PEOPLE, ROW))
    keep_run(tmp_path, "20260503T040000Z-000003")

    assert rejects(tmp_path, "--json").json["rejects_file"] == str(newer)
    assert rejects(tmp_path, OLD[:10], "--json").json["run"] == OLD


def test_a_run_that_was_killed_has_no_reasons_and_its_rows_all_the_same(tmp_path):
    keep(tmp_path, OLD, (PEOPLE, ROW), report=False)

    answer = rejects(tmp_path, "--json").json

    assert (answer["status"], answer["rows"], answer["rejections"]) == (
        "unfinished",
        {"members": 1},
        [],
    )


def test_without_rejected_rows_there_is_a_word_and_no_error(tmp_path, store_url):
    where = f"the store at {place_of(store_url)}" if store_url else tmp_path / "runs"
    assert rejects(tmp_path).stdout == (
        f"No run in {where} has rejected rows; give the --config or --data-dir of the run\n"
    )
    assert rejects(tmp_path, "--json").json is None


@pytest.mark.usefixtures("path")
def test_rows_are_printed_as_csv_with_the_next_step_beside_them(tmp_path):
    answer = rejects(tmp_path, "--csv")

    assert answer.exit_code == 0
    header, row = answer.stdout.splitlines()
    assert header == "\ufeffEmailAddress,Zip,_reject_reason,_reject_field"
    assert row.startswith("jürgen(at)example.org,'01234,is no address")
    assert f"--from-csv FILE --output rows.singer.jsonl {OLD}" in answer.stderr
    assert "1 row of members as CSV" in answer.stderr


def test_the_corrected_csv_is_printed_as_messages(tmp_path, path):
    file = tmp_path / "rows.csv"
    assert rejects(tmp_path, "--csv", "--output", file, "--delimiter", ";").stdout == ""
    text = file.read_text(encoding="utf-8")
    assert ";'01234;" in text
    file.write_text(text.replace("(at)", "@"), encoding="utf-8")

    answer = rejects(tmp_path, "--from-csv", file, OLD)

    described, row = map(json.loads, answer.stdout.splitlines())
    assert described == json.loads(path.read_text(encoding="utf-8").splitlines()[0])
    assert row == record(EmailAddress="jürgen@example.org", Zip="01234")
    assert "1 row of members as Singer messages" in answer.stderr


@pytest.mark.usefixtures("path")
def test_what_is_written_can_be_read_by_its_owner_only_and_takes_no_file_s_place(tmp_path):
    csv_file, messages = tmp_path / "rows.csv", tmp_path / "rows.singer.jsonl"
    rejects(tmp_path, "--csv", "--output", csv_file)
    rejects(tmp_path, "--from-csv", csv_file, "--output", messages)

    assert [stat.S_IMODE(file.stat().st_mode) for file in (csv_file, messages)] == [0o600, 0o600]
    again = rejects(tmp_path, "--csv", "--output", csv_file)
    assert again.exit_code == 78
    assert f"--output: {csv_file} is there already" in again.log


def test_every_fault_of_the_csv_is_one_line_without_a_value(tmp_path):
    keep(tmp_path, OLD, (schema(EmailAddress=TEXT, visits={"type": ["integer"]}), record()))
    file = tmp_path / "rows.csv"
    file.write_text("EmailAddress,visits\nann@example.org,seven\nbob@example.org,eight\n")

    answer = rejects(tmp_path, "--from-csv", file)

    assert answer.exit_code == 65
    assert answer.stdout == ""
    assert answer.log.splitlines() == [
        f"{file}: row 2, column visits: takes a whole number",
        f"{file}: row 3, column visits: takes a whole number",
        f"{file} has 2 faults, so nothing was written. Correct the file, and read it again",
    ]


def test_of_several_streams_one_is_named(tmp_path):
    others = schema("others", mail=TEXT)
    keep(tmp_path, OLD, (PEOPLE, ROW), (others, record("others", mail="x")))

    unnamed = rejects(tmp_path, "--csv")
    unknown = rejects(tmp_path, "--csv", "--stream", "nobody")
    named = rejects(tmp_path, "--csv", "--stream", "others")

    assert unnamed.exit_code == unknown.exit_code == 78
    assert f"run {OLD} has rejected rows of 'members', 'others'; name one" in unnamed.log
    assert "no rejected rows of 'nobody', but of 'members', 'others'" in unknown.log
    assert named.stdout.splitlines()[0] == "\ufeffmail,_reject_reason,_reject_field"
    assert len(named.stdout.splitlines()) == 2


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (["--csv", "--json"], "pass one of them"),
        (["--csv", "--from-csv", "x.csv"], "pass one of them"),
        (["--from-csv", "missing.csv"], "missing.csv cannot be read (No such file or directory)"),
        (["2027"], "there is no run '2027'"),
    ],
)
@pytest.mark.usefixtures("path")
def test_what_cannot_be_done_is_told_in_one_line(tmp_path, words: Any, fault):
    answer = rejects(tmp_path, *words)

    assert answer.exit_code == 78
    assert fault in answer.log
    assert len(answer.log.splitlines()) == 1


def test_there_is_nothing_to_write_without_a_file(tmp_path):
    assert rejects(tmp_path, "--csv").exit_code == 78
    assert "there are no runs in" in rejects(tmp_path, "latest").log
    keep_run(tmp_path, NEW)
    answer = rejects(tmp_path, "latest")
    assert answer.exit_code == 78
    assert f"there is no file of rejected rows in {tmp_path / 'runs' / NEW}" in answer.log


def test_without_stdout_the_csv_needs_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sys.stdout", None)
    with pytest.raises(SettingsError, match=r"no standard output .* pass --output FILE"):
        write_lines(["Email\r\n"], None)

    write_lines(["Email\r\n"], tmp_path / "rows.csv")
    assert (tmp_path / "rows.csv").read_bytes() == b"Email\r\n"


@pytest.mark.usefixtures("path")
def test_of_a_run_on_another_machine_it_is_said_where_its_rows_are(tmp_path):
    report = {"status": "failed", "rejects_file": "/data/runs/rejects.singer.jsonl"}
    moment = "2026-05-02T04:00:00+00:00"
    report |= {"started_at": moment, "ended_at": moment, "totals": {}}
    keep_run(tmp_path, NEW, json.dumps(report), machine="pod-7f")

    newest, unfinished = rejects(tmp_path), rejects(tmp_path, NEW, "--csv")

    for answer in (newest, unfinished):
        assert answer.exit_code == 78
        assert answer.log == (
            f"the rejected rows of run {NEW} are not in {tmp_path / 'runs'}: it was on machine "
            f"pod-7f, and its files are in {tmp_path / 'runs' / NEW} there; run this there\n"
        )
    assert rejects(tmp_path, OLD, "--json").json["run"] == OLD


def test_of_a_run_elsewhere_that_has_rejected_nothing_that_is_said(tmp_path):
    moment = "2026-05-02T04:00:00+00:00"
    report = {"status": "completed", "started_at": moment, "ended_at": moment, "totals": {}}
    keep_run(tmp_path, NEW, json.dumps(report), machine="pod-7f")

    assert "there is no file of rejected rows in" in rejects(tmp_path, NEW).log
    assert rejects(tmp_path).exit_code == 0


@pytest.mark.usefixtures("path")
def test_rows_whose_file_was_deleted_are_passed_over(tmp_path):
    keep(tmp_path, NEW, (PEOPLE, ROW)).unlink()

    assert rejects(tmp_path, "--json").json["run"] == OLD
