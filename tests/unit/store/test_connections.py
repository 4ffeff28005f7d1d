"""Rows of connections: encrypted, locked for all others, and written in order."""

from __future__ import annotations

import subprocess
import sys
import threading

import psycopg
import pytest
from cryptography.fernet import Fernet
from sqlalchemy import select, update

from target_constant_contact.exceptions import SettingsError, TryLaterError
from target_constant_contact.store import database as database_room
from target_constant_contact.store.address import key_fault
from target_constant_contact.store.cipher import Cipher
from target_constant_contact.store.connections import ConnectionRows
from target_constant_contact.store.postgres import PostgresServer
from target_constant_contact.store.schema import CONNECTIONS
from target_constant_contact.store.sqlite import SqliteFile
from target_constant_contact.store.versions import prepare
from tests.support.postgres import Postgres

KEY, OTHER_KEY = (Fernet.generate_key().decode() for _ in range(2))
TOKEN = {"refresh_token": "a-secret-token", "name": "shop"}
NEXT = {"refresh_token": "the-next-token", "name": "shop"}


@pytest.fixture
def rows(connect):
    """Make the rows of one store, as a machine of its own would."""

    def make(keys=KEY, **options):
        database = connect()
        prepare(database)
        return ConnectionRows(database, Cipher(keys) if keys else None, **options)

    return make


def store(rows, document=TOKEN, **options):
    with rows.lock("shop", 5) as held:
        assert held
        rows.read("shop")
        rows.write("shop", document, **options)


def test_a_connection_is_read_as_it_was_written_by_another_machine(rows):
    store(rows())
    assert rows().read("shop") == TOKEN
    assert rows().names() == ["shop"]
    store(rows(), NEXT)
    assert rows().read("shop") == NEXT


def test_what_was_read_before_the_lock_does_not_matter(rows):
    """As when somebody signs in anew for minutes, and runs renew the connection meanwhile."""
    store(one := rows())
    one.read("shop")
    store(rows(), NEXT)
    with one.lock("shop", 5):
        one.write("shop", TOKEN)
    assert rows().read("shop") == TOKEN


def test_there_is_none_before_the_first_one(rows):
    assert rows().read("shop") is None
    assert rows().names() == []


def test_a_connection_that_was_removed_can_be_made_again(rows):
    one = rows()
    store(one)
    with one.lock("shop", 5):
        assert one.delete("shop")
        assert not one.delete("shop")
        assert one.read("shop") is None
        one.write("shop", NEXT)
    assert rows().read("shop") == NEXT


def test_no_token_is_in_the_store_in_clear(rows):
    store(one := rows())
    query = select(CONNECTIONS.c.document)
    kept = one._database.run(lambda connection: connection.scalar(query))
    assert "a-secret-token" not in kept
    assert "shop" not in kept


def test_a_wrong_key_is_said_in_one_line(rows):
    store(one := rows())
    with pytest.raises(SettingsError) as caught:
        rows(OTHER_KEY).read("shop")
    assert str(caught.value) == (
        f"store_key does not open connection 'shop' in the store at {one.place}, which was "
        "encrypted with another key; no token was used, and nothing was changed. Set that key, or "
        "several with commas between them"
    )
    assert caught.value.exit_code == 78


def test_keys_are_changed_one_after_the_other(rows):
    store(rows(KEY))
    both = rows(f"{OTHER_KEY}, {KEY}")
    assert both.read("shop") == TOKEN
    store(both, NEXT)
    assert rows(OTHER_KEY).read("shop") == NEXT


def test_what_is_no_key_is_said_without_quoting_it():
    for wrong in ("secret", f"{KEY},secret", "", "é" * 44):
        assert key_fault(wrong).startswith("store_key is no key: ")
        assert "secret," not in key_fault(wrong)
        with pytest.raises(SettingsError, match="store_key is no key"):
            Cipher(wrong)
    assert key_fault(f"{KEY},{OTHER_KEY}") == ""


def test_a_lock_is_held_by_one_on_all_machines(rows):
    one, other = rows(), rows()
    with one.lock("shop", 1) as held:
        assert held
        with other.lock("shop", 0.3) as second:
            assert second is False
        with other.lock("another", 1) as third:
            assert third
    with other.lock("shop", 1) as held:
        assert held


def test_who_waits_for_a_lock_gets_it_when_the_other_is_done(rows):
    one, other = rows(), rows()
    got = []

    def wait():
        with other.lock("shop", 30) as held:
            got.append((held, other.read("shop")))

    with one.lock("shop", 1):
        waiting = threading.Thread(target=wait)
        waiting.start()
        one.write("shop", TOKEN)
    waiting.join(timeout=30)
    assert got == [(True, TOKEN)]


def test_an_error_under_the_lock_frees_it(rows):
    one = rows()
    with pytest.raises(KeyError), one.lock("shop", 1):
        raise KeyError
    with rows().lock("shop", 1) as held:
        assert held


def test_what_somebody_else_has_written_is_not_overwritten(rows):
    """Where a lock was lost, and nobody has noticed."""
    one = rows()
    store(one)
    with one.lock("shop", 1):
        one.read("shop")
        query = update(CONNECTIONS).values(writes=CONNECTIONS.c.writes + 1)
        other = rows()._database
        with other.transaction() as connection:
            connection.execute(query)
        with pytest.raises(TryLaterError, match="was changed by somebody else"):
            one.write("shop", NEXT)
    assert rows().read("shop") == TOKEN


LOCKS = """
import sys, time
from target_constant_contact.store.connections import ConnectionRows
from target_constant_contact.store.postgres import PostgresServer
from target_constant_contact.store.sqlite import SqliteFile
from pathlib import Path

place = sys.argv[1]
database = PostgresServer(place) if "://" in place else SqliteFile(Path(place))
with ConnectionRows(database, None).lock("shop", 5) as held:
    print(held, flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize("place", ["file", "server"])
def test_a_process_that_is_killed_frees_its_lock(request, opened, file, place):
    url = request.getfixturevalue("postgres").new_url() if place == "server" else ""
    database = opened(PostgresServer(url) if url else SqliteFile(file))
    prepare(database)
    command = [sys.executable, "-c", LOCKS, url or str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "True\n"
        mine = ConnectionRows(database, None)
        with mine.lock("shop", 0.2) as held:
            assert not held
        process.kill()
    with mine.lock("shop", 20) as held:
        assert held


# A server that is lost


@pytest.fixture
def server():
    with Postgres() as started:
        yield started


@pytest.fixture
def lost(server, opened, monkeypatch):
    """Rows whose server is killed under the lock, and started again in the second pause."""
    monkeypatch.setattr(database_room, "PAUSES", ())
    url, pauses = server.new_url(), []

    def start_again(seconds):
        pauses.append(seconds)
        if len(pauses) == 2 and not server.is_running:
            server.start()

    database = opened(PostgresServer(url))
    prepare(database)
    made = ConnectionRows(database, None, sleep=start_again)
    made.url, made.pauses = url, pauses
    return made


def test_with_the_lock_the_way_to_the_store_is_lost(lost, server):
    """So nothing is sent: that a token is going to be used could not be noted."""
    store(lost)
    with lost.lock("shop", 1):
        lost.read("shop")
        server.kill()
        server.start()
        with pytest.raises(TryLaterError, match="cannot be used"):
            lost.write("shop", NEXT)
    assert lost.read("shop") == TOKEN
    assert not lost.pauses


def test_the_next_token_is_stored_when_the_server_is_back(lost, server):
    store(lost)
    with lost.lock("shop", 1):
        lost.read("shop")
        server.kill()
        lost.write("shop", NEXT, insist=True)
    assert lost.read("shop") == NEXT
    assert len(lost.pauses) == 2


def test_the_next_token_takes_the_place_of_nobody_elses(lost, server):
    store(lost)
    with lost.lock("shop", 1):
        lost.read("shop")
        server.kill()
        server.start()
        with psycopg.connect(lost.url) as other:
            other.execute("UPDATE connections SET writes = writes + 1")
        with pytest.raises(TryLaterError, match="was changed by somebody else"):
            lost.write("shop", NEXT, insist=True)
    assert lost.read("shop") == TOKEN


def test_who_has_lost_the_lock_alone_cannot_write_either(opened, postgres):
    """Such as a connection that a firewall has cut: others may hold the lock by now."""
    name = postgres.new_database()
    database = opened(PostgresServer(postgres.url(name)))
    prepare(database)
    one = ConnectionRows(database, None)
    store(one)
    holders = "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory'"
    with one.lock("shop", 5):
        assert postgres.execute(holders, name) == [(True,)]
        assert one.read("shop") == TOKEN
        with pytest.raises(TryLaterError, match="cannot be used"):
            one.write("shop", NEXT)
    assert one.read("shop") == TOKEN


def test_in_a_file_nothing_is_left_of_the_tokens_of_a_connection_that_is_removed(tmp_path):
    """Also while a run is under way, which keeps the file beside the store open."""
    database, other = (SqliteFile(tmp_path / "store.sqlite") for _ in range(2))
    for one in (database, other):
        prepare(one)
    rows = ConnectionRows(database, None)
    store(rows)
    store(rows, NEXT)

    def kept():
        found = b"".join(path.read_bytes() for path in tmp_path.iterdir())
        return [
            one["refresh_token"] for one in (TOKEN, NEXT) if one["refresh_token"].encode() in found
        ]

    assert kept()
    with rows.lock("shop", 5):
        rows.delete("shop")
    assert kept() == []
    for one in (database, other):
        one.close()
