"""The runs of versions without a store are taken over once."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet

from target_constant_contact.data_folder import DataFolder
from target_constant_contact.exceptions import StorageError
from target_constant_contact.store.older import runs as older_runs
from target_constant_contact.store.opening import open_store
from target_constant_contact.store.place import StorePlace
from target_constant_contact.store.run_row import MACHINE, RunRow
from target_constant_contact.store.runs import RunRows

ONE, TWO = "20260501T040000Z-000001", "20260502T040000Z-000002"
FIRST_OF_MAY = 1_777_608_000.0


@pytest.fixture
def folder(tmp_path):
    return DataFolder(tmp_path / "data")


@pytest.fixture(params=["file", "server"])
def store(request, opened):
    """Open the store of a data folder."""
    url = request.getfixturevalue("postgres").new_url() if request.param == "server" else None
    key = Fernet.generate_key().decode()
    return lambda folder: RunRows(opened(open_store(StorePlace(folder, url, key=key))))


def leave(folder, run, report=None):
    """A run as earlier versions have left it."""
    (made := folder.runs / run).mkdir(parents=True)
    if report is not None:
        (made / "report.json").write_bytes(report)
    return made


def test_each_run_is_in_the_store_afterwards_and_its_folder_where_it_was(store, folder, caplog):
    leave(folder, ONE, b'{"account": "K\xc3\xa4se"}')
    leave(folder, TWO)

    rows = store(folder)

    assert rows.newest() == [
        RunRow(TWO, FIRST_OF_MAY + 86_400, MACHINE, str(folder.runs / TWO), None),
        RunRow(ONE, FIRST_OF_MAY, MACHINE, str(folder.runs / ONE), '{"account": "Käse"}'),
    ]
    (line,) = caplog.messages
    assert line.startswith("Taken over from an earlier version into the store at ")
    assert line.endswith(": 2 runs (the files stay in runs)")
    assert (folder.runs / ONE / "report.json").exists()


def test_the_folders_are_not_listed_a_second_time(store, folder, caplog):
    leave(folder, ONE)
    store(folder)
    leave(folder, TWO)

    assert store(folder).names() == [ONE]
    assert len(caplog.messages) == 1


def test_a_folder_that_was_made_for_a_store_is_never_listed(store, folder, caplog):
    folder.make_run()

    assert store(folder).names() == []
    assert caplog.messages == []


def test_without_runs_nothing_is_made(store, folder):
    store(folder)
    assert not folder.runs.exists()
    assert not folder.runs_mark.exists()


def test_each_machine_brings_its_own(postgres, opened, tmp_path):
    url, key = postgres.new_url(), Fernet.generate_key().decode()
    for name, run in (("one", ONE), ("two", TWO)):
        folder = DataFolder(tmp_path / name)
        leave(folder, run)
        rows = RunRows(opened(open_store(StorePlace(folder, url, key=key))))
    assert rows.names() == [TWO, ONE]


def test_a_crash_in_between_loses_nothing_and_counts_nothing_twice(
    store, folder, monkeypatch, caplog
):
    for second in range(5):
        leave(folder, f"20260501T04000{second}Z-000001")
    monkeypatch.setattr(older_runs, "_AT_ONCE", 2)
    with monkeypatch.context() as broken:
        broken.setattr(older_runs, "usable", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            store(folder)

    assert len(store(folder).names()) == 5
    assert caplog.messages == []


def test_a_run_that_is_in_the_store_already_stays_as_it_is(store, folder):
    store(folder).put(RunRow(ONE, 5.0, "pod-1", "/data", "a report"))
    leave(folder, ONE)

    assert store(folder).read(ONE).report == "a report"


@pytest.mark.parametrize("report", [b"\xff\xfe", b'{"a": "\0"}', b""])
def test_a_damaged_report_is_taken_over_as_one(store, folder, report):
    leave(folder, ONE, report)

    text = store(folder).read(ONE).report

    assert text is not None
    assert "\0" not in text


def test_what_is_no_file_and_what_a_link_leads_to_is_no_report(store, folder, tmp_path):
    (leave(folder, ONE) / "report.json").mkdir()
    (tmp_path / "secret").write_text("of somebody")
    (leave(folder, TWO) / "report.json").symlink_to(tmp_path / "secret")

    assert [row.report for row in store(folder).newest()] == ["", ""]


def test_what_is_no_folder_of_a_run_is_passed_over(store, folder, tmp_path):
    leave(folder, "99999999T999999Z-abcdef")
    leave(folder, f"{ONE}.bak")
    (folder.runs / TWO).write_text("a file where a folder should be")
    (folder.runs / ONE).symlink_to(tmp_path)

    assert store(folder).names() == []


def test_a_folder_that_cannot_be_listed_is_said(store, folder):
    folder.path.mkdir()
    folder.runs.write_text("a file where a folder should be")

    with pytest.raises(StorageError, match=r"data_dir: .*runs cannot be used \(Not a directory\)"):
        store(folder)
