"""What is in a store, told without a key."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from target_constant_contact.data_folder import DataFolder
from target_constant_contact.exceptions import SettingsError
from target_constant_contact.store.place import StorePlace
from target_constant_contact.store.postgres import PostgresServer
from target_constant_contact.store.schema import SLOTS, STORE, VERSION
from target_constant_contact.store.slot import DAY_SECONDS
from target_constant_contact.store.sqlite import SqliteFile
from target_constant_contact.store.survey import survey
from tests.support.stored import KEY, NEW_KEY, fill, rows_in


@pytest.fixture(params=["file", "server", "server with a schema"])
def place(request, tmp_path):
    folder = DataFolder(tmp_path / "data")
    if request.param == "file":
        return StorePlace(folder)
    url = request.getfixturevalue("postgres").new_url()
    return StorePlace(folder, url, "my_store" if "schema" in request.param else None, KEY)


@pytest.fixture
def database(place, opened):
    return opened(
        PostgresServer(place.url, place.schema) if place.url else SqliteFile(place.folder.store)
    )


def test_what_is_there_is_counted(place, database):
    rows = rows_in(fill(database))
    found = survey(place)
    assert found.rows == {name: len(of) for name, of in rows.items()}
    assert found.version == VERSION
    assert found.server.startswith("PostgreSQL 1" if place.url else "SQLite 3.")
    assert 10_000 < found.bytes < 1_000_000
    assert found.runs_unfinished == 1
    assert found.oldest_run == found.newest_run == "2026-09-21T14:13:20+00:00"
    (one,) = found.interrupted
    assert (one.export, one.runs, one.imports) == ("nightly", ["20260921T000000Z-aaaaaa"], 3)


def test_the_requests_of_today_are_told_and_no_others(place, database):
    fill(database)
    with database.transaction() as connection:
        today = int(database.now(connection) // DAY_SECONDS)
        row = {"last": 1.0, "asked": 1.0, "day": today, "used": 7, "other_day": 0, "other_used": 1}
        tomorrow = {"day": today + 1, "used": 1, "other_day": today, "other_used": 5}
        connection.execute(SLOTS.insert().values(row | {"key": "a" * 64}))
        connection.execute(SLOTS.insert().values(row | {"key": "b" * 64} | tomorrow))
    assert survey(place).requests_today == {"a" * 8: 7, "b" * 8: 5}


def test_secrets_are_counted_by_the_key_that_opens_them(place, database):
    fill(database)
    if not place.url:
        assert survey(place).secrets is None
        return

    def counted(keys):
        return survey(StorePlace(place.folder, place.url, place.schema, keys)).secrets

    assert counted(KEY) == {"first_key": 3, "older_key": 0, "no_key": 0}
    assert counted(f"{NEW_KEY},{KEY}") == {"first_key": 0, "older_key": 3, "no_key": 0}
    assert counted(NEW_KEY) == counted(None) == {"first_key": 0, "older_key": 0, "no_key": 3}


def test_where_there_is_none_none_is_made(place, database):
    assert survey(place) is None
    assert not place.folder.path.exists()
    if place.url:
        with database.transaction() as connection:
            assert not database.has_tables(connection)


def test_a_newer_one_is_refused(place, database):
    fill(database)
    with database.transaction() as connection:
        connection.execute(update(STORE).values(version=VERSION + 1))
    with pytest.raises(
        SettingsError, match=f"version {VERSION + 1}, and this program knows {VERSION}"
    ):
        survey(place)
