"""What the store knows of whole runs."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from cryptography.fernet import Fernet

from target_constant_contact.api.client import ConstantContactClient
from target_constant_contact.data_folder import DataFolder
from target_constant_contact.reports import old_runs
from target_constant_contact.sandbox import Fault
from target_constant_contact.store.opening import open_store
from target_constant_contact.store.place import StorePlace
from target_constant_contact.store.run_row import MACHINE, RunRow
from target_constant_contact.store.runs import RunRows
from tests.support.commands import call, config_file
from tests.support.target import member, record, schema, state

POST = ("POST", "/activities/contacts_json_import")


@pytest.fixture(params=["file", "server"])
def kept(request):
    """The settings of where the store is."""
    if request.param == "file":
        return {}
    url = request.getfixturevalue("postgres").new_url()
    return {"store_url": url, "store_key": Fernet.generate_key().decode()}


@pytest.fixture
def known(tmp_path, kept):
    """The rows of the runs that the store knows."""

    def read(*new, **place):
        database = open_store(StorePlace.of_settings({"data_dir": str(tmp_path / "data"), **place}))
        try:
            RunRows(database).add(new)
            return RunRows(database).newest()
        finally:
            database.close()

    return lambda *new: read(*new, **kept)


def only(data):
    (folder,) = (data / "runs").iterdir()
    return folder


@pytest.mark.parametrize(
    ("settings", "fault", "code", "status"),
    [
        ({}, None, 0, "completed"),
        ({"dry_run": True}, None, 0, "dry run"),
        ({}, "quota_exceeded", 75, "failed"),
        ({"lists": "Nowhere"}, None, 78, "failed"),
    ],
)
def test_the_store_has_the_report_of_a_run_whatever_its_end(
    export, sandbox, kept, known, tmp_path, settings, fault, code, status
):
    if fault:
        sandbox.add_fault(Fault(*POST, action=fault))

    outcome = export(schema(), member(1), **kept, **settings)

    assert outcome.exit_code == code
    folder = only(tmp_path / "data")
    (row,) = known()
    assert (row.run, row.machine, row.folder) == (folder.name, MACHINE, str(folder))
    assert row.report == (folder / "report.json").read_text(encoding="utf-8")
    assert json.loads(row.report)["status"] == status
    assert row.started_at == pytest.approx(datetime.now(UTC).timestamp(), abs=120)


def test_while_it_is_under_way_a_run_is_known_and_unfinished(export, kept, known, monkeypatch):
    seen = []
    import_json = ConstantContactClient.import_json

    def look(*args, **options):
        seen.extend(known())
        return import_json(*args, **options)

    monkeypatch.setattr(ConstantContactClient, "import_json", look)
    assert export(schema(), member(1), **kept).exit_code == 0
    assert [row.report for row in seen] == [None]


def test_a_run_of_the_sandbox_is_known_on_this_machine(tmp_path, export, known, kept):
    assert export(schema(), member(1), sandbox=True, access_token=None, **kept).exit_code == 0
    place = {"data_dir": str(tmp_path / "data"), "sandbox": True}
    config = config_file(tmp_path, **place, **kept)
    (row,) = call("runs", "--config", config, "--json").json
    assert row["connection"] == "sandbox"
    assert bool(known()) is not bool(kept)


def test_a_rehearsal_is_no_run(tmp_path, sandbox, kept, known):
    (tmp_path / "input").write_text("".join(json.dumps(m) + "\n" for m in (schema(), member(1))))
    settings = {"api_url": sandbox.api_url, "access_token": sandbox.access_token, **kept}
    settings |= {"data_dir": str(tmp_path / "data"), "lists": "Newsletter"}
    config = config_file(tmp_path, accept_data_transfer=True, **settings)
    assert call("check", "--config", config, "--input", tmp_path / "input").exit_code == 0
    assert known() == []


def test_from_another_machine_a_run_is_seen_and_told_where_its_files_are(
    export, postgres, tmp_path, monkeypatch
):
    kept = {"store_url": postgres.new_url(), "store_key": Fernet.generate_key().decode()}
    monkeypatch.setattr("target_constant_contact.listeners.run_record.MACHINE", "pod-7f")
    assert export(schema(), record(EmailAddress="bad"), member(1), **kept).exit_code == 0
    folder = only(tmp_path / "data")
    config = config_file(tmp_path, data_dir=str(tmp_path / "laptop"), **kept)

    shown = call("runs", "--config", config, "show", "--json").json
    rows = call("rejects", "--config", config, "--csv")

    assert (shown["status"], shown["machine"], shown["folder"]) == (
        *("completed", "pod-7f"),
        str(folder),
    )
    assert rows.exit_code == 78
    assert f"it was on machine pod-7f, and its files are in {folder} there" in rows.log
    assert shown["rejects_file"] == str(folder / "rejects.singer.jsonl")


def leave(data, days):
    """A run that has ended so many days ago: its row, and its folder."""
    begun_at = datetime.now(UTC) - timedelta(days=days)
    folder = data / "runs" / f"{begun_at:%Y%m%dT%H%M%SZ}-000001"
    folder.mkdir(parents=True)
    (folder / "report.json").write_text("{}")
    (folder / "rejects.singer.jsonl").write_text("a person")
    return RunRow(folder.name, begun_at.timestamp(), MACHINE, str(folder), "{}")


@pytest.mark.parametrize(
    ("settings", "gone"),
    [({}, [91]), ({"keep_runs_days": 2}, [91, 3]), ({"keep_runs_days": "200"}, [])],
)
def test_the_end_of_a_run_deletes_the_runs_that_are_older(
    export, kept, known, tmp_path, settings, gone
):
    data = tmp_path / "data"
    rows = {days: leave(data, days) for days in (91, 3, 1)}
    known(*rows.values())

    outcome = export(schema(), member(1), **kept, **settings)

    stays = {row.run for days, row in rows.items() if days not in gone}
    (own,) = {row.run for row in known()} - stays
    assert {path.name for path in DataFolder(data).runs.iterdir()} == stays | {own}
    days = settings.get("keep_runs_days", 90)
    line = f"Deleted what is older than {days} days: {len(gone)} run"
    assert (line in outcome.log) is bool(gone)


def test_a_run_that_fails_deletes_them_too(export, sandbox, kept, known, tmp_path):
    known(leave(tmp_path / "data", 91))
    sandbox.add_fault(Fault(*POST, action="quota_exceeded"))
    assert export(schema(), member(1), **kept).exit_code == 75
    assert [json.loads(row.report)["status"] for row in known()] == ["failed"]


def test_what_cannot_be_deleted_is_a_warning_and_the_run_ends_well(
    export, kept, known, tmp_path, monkeypatch
):
    known(leave(tmp_path / "data", 91))

    def fail(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(old_runs, "shutil", SimpleNamespace(rmtree=fail))
    outcome = export(schema(), member(1), state("end"), **kept)
    assert (outcome.exit_code, outcome.states) == (0, ["end"])
    assert "Not all old runs were deleted; the next run tries again: data_dir: " in outcome.log


def test_only_a_run_that_ends_well_has_time_to_wait_for_the_store(export, sandbox, monkeypatch):
    """One that was told to stop is killed soon after."""
    insisted = []
    put = RunRows.put

    def noted(self, row, *, longest=0):
        if row.report is not None:
            insisted.append(longest > 0)
        put(self, row, longest=longest)

    monkeypatch.setattr(RunRows, "put", noted)
    assert export(schema(), member(1)).exit_code == 0
    sandbox.add_fault(Fault(*POST, action="quota_exceeded"))
    assert export(schema(), member(2)).exit_code == 75
    assert insisted == [True, False]


@pytest.mark.parametrize("words", [(), ("show",), ("--html", "runs.html")], ids=str)
def test_who_looks_at_runs_waits_for_nobody_who_writes(export, tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    assert export(schema(), member(1)).exit_code == 0
    data = tmp_path / "data"
    with closing(sqlite3.connect(data / "store.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        answer = call("runs", *words, "--data-dir", data)

    assert (answer.exit_code, answer.log) == (0, "")


def test_where_the_store_is_gone_no_other_one_is_made_by_looking(export, tmp_path):
    assert export(schema(), member(1)).exit_code == 0
    data = tmp_path / "data"
    for path in data.glob("store.sqlite*"):
        path.unlink()

    answer = call("runs", "--data-dir", data)

    assert "There are no runs in" in answer.stdout
    assert not (data / "store.sqlite").exists()
