"""Changing the key of a shared store."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from target_constant_contact.exceptions import SettingsError, TryLaterError
from target_constant_contact.store import standstill
from target_constant_contact.store.cipher import Cipher
from target_constant_contact.store.connections import ConnectionRows
from target_constant_contact.store.postgres import PostgresServer
from target_constant_contact.store.rotation import rotate
from target_constant_contact.store.sqlite import SqliteFile
from tests.support.stored import KEY, NEW_KEY, OTHER_KEY, fill, rows_in


@pytest.fixture
def machine(opened, postgres):
    """Connect to one filled store, as a machine with these keys."""
    url = postgres.new_url()
    fill(opened(PostgresServer(url)))

    def connected(keys):
        database = opened(PostgresServer(url))
        database.cipher = Cipher(keys)
        return database

    return connected


def test_the_old_key_can_go_afterwards(machine):
    before = rows_in(machine(KEY))
    assert rotate(machine(f"{NEW_KEY},{KEY}")) == (3, 3, [])
    assert rows_in(machine(NEW_KEY)) == before
    assert {row["document"] for row in rows_in(machine(KEY))["connections"]} == {None}


def test_what_the_first_key_opens_stays_as_it_is(machine):
    both = machine(f"{NEW_KEY},{KEY}")
    rotate(both)
    assert rotate(both) == (0, 3, [])


def test_nothing_is_written_where_a_secret_cannot_be_opened(machine):
    with pytest.raises(SettingsError, match="does not open connection 'shop' in the store at"):
        rotate(machine(f"{NEW_KEY},{OTHER_KEY}"))
    assert rows_in(machine(KEY))["secrets"][0]["value"]


def test_what_a_lost_key_has_encrypted_can_be_removed_and_nothing_else(machine):
    with_both = machine(f"{KEY},{NEW_KEY}")
    rows = ConnectionRows(with_both, Cipher(NEW_KEY))
    with rows.lock("new", 5):
        rows.write("new", {"name": "new"})
    removed = ["connection 'shop'", "connection 'shop-é'", "the ledger key"]
    assert rotate(machine(NEW_KEY), forget=True) == (0, 1, removed)
    left = rows_in(machine(NEW_KEY))
    assert [row["name"] for row in left["connections"]] == ["new"]
    assert not left["secrets"]


def test_a_connection_that_is_being_renewed_is_left_alone(machine, monkeypatch):
    monkeypatch.setattr(standstill, "_RENEWAL_SECONDS", 0.1)
    both = machine(f"{NEW_KEY},{KEY}")
    busy = pytest.raises(TryLaterError, match="connection 'shop-é' is being used")
    with machine(KEY).lock("connection shop-é", 5), busy:
        rotate(both)
    assert rotate(both) == (2, 3, [])


def test_a_token_that_arrives_meanwhile_can_still_be_stored(machine):
    """Its owner had lost the lock when the keys were changed; it cannot be had again."""
    database = machine(KEY)
    rows = ConnectionRows(database, database.cipher)
    with rows.lock("shop", 5):
        rows.read("shop")
        with rows._held["shop"].transaction() as connection:
            connection.execute(text("SELECT pg_advisory_unlock_all()"))
        rotate(machine(f"{NEW_KEY},{KEY}"))
        rows.write("shop", {"name": "shop", "token": "next"}, insist=True)
    assert ConnectionRows(database, Cipher(KEY)).read("shop")["token"] == "next"


def test_in_a_file_nothing_is_encrypted(opened, file):
    database = fill(opened(SqliteFile(file)))
    before = rows_in(database)
    assert rotate(database) == (0, 0, [])
    assert rows_in(database) == before
