"""One chain of tokens, whichever machine renews it, whatever is lost."""

from __future__ import annotations

import threading

import pytest
import requests
from cryptography.fernet import Fernet

from target_constant_contact.api.oauth import tokens
from target_constant_contact.api.oauth.connection import (
    Application,
    Connection,
)
from target_constant_contact.api.oauth.credentials import Credentials
from target_constant_contact.api.oauth.grants import AuthorizationServer
from target_constant_contact.api.oauth.renewal import ConnectionToken
from target_constant_contact.api.oauth.tokens import StoredConnections
from target_constant_contact.exceptions import (
    SettingsError,
    SignInError,
    TryLaterError,
)
from target_constant_contact.sandbox import Behaviour, Sandbox
from target_constant_contact.store import connections as rows_room
from target_constant_contact.store import database as database_room
from tests.support.limiting import LimiterInMemory
from tests.support.postgres import Postgres

PUBLIC = "sandbox-public"


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
def url(postgres):
    return postgres.new_url()


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
            with one.store.lock("default"):
                one.store.write(Connection("default", application, refresh_token=seed))
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
