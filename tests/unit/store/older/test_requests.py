"""The counts of version 0.8 are taken over once."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from cryptography.fernet import Fernet

from target_constant_contact.data_folder import DataFolder
from target_constant_contact.store import opening
from target_constant_contact.store.older import requests
from target_constant_contact.store.opening import open_store
from target_constant_contact.store.place import StorePlace
from target_constant_contact.store.schema import SLOTS
from target_constant_contact.store.slots import Slots
from target_constant_contact.store.sqlite import SqliteFile
from target_constant_contact.store.versions import prepare
from tests.support.limiting import NOON, Time

# As version 0.8 has made them.
TABLES = """
    CREATE TABLE slots (key TEXT PRIMARY KEY, last REAL NOT NULL);
    CREATE TABLE asked (key TEXT PRIMARY KEY, at REAL NOT NULL);
    CREATE TABLE days (key TEXT, day TEXT, used INTEGER NOT NULL, PRIMARY KEY (key, day));
"""


@pytest.fixture
def folder(tmp_path):
    return DataFolder(tmp_path)


@pytest.fixture
def time():
    return Time()


def leave_counts(folder, *, days=(("2026-08-01", 9_000), ("2026-07-31", 70), ("2026-07-30", 6))):
    with closing(sqlite3.connect(folder.requests)) as file, file:
        file.executescript(TABLES)
        file.execute("INSERT INTO slots VALUES ('key', ?), ('other', ?)", [NOON + 3, NOON - 9])
        file.execute("INSERT INTO asked VALUES ('key', ?)", [NOON])
        rows = [*(("key", *day) for day in days), ("other", "2026-08-01", 5)]
        file.executemany("INSERT INTO days VALUES (?, ?, ?)", rows)
    folder.requests.chmod(0o600)


@pytest.fixture(params=["file", "server"])
def store(request, folder, time, opened, monkeypatch):
    """Open the store of a data folder as a run does, at noon."""
    url = request.getfixturevalue("postgres").new_url() if request.param == "server" else None
    connect = opening._database

    def at_noon(*arguments):
        database = connect(*arguments)
        database.clock = time.clock
        return opened(database)

    monkeypatch.setattr(opening, "_database", at_noon)
    return lambda: open_store(StorePlace(folder, url, key=Fernet.generate_key().decode()))


def test_the_counts_of_an_earlier_version_go_on(store, folder, time, caplog):
    leave_counts(folder)
    slots = Slots(store(), time.clock)
    assert slots.used_today("key") == 9_000
    assert slots.used_today("other") == 5
    time.now -= 86_400
    assert slots.used_today("key") == 70
    time.now += 86_400
    assert slots.reserve("key", 0.26, 10_000).time - NOON == pytest.approx(3.26, abs=1e-5)
    (line,) = caplog.messages
    assert line.startswith("Taken over from an earlier version into the store at ")
    assert line.endswith(": the request counts (requests.sqlite is now requests.sqlite.old)")
    names = {path.name for path in folder.path.iterdir() if "store" not in path.name}
    assert names == {"requests.sqlite.old"}


def test_what_is_taken_over_is_taken_over_once(store, folder, caplog):
    leave_counts(folder)
    Slots(store()).reserve("key", 0.26, 10_000)
    assert Slots(store()).used_today("key") == 9_001
    assert len(caplog.messages) == 1


def test_a_process_of_the_earlier_version_beside_takes_nothing_back(store, folder):
    """What it has counted of today is taken over too, unless the store has counted more."""
    leave_counts(folder)
    Slots(store()).reserve("key", 0.26, 10_000)
    leave_counts(folder, days=[("2026-08-01", 40)])
    assert Slots(store()).used_today("key") == 9_001
    leave_counts(folder, days=[("2026-08-01", 9_500)])
    assert Slots(store()).used_today("key") == 9_500


def test_a_crash_before_the_file_is_put_aside_counts_nothing_twice(store, folder, monkeypatch):
    leave_counts(folder)
    with monkeypatch.context() as broken:
        broken.setattr(requests, "usable", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            store()
    assert Slots(store()).used_today("key") == 9_000


def test_counts_that_cannot_be_read_are_said_and_put_aside(store, folder, caplog):
    folder.requests.write_bytes(b"no database at all" * 100)
    assert Slots(store()).used_today("key") == 0
    (line,) = caplog.messages
    assert f"in {folder.requests} cannot be read (file is not a database)" in line
    assert not folder.requests.exists()


@pytest.mark.parametrize("day", ["2026-08-0x", b"2026-08-01"])
def test_counts_of_no_day_are_said_and_put_aside(store, folder, caplog, day):
    leave_counts(folder, days=[(day, 5)])
    assert Slots(store()).used_today("key") == 0
    assert "cannot be read" in caplog.text
    assert not folder.requests.exists()


def test_a_link_is_not_followed(store, folder, tmp_path_factory):
    elsewhere = DataFolder(tmp_path_factory.mktemp("elsewhere"))
    leave_counts(elsewhere)
    folder.requests.symlink_to(elsewhere.requests)
    assert Slots(store()).used_today("key") == 0
    assert elsewhere.requests.exists()
    assert folder.requests.is_symlink()


def test_all_columns_are_taken_over(folder, opened):
    leave_counts(folder)
    prepare(database := opened(SqliteFile(folder.store)))
    requests.take_over_requests(database, folder)
    rows = database.run(lambda connection: connection.execute(SLOTS.select()).all())
    today = NOON // 86_400
    assert sorted(map(tuple, rows)) == [
        ("key", NOON + 3, NOON, today, 9_000, today - 1, 70),
        ("other", NOON - 9, NOON - 9, today, 5, 0, 0),
    ]
