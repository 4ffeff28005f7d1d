"""The store on a real server, and what is said when that cannot be used."""

from __future__ import annotations

import contextlib
import itertools
import logging
import socket
import sys
import threading
import time
from urllib.parse import quote

import psycopg
import pytest
from sqlalchemy import text

from target_constant_contact.api.limits.limiter import RateLimiter
from target_constant_contact.exceptions import SettingsError, TryLaterError
from target_constant_contact.store import database as database_room
from target_constant_contact.store import driver
from target_constant_contact.store import postgres as room
from target_constant_contact.store.address import bad_option
from target_constant_contact.store.postgres import PostgresServer
from target_constant_contact.store.schema import VERSION
from target_constant_contact.store.slots import Slots
from target_constant_contact.store.versions import prepare
from tests.support.postgres import PASSWORD, Postgres


@pytest.fixture
def failure(opened):
    """The error of a store that cannot be used, and the pauses that were made before."""

    def fail(url, schema=None):
        pauses = []
        with pytest.raises((SettingsError, TryLaterError)) as caught:
            prepare(opened(PostgresServer(url, schema, sleep=pauses.append)))
        error = caught.value
        chain = [error, error.__cause__, error.__context__]
        assert not [e for e in chain if e and (PASSWORD in str(e) or quote(PASSWORD, "") in str(e))]
        return error, pauses

    return fail


# Slots


def test_slots_are_told_by_the_servers_clock(machine):
    database = machine()
    before = database.run(database.now)
    slot = Slots(database).reserve("key", 0.26, 10)
    assert before <= slot.asked_at <= database.run(database.now)


def test_slots_of_several_machines_are_an_interval_apart(machine):
    stores = [Slots(machine()) for _ in range(3)]
    times = [store.reserve("key", 10.0, 100).time for _ in range(4) for store in stores]
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert gaps == pytest.approx([10.0] * 11, abs=1e-5)


def test_who_waited_for_another_takes_its_slot_and_the_time_after_it(machine, url):
    """The row is looked at, and the clock, when the other is done; not when the statement began."""
    slots = Slots(machine())
    slots.reserve("key", 0.26, 100)
    got = []
    asking = threading.Thread(target=lambda: got.append(slots.reserve("key", 0.26, 100)))
    with psycopg.connect(url) as other:
        query = "UPDATE slots SET last = last + 50, used = used + 7 RETURNING last"
        (last,) = other.execute(query).fetchone()
        asking.start()
        asking.join(timeout=0.5)
        assert asking.is_alive()
        (committed,) = other.execute("SELECT extract(epoch FROM clock_timestamp())").fetchone()
        other.commit()
        asking.join(timeout=30)
    (slot,) = got
    assert slot.time == pytest.approx(last + 0.26, abs=1e-5)
    assert slot.used == 9
    assert slot.asked_at >= float(committed)


def test_a_machine_whose_clock_is_wrong_waits_for_the_right_time(machine):
    """What it waits comes from the server's answer: slot minus now."""
    one = Slots(machine(), clock=lambda: time.monotonic() - 50_000)
    one.postpone("key", 0.26, 30)
    slot = one.reserve("key", 0.26, 10)
    assert slot.time - slot.asked_at == pytest.approx(30, abs=1)
    assert slot.due - one.clock() == pytest.approx(slot.time - slot.asked_at, abs=1)


def test_the_first_answer_is_taken_to_be_from_the_middle_of_its_time(machine):
    """The server tells 1,000 at some moment between 4 and 5."""
    one = Slots(machine(clock=lambda: 1_000.0), clock=iter([4.0, 5.0]).__next__)
    assert one.reserve("key", 0.26, 10).due == pytest.approx(4.5)


def test_an_answer_that_was_held_up_does_not_move_a_slot(machine):
    """A quick answer, then one that took two seconds, on whichever way."""
    clock = iter([4.5, 4.502, 5.5, 7.5]).__next__
    one = Slots(machine(clock=iter([1_000.0, 1_001.0]).__next__), clock=clock)
    one.reserve("key", 0.26, 10)
    assert one.reserve("key", 0.26, 10).due == pytest.approx(5.5, abs=0.002)


def test_a_server_clock_that_jumps_is_followed(machine):
    clock = iter([4.0, 4.002, 5.0, 5.002]).__next__
    one = Slots(machine(clock=iter([1_000.0, 9_000.0]).__next__), clock=clock)
    one.reserve("key", 0.26, 10)
    assert one.reserve("key", 0.26, 10).due == pytest.approx(5, abs=0.003)


def test_a_limiter_passes_when_the_servers_time_has_come(machine):
    one = RateLimiter(Slots(machine()), "key", requests_per_second=10)
    one.acquire()
    one.penalize(0.5)
    started = time.monotonic()
    one.acquire()
    assert 0.45 < time.monotonic() - started < 10
    assert one.used_today() == 2


def test_the_key_is_hashed_on_the_server(machine, url):
    RateLimiter(Slots(machine()), "client-id-0815").acquire()
    with psycopg.connect(url) as other:
        ((key,),) = other.execute("SELECT key FROM slots").fetchall()
    assert "client-id" not in key
    assert len(key) == 64


def test_the_tables_are_in_the_schema_of_the_settings(url, opened):
    prepare(database := opened(PostgresServer(url, "Mine")))
    assert Slots(database).reserve("key", 0.26, 10).granted
    query = "SELECT schemaname, tablename FROM pg_tables WHERE tablename IN ('store', 'slots')"
    with psycopg.connect(url) as other:
        found = other.execute(query).fetchall()
    assert sorted(found) == [("Mine", "slots"), ("Mine", "store")]


# A server that cannot be used


@pytest.fixture
def own_server():
    """A server that the test may end."""
    with Postgres() as server:
        yield server


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_server_that_comes_back_is_asked_again(own_server, opened, end):
    """The run goes on; a pause is not yet a failure. What was counted is still known."""
    pauses = []

    def start_again(seconds):
        pauses.append(seconds)
        if len(pauses) == 2:
            own_server.start()

    database = opened(PostgresServer(own_server.new_url(), sleep=start_again))
    prepare(database)
    slots = Slots(database)
    slots.reserve("key", 0.26, 10)
    getattr(own_server, end)()
    assert slots.reserve("key", 0.26, 10).used == 2
    assert pauses == [0.25, 0.5]


def test_a_server_that_is_lost_is_named_in_one_line(own_server, opened):
    pauses = []
    database = opened(PostgresServer(own_server.new_url(), sleep=pauses.append))
    prepare(database)
    own_server.kill()
    with pytest.raises(TryLaterError, match=r"^the store at 127.0.0.1:\d+/test_1 cannot be used"):
        Slots(database).used_today("key")
    assert pauses == list(database_room.PAUSES)
    with pytest.raises(TryLaterError, match="nothing is sent without it"), database.transaction():
        raise AssertionError


def test_a_server_that_cannot_be_reached_is_named_without_its_password(failure):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        login = f"someone:{quote(PASSWORD, '')}"
        error, pauses = failure(f"postgresql://{login}@127.0.0.1:{port}/d")
    assert str(error) == (
        f"the store at 127.0.0.1:{port}/d cannot be used (Connection refused); nothing is "
        "sent without it. Check that the server is up and that store_url is right, and run again"
    )
    assert error.exit_code == 75
    assert pauses == [0.25, 0.5, 1.0, 2.0]


def test_a_socket_that_is_not_there_is_named(failure, tmp_path):
    error, _ = failure(f"postgresql:///d?host={tmp_path}")
    assert str(error).startswith(f"the store at {tmp_path}:5432/d cannot be used")


def test_a_server_that_does_not_answer_is_not_waited_for(failure, monkeypatch):
    monkeypatch.setattr(room, "_CONNECT_SECONDS", 1)
    monkeypatch.setattr(database_room, "PAUSES", ())
    with socket.create_server(("127.0.0.1", 0)) as silent:
        error, _ = failure(f"postgresql://127.0.0.1:{silent.getsockname()[1]}/d")
    assert "cannot be used (connection timeout expired)" in str(error)


def test_a_row_that_somebody_holds_is_not_waited_for_without_end(machine, url, monkeypatch):
    monkeypatch.setattr(driver, "STATEMENT_SECONDS", 1)
    slots = Slots(machine(sleep=lambda _: None))
    slots.reserve("key", 0.26, 10)
    monkeypatch.setattr(database_room, "PAUSES", ())
    with psycopg.connect(url) as other:
        other.execute("UPDATE slots SET used = 0")
        with pytest.raises(TryLaterError, match=r"cannot be used \(QueryCanceled 57014\)"):
            slots.reserve("key", 0.26, 10)


def test_a_server_with_no_connection_left_is_a_reason_to_try_later(postgres, failure):
    name = postgres.new_database()
    postgres.execute(f"CREATE ROLE few_{name} LOGIN PASSWORD 'pw' CONNECTION LIMIT 0")
    error, pauses = failure(postgres.url(name, f"few_{name}", "pw"))
    assert f'cannot be used (too many connections for role "few_{name}"); nothing' in str(error)
    assert error.exit_code == 75
    assert len(pauses) == 4


def test_a_server_that_is_full_says_so(own_server, failure, monkeypatch):
    monkeypatch.setattr(database_room, "PAUSES", ())
    name = own_server.new_database()
    own_server.execute("CREATE ROLE someone LOGIN PASSWORD 'pw'")
    with contextlib.ExitStack() as others:
        with contextlib.suppress(psycopg.OperationalError):
            while True:
                others.enter_context(psycopg.connect(own_server.url(name, "someone", "pw")))
        error, _ = failure(own_server.url(name, "someone", "pw"))
    assert "cannot be used (remaining connection slots are reserved for " in str(error)
    assert error.exit_code == 75


@pytest.mark.parametrize(
    ("database", "user", "password", "words"),
    [
        ("", "postgres", "wrong-horse", 'password authentication failed for user "postgres"'),
        ("", "nobody-known", PASSWORD, 'password authentication failed for user "nobody-known"'),
        ("nowhere", "postgres", PASSWORD, 'database "nowhere" does not exist'),
        ("", "postgres", "", "fe_sendauth: no password supplied"),
    ],
)
def test_a_login_that_the_server_refuses_is_a_fault_of_the_settings(
    postgres, failure, database, user, password, words
):
    database = database or postgres.new_database()
    error, pauses = failure(postgres.url(database, user, password))
    assert str(error) == (
        f"store_url: the server at 127.0.0.1:{postgres.port}/{database} refuses this login "
        f"({words}); correct user, password and database, or let the server's pg_hba.conf admit "
        "them"
    )
    assert error.exit_code == 78
    assert pauses == []


def test_a_connection_that_is_not_as_safe_as_asked_for_is_a_fault_of_the_settings(
    postgres, failure
):
    error, pauses = failure(f"{postgres.url()}?sslmode=require")
    assert str(error) == (
        f"store_url: the connection to 127.0.0.1:{postgres.port}/postgres is not as safe as "
        "sslmode asks (does not support SSL); correct sslmode and sslrootcert, or the server's "
        "certificate"
    )
    assert error.exit_code == 78
    assert pauses == []


@pytest.fixture
def guest(postgres):
    """A user without rights, and a database that it may connect to."""
    name = postgres.new_database()
    postgres.execute(f"CREATE ROLE guest_{name} LOGIN PASSWORD 'a password'")
    postgres.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC", name)
    return name, f"guest_{name}", postgres.url(name, f"guest_{name}", "a password")


def granted_by(error):
    assert error.exit_code == 78
    return str(error).partition("who may grant them run: ")[2]


def test_rights_to_make_tables_are_asked_for_with_what_grants_them(
    postgres, guest, failure, opened
):
    name, user, url = guest
    error, pauses = failure(url)
    assert str(error) == (
        f"store_url: user {user} lacks rights in the database 127.0.0.1:{postgres.port}/{name}; "
        f'let somebody who may grant them run: GRANT USAGE, CREATE ON SCHEMA public TO "{user}"'
    )
    assert pauses == []
    postgres.execute(granted_by(error), name)
    prepare(opened(PostgresServer(url)))


def test_a_schema_that_the_user_may_not_make_is_asked_for(postgres, guest, failure, opened):
    name, user, url = guest
    error, _ = failure(url, "mine")
    assert granted_by(error) == f'CREATE SCHEMA "mine" AUTHORIZATION "{user}"'
    postgres.execute(granted_by(error), name)
    prepare(opened(PostgresServer(url, "mine")))


def test_a_schema_of_somebody_else_is_asked_for(postgres, guest, failure, opened):
    name, _, url = guest
    postgres.execute("CREATE SCHEMA theirs", name)
    error, _ = failure(url, "theirs")
    postgres.execute(granted_by(error), name)
    prepare(opened(PostgresServer(url, "theirs")))


def test_tables_of_somebody_else_are_asked_for(postgres, guest, failure, opened):
    name, _, url = guest
    prepare(opened(PostgresServer(postgres.url(name))))
    error, _ = failure(url)
    assert "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public" in str(error)
    postgres.execute(granted_by(error), name)
    prepare(database := opened(PostgresServer(url)))
    assert Slots(database).reserve("key", 0.26, 10).granted


def test_a_table_of_another_program_is_left_alone(postgres, failure):
    name = postgres.new_database()
    postgres.execute("CREATE TABLE store (address text)", name)
    error, _ = failure(postgres.url(name))
    assert str(error) == (
        f"store_url: in the database 127.0.0.1:{postgres.port}/{name}, tables of the store are "
        "missing, or another program has some of their names; restore a backup, or set "
        "store_schema to a schema of its own"
    )
    assert error.exit_code == 78
    assert postgres.execute("SELECT * FROM store", name) == []


def test_another_table_beside_the_stores_is_left_alone(postgres, failure):
    name = postgres.new_database()
    postgres.execute("CREATE TABLE slots (machine text)", name)
    error, _ = failure(postgres.url(name))
    assert "another program has some of their names" in str(error)
    assert postgres.execute("SELECT to_regclass('store')", name) == [(None,)]


def test_tables_that_were_dropped_are_called_missing(postgres, opened):
    """Nobody looks for another program then."""
    name = postgres.new_database()
    prepare(database := opened(PostgresServer(postgres.url(name))))
    postgres.execute("DROP TABLE slots", name)
    with pytest.raises(SettingsError, match="tables of the store are missing"):
        Slots(database).reserve("key", 0.26, 10)


def test_a_server_that_takes_no_changes_is_a_fault_of_the_settings(postgres, failure):
    name = postgres.new_database()
    postgres.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    error, _ = failure(postgres.url(name))
    assert "takes no changes, as a standby does; name the primary one" in str(error)
    assert error.exit_code == 78


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("nonsense=1", ""),
        ("connect_timeout=soon", ""),
        ("sslmode=verify", 'invalid sslmode value: "verify"'),
    ],
)
def test_options_that_do_not_exist_are_a_fault_of_the_settings(url, failure, query, words):
    error, pauses = failure(f"{url}?{query}")
    assert error.faults == (bad_option(words),)
    assert pauses == []


def test_the_missing_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(SettingsError) as caught:
        PostgresServer("postgresql://h/d")
    assert str(caught.value) == (
        "store_url: psycopg is not installed; install target-constant-contact[postgres]"
    )


def test_no_log_of_any_level_has_the_password_or_what_is_stored(url, opened, caplog):
    with caplog.at_level(logging.DEBUG):
        database = opened(PostgresServer(url))
        prepare(database)
        Slots(database).reserve("a-key", 0.26, 10)
        database.close()
    assert PASSWORD not in caplog.text
    assert quote(PASSWORD, "") not in caplog.text
    assert "a-key" not in caplog.text


def test_a_transaction_that_fails_undoes_all_that_it_did(machine):
    database = machine()
    with pytest.raises(ZeroDivisionError), database.transaction() as connection:
        connection.scalar(text("UPDATE store SET version = 99 RETURNING 1")) / 0
    with database.transaction() as connection:
        assert connection.scalar(text("SELECT version FROM store")) == VERSION


def test_who_makes_tables_waits_for_another_who_does(opened, url):
    database = opened(PostgresServer(url))
    with psycopg.connect(url) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", [room._UPGRADE_LOCK])
        making = threading.Thread(target=prepare, args=[database])
        making.start()
        making.join(timeout=0.5)
        assert making.is_alive()
        other.commit()
        making.join(timeout=30)
    assert Slots(database).reserve("key", 0.26, 10).granted
