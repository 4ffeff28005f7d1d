"""Connections to a server that do not wait for ever."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import text

from target_constant_contact.exceptions import TryLaterError
from target_constant_contact.store import database as database_room
from target_constant_contact.store import driver
from target_constant_contact.store.postgres import PostgresServer
from target_constant_contact.store.versions import prepare
from tests.support.postgres import Postgres


def test_a_server_that_stands_still_is_not_waited_for_without_end(monkeypatch):
    """Its system takes what is sent to it, so all seems to be well."""
    monkeypatch.setattr(database_room, "PAUSES", ())
    monkeypatch.setattr(driver.PatientConnection, "patience", 0.5)
    with Postgres() as server:
        database = PostgresServer(server.new_url())
        database.run(lambda connection: connection.execute(text("SELECT 1")))
        server.freeze()
        with pytest.raises(TryLaterError, match=r"cannot be used \(the server does not answer\)"):
            database.run(lambda connection: connection.execute(text("SELECT 1")))
        server.thaw()
        assert database.run(lambda connection: connection.scalar(text("SELECT 2"))) == 2
        database.close()


def test_what_a_database_sets_for_others_breaks_no_lock_and_no_promise(postgres, opened):
    name = postgres.new_database()
    for setting in (
        *("statement_timeout = 500", "idle_session_timeout = 500", "synchronous_commit = off"),
        "default_transaction_isolation = 'serializable'",
    ):
        postgres.execute(f"ALTER DATABASE {name} SET {setting}")
    database = opened(PostgresServer(postgres.url(name)))
    prepare(database)
    names = ("synchronous_commit", "transaction_isolation", "idle_session_timeout")
    with database.lock("export", 0) as held:
        time.sleep(0.6)
        with held.transaction() as connection:
            found = [connection.scalar(text(f"SHOW {name}")) for name in names]
    assert found == ["on", "read committed", "0"]


def test_a_database_that_gives_texts_as_bytes_to_others_gives_texts(postgres, opened):
    name = postgres.new_database()
    postgres.execute(f"ALTER DATABASE {name} SET client_encoding = 'SQL_ASCII'")
    database = opened(PostgresServer(postgres.url(name)))
    prepare(database)
    found = database.run(lambda connection: connection.scalar(text("SELECT 'Zo\u00eb'")))
    assert found == "Zo\u00eb"


def test_a_database_that_waits_for_more_than_its_own_disk_goes_on_doing_so(postgres, opened):
    name = postgres.new_database()
    postgres.execute(f"ALTER DATABASE {name} SET synchronous_commit = remote_apply")
    database = opened(PostgresServer(postgres.url(name)))
    shown = text("SHOW synchronous_commit")
    assert database.run(lambda connection: connection.scalar(shown)) == "remote_apply"


def test_a_machine_that_is_gone_without_a_word_loses_its_locks_within_half_a_minute(machine):
    names = ("tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_keepalives_count")
    with machine().lock("export", 0) as held, held.transaction() as connection:
        idle, interval, count = (int(connection.scalar(text(f"SHOW {name}"))) for name in names)
    assert idle + interval * count <= 30
