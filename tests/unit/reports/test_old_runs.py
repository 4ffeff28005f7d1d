"""Runs that are older than they are to be kept."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from target_constant_contact.data_folder import DataFolder
from target_constant_contact.exceptions import StorageError
from target_constant_contact.reports import old_runs
from target_constant_contact.reports.old_runs import delete_old_runs
from target_constant_contact.store.run_row import RunRow
from target_constant_contact.store.runs import RunRows
from target_constant_contact.store.schema import OPEN_RUNS

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def rows(database):
    return RunRows(database)


@pytest.fixture
def folder(tmp_path):
    return DataFolder(tmp_path / "data")


def name(days, seconds=0):
    """The name of a run that has started so long ago."""
    return f"{NOW - timedelta(days=days, seconds=seconds):%Y%m%dT%H%M%SZ}-000001"


@pytest.fixture
def leave(rows, folder):
    """Leave a run behind."""

    def make(run, *, ended=True, here=True, known=True):
        begun_at = datetime.strptime(run[:16], "%Y%m%dT%H%M%S%z").timestamp()
        if known:
            rows.put(RunRow(run, begun_at, "pod-1", "/data", "{}" if ended else None))
        if here:
            (made := folder.runs / run).mkdir(parents=True)
            (made / "rejects.singer.jsonl").write_text("a person")
            if ended:
                (made / "report.json").write_text("{}")
        return run

    return make


@pytest.fixture
def forget(rows, folder):
    """Delete what is older than so many days; tell what is left, in the store and here."""

    def forget(days=90, own="a run"):
        counts = delete_old_runs(rows, folder, days, now=NOW.timestamp(), own=own)
        here = sorted((path.name for path in folder.runs.glob("*")), reverse=True)
        return counts, rows.names(), here

    return forget


def test_what_is_older_goes_with_its_files_and_what_is_not_stays(leave, forget):
    leave(name(90, seconds=1))
    leave(name(400))
    kept = [leave(name(1)), leave(name(90))]
    assert forget() == ((2, 2), kept, kept)
    assert forget() == ((0, 0), kept, kept)


def test_a_run_of_another_machine_goes_from_the_store_and_here_whatever_the_store_knows(
    leave, forget
):
    leave(name(91), here=False)
    leave(name(92), known=False)
    assert forget() == ((1, 1), [], [])


def test_a_run_without_a_report_may_be_under_way_for_thirty_days(leave, forget):
    leave(name(30, seconds=1), ended=False)
    kept = [leave(name(30), ended=False)]
    assert forget(days=1) == ((1, 1), kept, kept)


def test_one_without_a_report_is_kept_as_long_as_the_others_where_that_is_longer(leave, forget):
    leave(name(91), ended=False)
    kept = [leave(name(90), ended=False)]
    assert forget() == ((1, 1), kept, kept)


def test_what_may_be_taken_up_stays(leave, forget, database):
    run = leave(name(200), ended=False)
    values = {"account": "a", "export": "e", "run": run, "begun_at": 1.0, "key": None}
    database.run(lambda connection: connection.execute(OPEN_RUNS.insert().values(values)))
    assert forget() == ((0, 0), [run], [run])


def test_the_run_that_deletes_stays_however_long_it_took(leave, forget):
    run = leave(name(2))
    assert forget(days=1, own=run) == ((0, 0), [run], [run])


def test_nothing_but_folders_of_runs_is_deleted_and_no_link_is_followed(
    folder, leave, forget, tmp_path
):
    leave(name(1))
    (elsewhere := tmp_path / "elsewhere").mkdir()
    (elsewhere / "file").touch()
    (folder.runs / name(300)).symlink_to(elsewhere)
    (folder.runs / "notes").mkdir()
    (folder.runs / f"{name(301)}.bak").mkdir()
    (folder.runs / name(302)).touch()
    (inner := folder.runs / leave(name(200)) / "inner").mkdir()
    (inner / "link").symlink_to(elsewhere)

    (_, deleted), _, here = forget()

    assert deleted == 1
    assert {*here} == {name(1), name(300), "notes", f"{name(301)}.bak", name(302)}
    assert (elsewhere / "file").exists()


def test_a_folder_that_cannot_be_deleted_is_said(leave, forget, monkeypatch):
    run = leave(name(91))

    def fail(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(old_runs, "shutil", SimpleNamespace(rmtree=fail))
    with pytest.raises(StorageError, match=rf"{run} cannot be used \(Permission denied\)"):
        forget()


def test_two_runs_that_end_at_once_are_not_in_each_others_way(leave, forget, monkeypatch):
    leave(name(92))
    leave(name(91))
    delete = shutil.rmtree

    def be_late(path):
        delete(path)
        delete(path)

    monkeypatch.setattr(old_runs, "shutil", SimpleNamespace(rmtree=be_late))
    assert forget() == ((2, 0), [], [])


def test_without_a_folder_of_runs_there_is_nothing_to_do(forget):
    assert forget() == ((0, 0), [], [])
