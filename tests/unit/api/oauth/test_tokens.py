"""Stored connections: one chain of tokens, whichever process renews it, whatever is lost."""

from __future__ import annotations

import contextlib
import json
import resource
import threading
from dataclasses import asdict, replace

import pytest
import requests
from cryptography.fernet import Fernet
from sqlalchemy import update

from target_constant_contact.api.oauth import tokens
from target_constant_contact.api.oauth.connection import (
    Agreement,
    Application,
    Connection,
    fingerprint,
    name_fault,
)
from target_constant_contact.api.oauth.credentials import Credentials
from target_constant_contact.api.oauth.grants import AuthorizationServer
from target_constant_contact.api.oauth.renewal import ConnectionToken
from target_constant_contact.api.oauth.tokens import StoredConnections, open_connections
from target_constant_contact.data_folder import DataFolder
from target_constant_contact.exceptions import (
    SettingsError,
    SignInError,
    StorageError,
    TryLaterError,
)
from target_constant_contact.sandbox import Behaviour, Sandbox
from target_constant_contact.store import connections as rows_room
from target_constant_contact.store import database as database_room
from target_constant_contact.store.cipher import Cipher
from target_constant_contact.store.place import StorePlace
from target_constant_contact.store.postgres import PostgresServer
from target_constant_contact.store.schema import CONNECTIONS
from target_constant_contact.store.sqlite import SqliteFile
from target_constant_contact.store.versions import prepare
from tests.support.limiting import LimiterInMemory
from tests.support.postgres import Postgres

PUBLIC = "sandbox-public"
KEY = Fernet.generate_key().decode()

APPLICATION = Application("an-app", "secret-of-app", "https://auth.example.com")
CONNECTION = Connection(
    name="default",
    application=APPLICATION,
    refresh_token="secret-refresh",
    access_token="secret-access",
    expires_at=2_000.5,
    lifetime=1_000.0,
    refreshed_at=1_000.0,
    scope="contact_data offline_access",
    rotating=True,
    account_id="a07",
    account_name="Example Ltd.",
    agreement=Agreement("Ann", "2026-08-01T12:00:00Z", "Members leave."),
    seed="one",
    sent="two",
)
NEXT = replace(CONNECTION, refresh_token="secret-next")


@pytest.fixture
def sandbox():
    with Sandbox(behaviour=Behaviour(reuse_revokes_family=True)) as account:
        yield account


@pytest.fixture
def limiter():
    made = LimiterInMemory(requests_per_second=1_000, sleep=lambda _: None)
    yield made
    made.close()


@pytest.fixture
def own_server():
    """A server that the test may end."""
    with Postgres() as server:
        yield server


@pytest.fixture
def opened():
    """Open a store: a file, or a database at a URL; closed at the end."""
    made = []

    def make(place, key=KEY):
        database = SqliteFile(place) if place.__class__ is not str else PostgresServer(place)
        made.append(database)
        prepare(database)
        if database.kind == "postgresql":
            database.cipher = Cipher(key)
        return database

    yield make
    for each in made:
        each.close()


@pytest.fixture(params=["file", "server"])
def place(request, tmp_path):
    """An empty store, on each database."""
    if request.param == "server":
        return request.getfixturevalue("postgres").new_url()
    return tmp_path / "data" / "store.sqlite"


@pytest.fixture
def url(postgres):
    return postgres.new_url()


@pytest.fixture
def database(opened, place):
    return opened(place)


@pytest.fixture
def store(database):
    return StoredConnections(database)


@pytest.fixture
def stored(store):
    put(store, CONNECTION)
    return store


def put(store, connection):
    with store.lock(connection.name):
        store.write(connection)


def change(database, document):
    """Put a text in the place of what is stored."""
    hidden = database.cipher.hide(document) if database.cipher else document
    changed = update(CONNECTIONS).values(document=hidden)
    database.run(lambda connection: connection.execute(changed))


@contextlib.contextmanager
def read_only(database):
    """As on a full disk, or one that nobody can write to."""
    with database._engine.connect() as connection:
        driver = connection.connection.dbapi_connection
        driver.execute("PRAGMA query_only = ON")
        yield
        driver.execute("PRAGMA query_only = OFF")


# What is stored


def test_a_connection_is_read_as_it_was_written(store):
    put(store, CONNECTION)
    assert store.read("default") == CONNECTION


def test_a_connection_without_agreement_is_read_too(store):
    seeded = replace(CONNECTION, agreement=None, rotating=None)
    put(store, seeded)
    assert store.read("default") == seeded


def test_there_is_none_before_the_first_one(store):
    assert store.read("default") is None
    assert not store.has("default")
    assert store.names() == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{}",
        '"text"',
        '{"name": "default", "refresh_token": "r"}',
        '{"name": "default", "application": 5, "refresh_token": "r"}',
        '{"name": "default", "application": {"client_id": "c"}, "refresh_token": "r"}',
    ],
)
def test_a_damaged_connection_asks_to_sign_in_again(stored, database, text):
    change(database, text)
    with pytest.raises(SignInError, match="login --connection default") as caught:
        stored.read("default")
    assert stored.place in str(caught.value)
    assert stored.has("default")


@pytest.mark.parametrize(
    "members",
    [{"refresh_token": None}, {"expires_at": None}, {"lifetime": "long"}, {"agreement": [1]}],
)
def test_a_member_of_another_kind_is_damage_too(stored, database, members):
    change(database, json.dumps(asdict(CONNECTION) | members))
    with pytest.raises(SignInError, match="damaged"):
        stored.read("default")


@pytest.mark.parametrize("name", ["expires_at", "lifetime", "refreshed_at"])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), 1e18])
def test_a_time_that_no_clock_shows_is_damage_too(stored, database, name, value):
    """JSON of other programs may hold such numbers; no date can be made of them."""
    change(database, json.dumps(asdict(CONNECTION) | {name: value}))
    with pytest.raises(SignInError, match="damaged"):
        stored.read("default")


def test_members_of_later_versions_are_passed_over(stored, database):
    document = asdict(CONNECTION)
    for part in (document, document["application"], document["agreement"]):
        part["of_a_later_version"] = 5
    change(database, json.dumps(document))
    assert stored.read("default") == CONNECTION


def test_what_an_earlier_version_has_stored_lacks_members(stored, database):
    document = asdict(CONNECTION)
    kept = {name: document[name] for name in ("name", "application", "refresh_token")}
    change(database, json.dumps(kept))
    assert stored.read("default") == Connection("default", APPLICATION, "secret-refresh")


def test_a_connection_in_the_place_of_another_is_not_taken_for_it(stored, database):
    """Who can write to a database, but has no key, cannot send members to another account."""
    renamed = update(CONNECTIONS).values(name="other")
    database.run(lambda connection: connection.execute(renamed))
    assert stored.names() == ["other"]
    with pytest.raises(SignInError, match="is damaged"):
        stored.read("other")


def test_the_names_of_connections_are_listed_sorted(store):
    for name in ("b.2", "a-1", "C_3"):
        put(store, replace(CONNECTION, name=name))
    assert store.names() == ["C_3", "a-1", "b.2"]


@pytest.mark.parametrize("name", ["a", "A.b-c_1", "7", "x" * 64])
def test_such_names_will_do(name):
    assert name_fault(name) == ""


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../x", "a/b", "a\\b", "a b", ".hidden", "-x", "x" * 65, "é", "a\n"]
)
def test_no_connection_is_called_so(store, name):
    assert "connection:" in name_fault(name)
    for use in (store.has, store.read, store.remove):
        with pytest.raises(SettingsError, match="connection:"):
            use(name)
    with pytest.raises(SettingsError, match="connection:"), store.lock(name):
        pytest.fail("no such lock")


def test_a_removed_connection_is_gone(stored):
    assert stored.remove("default")
    assert stored.read("default") is None
    assert not stored.remove("default")


def test_a_removed_connection_leaves_no_token_on_the_disk(tmp_path):
    place = StorePlace(DataFolder(tmp_path))
    with open_connections(place) as store:
        put(store, replace(CONNECTION, refresh_token="secret-refresh" * 1_000))
    assert b"secret-refresh" in (tmp_path / "store.sqlite").read_bytes()
    with open_connections(place) as store:
        store.remove("default")
    left = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"secret-" not in left


def test_a_store_is_proved_without_a_trace(stored):
    stored.prove()
    assert stored.names() == ["default"]
    assert stored.read("default") == CONNECTION


def test_no_secret_is_shown():
    shown = f"{CONNECTION!r} {CONNECTION} {APPLICATION!r} {[CONNECTION]}"
    assert "secret" not in shown
    assert "an-app" in shown


def test_a_fingerprint_tells_secrets_apart_and_does_not_give_them_away():
    assert fingerprint("a", "b") == fingerprint("a", "b")
    assert len({fingerprint(*s) for s in [("a", "b"), ("ab",), ("a", "", "b"), ("b", "a")]}) == 4
    assert "secret" not in fingerprint("secret")


@pytest.mark.parametrize(
    ("lifetime", "left", "fresh"),
    [
        (86_400, 61, True),
        (86_400, 60, False),
        (100, 11, True),
        (100, 10, False),
        (86_400, -1, False),
    ],
)
def test_a_token_is_fresh_until_a_minute_or_a_tenth_of_its_life_is_left(lifetime, left, fresh):
    connection = replace(CONNECTION, expires_at=5_000.0, lifetime=lifetime)
    assert connection.is_fresh(5_000.0 - left) is fresh


def test_without_an_access_token_nothing_is_fresh():
    assert not replace(CONNECTION, access_token="").is_fresh(0)


def test_a_refresh_token_dies_180_days_after_its_last_use():
    assert CONNECTION.refresh_token_expires_at == 1_000 + 180 * 86_400


def test_scopes_are_a_set():
    assert CONNECTION.scopes == {"contact_data", "offline_access"}


# Locks


def test_one_thread_after_the_other_holds_the_lock(store):
    inside, most = [], []

    def work():
        with store.lock("default"):
            inside.append(1)
            most.append(len(inside))
            inside.pop()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert most == [1] * 8


def test_connections_do_not_wait_for_each_other(store, monkeypatch):
    monkeypatch.setattr(tokens, "_LOCK_SECONDS", 0.0)
    with store.lock("one"), store.lock("two"):
        pass


def test_an_error_frees_the_lock(stored, monkeypatch):
    monkeypatch.setattr(tokens, "_LOCK_SECONDS", 0.0)
    with contextlib.suppress(ZeroDivisionError), stored.lock("default"):
        raise ZeroDivisionError
    with stored.lock("default"):
        assert stored.read("default") == CONNECTION


# A file that cannot be written


def test_a_file_that_cannot_be_written_is_not_proved(tmp_path, opened):
    database = opened(tmp_path / "store.sqlite")
    refused = pytest.raises(StorageError, match="attempt to write a readonly database")
    with read_only(database), refused:
        StoredConnections(database).prove()


def test_what_cannot_be_written_leaves_what_was_there(tmp_path, opened):
    store = StoredConnections(database := opened(tmp_path / "store.sqlite"))
    put(store, CONNECTION)
    refused = pytest.raises(StorageError, match="attempt to write a readonly database")
    with store.lock("default"), read_only(database), refused:
        store.write(NEXT)
    assert store.read("default") == CONNECTION


def test_a_disk_that_is_full_leaves_what_was_there_and_is_used_when_there_is_room(tmp_path, opened):
    store = StoredConnections(opened(tmp_path / "store.sqlite"))
    put(store, CONNECTION)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    full = (tmp_path / "store.sqlite-wal").stat().st_size + 100
    with store.lock("default"):
        resource.setrlimit(resource.RLIMIT_FSIZE, (full, before[1]))
        try:
            with pytest.raises(StorageError, match="check the rights and the free space"):
                store.write(NEXT)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert store.read("default") == CONNECTION
        store.write(NEXT)
    assert store.read("default") == NEXT


def test_a_lock_that_cannot_be_made_is_said(tmp_path, opened):
    store = StoredConnections(opened(tmp_path / "store.sqlite"))
    with store.lock("default"):
        (lock,) = tmp_path.glob("*.lock")
    lock.unlink()
    lock.mkdir()
    said = rf"the store in {tmp_path}/store.sqlite cannot be used .*check the rights"
    with pytest.raises(StorageError, match=said), store.lock("default"):
        pytest.fail("no token may be used")
    with pytest.raises(StorageError, match=said):
        store.remove("default")


# Whoever renews it


class Machine:
    """A machine of its own, or a process beside others."""

    def __init__(self, database, sandbox, limiter):
        self.database = database
        self.store = StoredConnections(database)
        self.token = ConnectionToken(
            Credentials("default", sandbox.auth_url, PUBLIC),
            self.store,
            lambda application: AuthorizationServer(application, limiter=limiter),
        )


@pytest.fixture
def machines(sandbox, limiter, opened):
    """Make machines on one store, with a connection that has to be renewed."""
    made = []

    def make(place, **options):
        one = Machine(opened(place, **options), sandbox, limiter)
        made.append(one)
        if len(made) == 1:
            application = Application(PUBLIC, None, sandbox.auth_url)
            seed = sandbox.mint_refresh_token(client_id=PUBLIC)
            put(one.store, Connection("default", application, refresh_token=seed))
        return one

    return make


def works(sandbox, token):
    headers = {"Authorization": f"Bearer {token}"}
    return requests.get(f"{sandbox.api_url}/contact_lists", headers=headers, timeout=10).ok


def calls(sandbox):
    """Calls of the token endpoint so far."""
    return sum(request.path.endswith("/token") for request in sandbox.requests)


def test_machines_take_turns_with_one_chain_of_tokens(machines, place, sandbox):
    one, other = machines(place), machines(place)
    token = one.token.access_token
    assert other.token.access_token == token
    for machine in (other, one, other):
        token = machine.token.access_token
        machine.token.renew(token)
        assert machine.token.access_token != token
        assert works(sandbox, machine.token.access_token)
    # The second turn of the first machine takes what the other has stored.
    assert calls(sandbox) == 3
    assert sandbox.reused_refresh_tokens == 0


def test_eight_machines_that_find_one_token_rejected_renew_it_once(machines, place, sandbox):
    all_of_them = [machines(place) for _ in range(8)]
    old = all_of_them[0].token.access_token
    got = []
    barrier = threading.Barrier(8)

    def renew(machine):
        barrier.wait()
        machine.token.renew(old)
        got.append(machine.token.access_token)

    threads = [threading.Thread(target=renew, args=[machine]) for machine in all_of_them]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(got) == 8
    assert len(set(got)) == 1
    assert works(sandbox, got[0])
    assert calls(sandbox) == 2
    assert sandbox.reused_refresh_tokens == 0


def test_nothing_of_a_connection_is_in_a_dump_in_clear(machines, postgres, url, sandbox):
    one = machines(url)
    one.token.make_ready()
    kept = one.store.read("default")
    tables = postgres.execute(
        "SELECT database_to_xml(true, false, '')::text", url.rpartition("/")[2]
    )
    dump = tables[0][0]
    assert "default" in dump
    secrets = (kept.refresh_token, kept.access_token, PUBLIC, sandbox.auth_url)
    assert [secret for secret in secrets if secret in dump] == []


def test_a_wrong_key_uses_up_no_token(machines, url, sandbox):
    one, other = machines(url), machines(url, key=Fernet.generate_key().decode())
    with pytest.raises(SettingsError, match="store_key does not open connection 'default'"):
        other.token.make_ready()
    assert calls(sandbox) == 0
    one.token.make_ready()
    assert calls(sandbox) == 1


def test_a_lock_that_somebody_else_holds_for_long_is_a_reason_to_try_later(
    machines, place, monkeypatch
):
    monkeypatch.setattr(tokens, "_LOCK_SECONDS", 0.3)
    one, other = machines(place), machines(place)
    with one.store.lock("default"), pytest.raises(TryLaterError, match="has been renewing"):
        other.token.make_ready()


# A database that is lost on the way


@pytest.fixture
def lost(machines, own_server, monkeypatch):
    """A machine whose database the test kills and starts again."""
    monkeypatch.setattr(database_room, "PAUSES", ())
    monkeypatch.setattr(rows_room, "_INSISTING", (0.1, 0.2, 0.3))
    return machines(own_server.new_url())


def at(sandbox, monkeypatch, action):
    """Do something when the service is about to answer a renewal."""
    real = sandbox._account.faults.meet

    def meet(method, path):
        if path.endswith("/token"):
            action()
        return real(method, path)

    monkeypatch.setattr(sandbox._account.faults, "meet", meet)


def test_without_its_database_no_token_is_sent(lost, own_server, sandbox):
    own_server.kill()
    with pytest.raises(TryLaterError, match="nothing is sent without it"):
        lost.token.make_ready()
    own_server.start()
    assert calls(sandbox) == 0
    lost.token.make_ready()
    assert works(sandbox, lost.token.access_token)


def test_a_token_whose_use_cannot_be_noted_is_not_sent(lost, own_server, sandbox, monkeypatch):
    """The database is killed and back again under the lock: with the lock, the way is lost."""
    read = StoredConnections.read
    times = []

    def lose(self, name):
        found = read(self, name)
        times.append(name)
        if len(times) == 2:
            own_server.kill()
            own_server.start()
        return found

    monkeypatch.setattr(StoredConnections, "read", lose)
    with pytest.raises(TryLaterError, match="cannot be used"):
        lost.token.make_ready()
    assert calls(sandbox) == 0
    lost.token.make_ready()
    assert works(sandbox, lost.token.access_token)


def test_a_database_that_is_back_in_time_gets_the_next_token(
    lost, own_server, sandbox, machines, monkeypatch
):
    with monkeypatch.context() as under_way:
        at(sandbox, under_way, lambda: (own_server.kill(), own_server.start()))
        token = lost.token.access_token
    other = machines(own_server.url("test_1"))
    assert other.token.access_token == token
    other.token.renew(token)
    assert works(sandbox, other.token.access_token)
    assert sandbox.reused_refresh_tokens == 0


def test_a_database_that_stays_away_takes_the_next_token_with_it(
    lost, own_server, sandbox, monkeypatch
):
    with monkeypatch.context() as under_way:
        at(sandbox, under_way, own_server.kill)
        with pytest.raises(SignInError, match="the next refresh token could not be stored"):
            lost.token.make_ready()
    own_server.start()
    with pytest.raises(SignInError, match="the answer that held the next one was lost"):
        lost.token.make_ready()
