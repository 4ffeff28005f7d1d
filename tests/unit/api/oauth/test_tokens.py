"""Stored connections: what is kept of one, under its lock, on each database."""

from __future__ import annotations

import contextlib
import json
import resource
import threading
from dataclasses import asdict, replace

import pytest
from sqlalchemy import update

from target_constant_contact.api.oauth import tokens
from target_constant_contact.api.oauth.connection import (
    Agreement,
    Application,
    Connection,
    fingerprint,
    name_fault,
)
from target_constant_contact.api.oauth.tokens import StoredConnections, open_connections
from target_constant_contact.data_folder import DataFolder
from target_constant_contact.exceptions import (
    SettingsError,
    SignInError,
    StorageError,
)
from target_constant_contact.store.place import StorePlace
from target_constant_contact.store.schema import CONNECTIONS

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
