"""Locks of a server, and what stands between it and who takes them."""

from __future__ import annotations

import psycopg
import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

from target_constant_contact.exceptions import SettingsError
from target_constant_contact.store import driver
from target_constant_contact.store import postgres as room
from target_constant_contact.store.postgres import PostgresServer
from target_constant_contact.store.versions import prepare


def test_a_lock_is_waited_for_longer_than_any_answer(machine, monkeypatch):
    monkeypatch.setattr(driver.PatientConnection, "patience", 0.3)
    with machine().lock("export", 0), machine().lock("export", 1) as held:
        assert held is None


def test_whoever_names_the_schema_and_whoever_has_it_by_default_keep_each_other_out(url, machine):
    prepare(named := PostgresServer(url, "public"))
    with machine().lock("export", 0), named.lock("export", 0) as held:
        assert held is None
    named.close()


@pytest.fixture
def pooler(monkeypatch):
    """As if one were between: it tells other numbers of sessions than the server."""
    other = property(lambda _info: -1)
    monkeypatch.setattr(psycopg.ConnectionInfo, "backend_pid", other)


@pytest.mark.usefixtures("pooler")
def test_a_pooler_that_gives_a_connection_to_several_is_refused_as_no_lock_holds_there(
    url, opened, monkeypatch
):
    monkeypatch.setattr(
        room,
        "create_engine",
        lambda url, connect_args, **_: create_engine(
            url, connect_args=connect_args, poolclass=StaticPool
        ),
    )
    prepare(database := opened(PostgresServer(url)))
    with (
        pytest.raises(SettingsError, match="pool_mode = transaction, so no lock would hold"),
        database.lock("export", 0),
    ):
        pass


@pytest.mark.usefixtures("pooler")
def test_a_pooler_that_leaves_a_connection_to_whoever_has_it_is_as_good_as_the_server(machine):
    with machine().lock("export", 0) as first, machine().lock("export", 0) as second:
        assert first
        assert second is None
