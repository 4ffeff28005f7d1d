"""Tables are made once, upgraded, and left alone when a newer program has made them."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from sqlalchemy import func, select, update

from target_constant_contact.exceptions import SettingsError
from target_constant_contact.store import versions
from target_constant_contact.store.schema import METADATA, SINCE, STORE, VERSION
from target_constant_contact.store.versions import prepare
from tests.support import forks
from tests.support.process import environment

OPENS = """
import sys
from pathlib import Path
from cryptography.fernet import Fernet
from target_constant_contact.data_folder import DataFolder
from target_constant_contact.store.opening import open_store
from target_constant_contact.store.place import StorePlace
from target_constant_contact.store.slots import Slots
# All that takes long, so that they begin at once.
import psycopg, sqlalchemy.dialects.postgresql, sqlalchemy.dialects.sqlite
import target_constant_contact.store.postgres, target_constant_contact.store.sqlite

folder, url, schema = sys.argv[1:]
print("ready", flush=True)
sys.stdin.readline()
key = Fernet.generate_key().decode()
database = open_store(StorePlace(DataFolder(Path(folder)), url or None, schema or None, key))
print(Slots(database).reserve("key", 0.01, 100).used)
database.close()
"""


def rows(database, table):
    return database.run(lambda connection: connection.execute(select(table)).all())


def test_a_new_store_has_its_tables_and_one_version(connect):
    database = connect()
    prepare(database)
    assert rows(database, STORE) == [(VERSION,)]
    for table in METADATA.tables.values():
        rows(database, table)


def test_a_store_is_opened_again_as_it_is(connect):
    prepare(connect())
    prepare(other := connect())
    assert rows(other, STORE) == [(VERSION,)]


def test_a_newer_store_is_refused_and_left_alone(connect):
    database = connect()
    prepare(database)
    database.run(lambda connection: connection.execute(update(STORE).values(version=99)))
    with pytest.raises(SettingsError) as caught:
        prepare(connect())
    assert str(caught.value) == (
        f"the store at {database.place} has version 99, and this program knows {VERSION}: a newer "
        "one has used it. Install the newest target-constant-contact here, too"
    )
    assert caught.value.exit_code == 78
    assert rows(database, STORE) == [(99,)]


def test_an_older_store_is_led_to_the_newest_version_step_by_step(connect, monkeypatch):
    steps = []
    prepare(connect())
    monkeypatch.setattr(versions, "VERSION", VERSION + 2)
    done = (lambda _: steps.append("one"), lambda _: steps.append("two"))
    monkeypatch.setattr(versions, "UPGRADES", (*versions.UPGRADES, *done))
    prepare(database := connect())
    prepare(connect())
    assert steps == ["one", "two"]
    assert rows(database, STORE) == [(VERSION + 2,)]


def test_a_store_of_version_1_gets_the_tables_that_came_later(connect):
    prepare(database := connect())

    def take_back(connection):
        for table in SINCE:
            table.drop(connection)
        connection.execute(update(STORE).values(version=1))

    database.run(take_back)
    prepare(connect())
    assert rows(database, STORE) == [(VERSION,)]
    assert [rows(database, table) for table in METADATA.tables.values() if table is not STORE] == [
        [] for _ in range(len(METADATA.tables) - 1)
    ]


def test_there_is_an_upgrade_to_each_version():
    assert len(versions.UPGRADES) == VERSION - 1


def test_an_upgrade_that_fails_leaves_the_store_as_it_was(connect, monkeypatch):
    def fails(connection):
        connection.execute(STORE.delete())
        raise SettingsError(["no"])

    prepare(database := connect())
    monkeypatch.setattr(versions, "VERSION", VERSION + 1)
    monkeypatch.setattr(versions, "UPGRADES", (*versions.UPGRADES, fails))
    with pytest.raises(SettingsError):
        prepare(connect())
    assert rows(database, STORE) == [(VERSION,)]


@pytest.mark.parametrize(
    ("place", "schema"), [("file", ""), ("server", ""), ("server", "my_store")]
)
def test_eight_processes_that_open_a_new_store_at_once_make_one(request, tmp_path, place, schema):
    url = request.getfixturevalue("postgres").new_url() if place == "server" else ""
    command = [sys.executable, "-c", OPENS, str(tmp_path / "data"), url, schema]
    running = [
        forks.started(
            command,
            environment(tmp_path),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(8)
    ]
    for process in running:
        assert process.stdout.readline() == "ready\n"
    for process in running:
        process.stdin.write("\n")
        process.stdin.flush()
    outputs = [process.communicate(timeout=60) for process in running]
    assert [error for _, error in outputs if error] == []
    assert sorted(json.loads(text) for text, _ in outputs) == [*range(1, 9)]


def test_the_version_is_one_row(connect):
    prepare(connect())
    database = connect()
    count = select(func.count()).select_from(STORE)
    assert database.run(lambda connection: connection.scalar(count)) == 1
