"""Renewing the tokens of a connection, against the sandbox."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import signal
import threading
import time
from dataclasses import replace

import pytest
import requests

from target_constant_contact.api.client import ConstantContactClient
from target_constant_contact.api.oauth import renewal
from target_constant_contact.api.oauth.connection import Agreement, Application, Connection
from target_constant_contact.api.oauth.credentials import Credentials
from target_constant_contact.api.oauth.grants import AuthorizationServer
from target_constant_contact.api.oauth.renewal import ConnectionToken
from target_constant_contact.api.oauth.tokens import StoredConnections
from target_constant_contact.api.oauth.transport import AuthTransport, NoGrantError
from target_constant_contact.exceptions import SettingsError, SignInError, TryLaterError
from target_constant_contact.sandbox import Fault, ManualClock, Sandbox
from target_constant_contact.store import sqlite
from target_constant_contact.store.connections import ConnectionRows
from target_constant_contact.store.sqlite import SqliteFile
from target_constant_contact.store.versions import prepare
from tests.support.limiting import LimiterInMemory

PUBLIC = "sandbox-public"


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def sandbox(clock):
    with Sandbox(clock=clock) as account:
        yield account


@pytest.fixture
def open_store(tmp_path):
    """Open the store, as each process does for itself."""
    made = []

    def start():
        database = SqliteFile(tmp_path / "data" / "store.sqlite")
        made.append(database)
        prepare(database)
        return StoredConnections(database)

    yield start
    for database in made:
        database.close()


@pytest.fixture
def store(open_store):
    return open_store()


@pytest.fixture
def limiter(clock):
    """Lets everything pass; the pace of the token endpoint is proved elsewhere."""
    limiter = LimiterInMemory(
        clock=clock,
        requests_per_second=1_000,
        requests_per_day=10**6,
        sleep=clock.sleep,
    )
    yield limiter
    limiter.close()


@pytest.fixture
def connect(sandbox, store, clock, limiter):
    """A signer as a process of its own would have it."""

    def connect(seed=None, client_id=PUBLIC, *, beside=None, **values):
        credentials = Credentials(
            "default", sandbox.auth_url, client_id, refresh_token=seed, **values
        )
        return ConnectionToken(
            credentials,
            beside or store,
            lambda application: AuthorizationServer(application, limiter=limiter),
            clock=clock,
        )

    return connect


@pytest.fixture
def seed(sandbox):
    return sandbox.mint_refresh_token(client_id=PUBLIC)


@pytest.fixture
def stored(sandbox, store, seed, clock):
    """A connection that `login` has made, whose access token has to be renewed."""
    connection = Connection(
        name="default",
        application=Application(PUBLIC, None, sandbox.auth_url),
        refresh_token=seed,
        access_token="expired",
        expires_at=clock() - 1,
        lifetime=86_400.0,
        account_id="a07",
        agreement=Agreement("Ann", "2026-08-01T12:00:00Z", "Members leave."),
    )
    put(store, connection)
    return connection


def put(store, connection):
    with store.lock(connection.name):
        store.write(connection)


def document(store):
    """What is stored, as a text."""
    return json.dumps(store._rows.read("default"))


def on_disk(tmp_path):
    """All that lies in the data folder, what is no longer looked at too."""
    return b"".join(path.read_bytes() for path in (tmp_path / "data").iterdir())


def calls(sandbox):
    """Calls of the token endpoint so far."""
    return sum(request.path.endswith("/token") for request in sandbox.requests)


def works(sandbox, token):
    headers = {"Authorization": f"Bearer {token}"}
    return requests.get(f"{sandbox.api_url}/contact_lists", headers=headers, timeout=10).ok


@contextlib.contextmanager
def failing(monkeypatch, writes=1):
    """Let a write of the store fail, the first or a later one, as a disk does."""
    real, count = ConnectionRows._put, []

    def put(self, connection, name, hidden):
        count.append(1)
        failing = "ON" if len(count) >= writes else "OFF"
        connection.exec_driver_sql(f"PRAGMA query_only = {failing}")
        try:
            real(self, connection, name, hidden)
        finally:
            connection.exec_driver_sql("PRAGMA query_only = OFF")

    with monkeypatch.context() as patched:
        patched.setattr(ConnectionRows, "_put", put)
        yield


def test_an_expired_token_is_renewed_and_stored(connect, stored, store, sandbox, clock):
    token = connect().access_token
    found = store.read("default")
    assert works(sandbox, token)
    assert found.access_token == token
    assert found.refresh_token != stored.refresh_token
    assert (found.expires_at, found.lifetime) == (clock() + 86_400, 86_400)
    assert (found.refreshed_at, found.rotating, found.sent) == (clock(), True, "")
    assert found.scopes == {"contact_data", "account_read", "offline_access"}
    assert (found.account_id, found.agreement) == ("a07", stored.agreement)


@pytest.mark.usefixtures("stored")
def test_a_fresh_token_is_used_without_a_request(connect, sandbox):
    token = connect().access_token
    for signer in (connect(), connect()):
        signer.make_ready()
        assert signer.access_token == signer.access_token == token
    assert calls(sandbox) == 1


@pytest.mark.parametrize(("life", "margin"), [(86_400, 60), (100, 10)])
@pytest.mark.usefixtures("stored")
def test_a_token_is_renewed_a_little_before_it_expires(connect, sandbox, clock, life, margin):
    sandbox.behaviour = replace(sandbox.behaviour, access_token_seconds=life)
    signer = connect()
    token = signer.access_token
    clock.advance(life - margin - 1)
    assert signer.access_token == token
    clock.advance(1)
    assert signer.access_token != token
    assert calls(sandbox) == 2


@pytest.mark.usefixtures("stored")
def test_a_rejected_token_is_renewed_and_not_again_where_that_was_done_meanwhile(connect, sandbox):
    """Several requests may be under way with the token that is rejected."""
    signer = connect()
    rejected = signer.access_token
    assert signer.renew(rejected)
    token = signer.access_token
    assert token != rejected
    assert signer.renew(rejected)
    assert signer.access_token == token
    assert calls(sandbox) == 2


@pytest.mark.usefixtures("stored")
def test_the_newer_token_of_another_process_is_taken(connect, sandbox, clock):
    one, other = connect(), connect()
    rejected = one.access_token
    assert other.access_token == rejected
    one.renew(rejected)
    assert other.renew(rejected)
    assert other.access_token == one.access_token
    clock.advance(86_400)
    assert one.access_token == other.access_token
    assert calls(sandbox) == 3
    assert sandbox.reused_refresh_tokens == 0


@pytest.mark.usefixtures("stored")
def test_a_signer_renews_first_when_it_has_no_token_yet(connect, sandbox):
    assert connect().renew("anything")
    assert calls(sandbox) == 1


def test_a_request_that_is_rejected_for_good_says_to_sign_in(connect):
    error = connect().refusal("GET /contact_lists: 401")
    assert isinstance(error, SignInError)
    assert str(error).startswith("GET /contact_lists: 401. ")
    assert "login --connection default" in str(error)


@pytest.mark.usefixtures("stored")
def test_a_connection_shows_no_token(connect):
    signer = connect()
    connection = signer.connection
    shown = f"{signer!r} {signer} {connection!r}"
    assert connection.access_token not in shown
    assert connection.refresh_token not in shown


class NoLock:
    """What a network file system may make of a lock."""

    def __init__(self, *_arguments, **_options):
        pass

    def acquire(self):
        pass

    def release(self):
        pass


@pytest.mark.usefixtures("stored")
def test_a_refresh_token_that_another_process_has_used_is_read_again(
    connect, open_store, sandbox, monkeypatch
):
    """As on a network file system without locks: the other one is quicker by a request."""
    newest = []

    def refresh(server, token):
        monkeypatch.undo()
        newest.append(connect(beside=open_store()).access_token)
        return real(server, token)

    real = AuthorizationServer.refresh
    monkeypatch.setattr(sqlite, "FileLock", NoLock)
    monkeypatch.setattr(AuthorizationServer, "refresh", refresh)
    assert connect().access_token == newest[0]
    assert works(sandbox, newest[0])


def test_a_seed_makes_a_connection(connect, seed, store, sandbox):
    token = connect(seed).access_token
    assert works(sandbox, token)
    assert store.read("default").access_token == token
    assert store.names() == ["default"]


def test_a_used_up_seed_is_told(connect, seed, store, caplog):
    """Whoever throws the store away loses the connection."""
    connect(seed).make_ready()
    assert "has been used up" in caplog.text
    assert store.place in caplog.text
    assert seed not in caplog.text


def test_a_long_lived_seed_is_not_used_up(connect, seed, store, sandbox, caplog):
    sandbox.behaviour = replace(sandbox.behaviour, rotating_refresh_tokens=False)
    connect(seed).make_ready()
    assert "used up" not in caplog.text
    assert store.read("default").rotating is False


def test_a_long_lived_seed_serves_again_without_being_stored(
    connect, seed, tmp_path, sandbox, clock
):
    sandbox.behaviour = replace(sandbox.behaviour, rotating_refresh_tokens=False)
    for _ in range(3):
        connect(seed).make_ready()
        assert seed.encode() not in on_disk(tmp_path)
        clock.advance(86_400)
    assert calls(sandbox) == 3


def test_a_seed_is_not_on_disk_while_it_is_used(connect, seed, store, sandbox, tmp_path):
    """Looked at by the server, when the request arrives."""
    found = []
    real = sandbox._account.log.arrived

    def arrived(request):
        found.append(on_disk(tmp_path))
        real(request)

    sandbox._account.log.arrived = arrived
    connect(seed).make_ready()
    (content,) = found
    assert b"default" in content
    assert seed.encode() not in content
    assert store.read("default").refresh_token


@pytest.mark.parametrize("rotating", [True, False])
def test_a_connection_of_an_older_version_goes_on_and_loses_what_the_settings_bring(
    connect, store, sandbox, rotating
):
    """It holds the seed, the client secret, and a plain digest of both."""
    sandbox.behaviour = replace(sandbox.behaviour, rotating_refresh_tokens=rotating)
    seed = sandbox.mint_refresh_token(client_id="sandbox-app")
    application = Application("sandbox-app", "sandbox-secret", sandbox.auth_url)
    digest = hashlib.sha256(f"sandbox-app\0{seed}".encode()).hexdigest()
    old = Connection("default", application, seed, account_name="Kept Ltd.", seed=digest)
    put(store, old)
    connect(seed, "sandbox-app", client_secret="sandbox-secret").make_ready()
    text = document(store)
    assert "Kept Ltd." in text
    assert not [secret for secret in (seed, "sandbox-secret", digest) if secret in text]


def test_a_connection_of_an_older_version_goes_on_without_the_secret_in_the_settings(
    connect, store, sandbox
):
    token = sandbox.mint_refresh_token(client_id="sandbox-app")
    application = Application("sandbox-app", "sandbox-secret", sandbox.auth_url)
    put(store, Connection("default", application, token))
    connect(None, None).make_ready()
    assert store.read("default").application.client_secret == "sandbox-secret"


def test_a_seed_that_was_taken_out_of_the_settings_is_asked_for(connect, seed, sandbox, clock):
    sandbox.behaviour = replace(sandbox.behaviour, rotating_refresh_tokens=False)
    connect(seed).make_ready()
    clock.advance(86_400)
    with pytest.raises(SignInError, match=r"not set any more.*login --connection default"):
        connect().make_ready()
    connect(seed).make_ready()


def test_the_account_of_a_seed_is_kept_without_the_seed(connect, seed, store, sandbox):
    sandbox.behaviour = replace(sandbox.behaviour, rotating_refresh_tokens=False)
    signer = connect(seed)
    signer.make_ready()
    signer.remember_account("a08", "Example Ltd.")
    assert store.read("default").account_id == "a08"
    assert seed not in document(store)
    assert signer.renew(signer.access_token)


def test_the_same_seed_again_goes_on_with_the_stored_chain(connect, seed, sandbox, clock):
    connect(seed).make_ready()
    clock.advance(86_400)
    connect(seed).make_ready()
    clock.advance(86_400)
    connect().make_ready()
    assert calls(sandbox) == 3
    assert sandbox.reused_refresh_tokens == 0


def test_a_changed_seed_wins_over_the_stored_chain(connect, seed, store, sandbox):
    connect(seed).make_ready()
    before = store.read("default")
    changed = sandbox.mint_refresh_token(client_id=PUBLIC)
    connect(changed).make_ready()
    after = store.read("default")
    assert before.refresh_token != after.refresh_token
    assert before.seed != after.seed
    connect(changed).make_ready()
    assert calls(sandbox) == 2


@pytest.mark.usefixtures("stored")
def test_a_changed_seed_takes_nothing_of_the_old_connection_along(connect, store, sandbox):
    """It may be of another account, to which nobody has agreed."""
    connect(sandbox.mint_refresh_token(client_id=PUBLIC)).make_ready()
    found = store.read("default")
    assert (found.account_id, found.agreement) == ("", None)


def test_a_refused_seed_leaves_the_stored_chain_and_says_so(connect, stored, store, sandbox):
    with pytest.raises(SignInError, match="they are untouched") as caught:
        connect("a-seed-that-is-refused").make_ready()
    assert "refused" not in str(caught.value)
    assert replace(store.read("default"), sent="") == stored
    connect().make_ready()
    assert calls(sandbox) == 2


def test_a_refused_first_seed_asks_for_another(connect):
    with pytest.raises(SignInError, match="Set a new refresh_token") as caught:
        connect("a-seed-that-is-refused").make_ready()
    assert "is not accepted" in str(caught.value)
    assert "untouched" not in str(caught.value)


def test_a_seed_of_another_application_is_refused(connect, sandbox):
    theirs = sandbox.mint_refresh_token(client_id="sandbox-app")
    with pytest.raises(SignInError, match="is not accepted"):
        connect(theirs).make_ready()
    with pytest.raises(SettingsError, match="client_id"):
        connect(theirs, client_id="unknown-app").make_ready()


def test_a_wrong_client_secret_does_not_spoil_the_seed(connect, store, sandbox):
    seed = sandbox.mint_refresh_token(client_id="sandbox-app")
    with pytest.raises(SettingsError, match="client_secret"):
        connect(seed, "sandbox-app", client_secret="wrong").make_ready()
    assert store.read("default").sent == ""
    connect(seed, "sandbox-app", client_secret="sandbox-secret").make_ready()
    assert store.read("default").application.client_secret is None


def test_the_client_secret_of_the_settings_wins_over_the_stored_one(connect, store, sandbox, clock):
    seed = sandbox.mint_refresh_token(client_id="sandbox-app")
    application = Application("sandbox-app", "sandbox-secret", sandbox.auth_url)
    put(store, Connection("default", application, seed))
    connect(None, None).make_ready()
    sandbox.add_application("sandbox-app", "a-new-secret")
    clock.advance(86_400)
    with pytest.raises(SettingsError, match="client_secret"):
        connect(None, None).make_ready()
    connect(None, None, client_secret="a-new-secret").make_ready()
    assert store.read("default").application.client_secret is None


@pytest.mark.parametrize("setting", ["client_id", "auth_url"])
def test_a_connection_of_another_application_is_refused_without_a_request(
    connect, stored, store, sandbox, setting
):
    signer = connect()
    signer._credentials = replace(signer._credentials, **{setting: "https://other.example.com"})
    with pytest.raises(SettingsError, match=setting):
        signer.make_ready()
    assert sandbox.requests == []
    assert store.read("default") == stored


def test_without_seed_and_connection_nothing_is_written(connect, store, sandbox):
    with pytest.raises(SignInError, match="There is no connection"):
        connect().make_ready()
    assert store.names() == []
    assert sandbox.requests == []


@pytest.mark.usefixtures("stored")
def test_the_api_key_is_that_of_the_settings_or_the_connection(connect, store):
    assert connect(None, "from-settings").client_id == "from-settings"
    assert connect(None, None).client_id == PUBLIC
    with store._rows.lock("default", 0):
        store._rows.write("default", {"name": "damaged"})
    assert connect(None, None).client_id == ""
    store.remove("default")
    assert connect(None, None).client_id == ""


@pytest.mark.usefixtures("stored")
def test_a_revoked_token_says_to_sign_in(connect, sandbox):
    sandbox.revoke_refresh_tokens()
    with pytest.raises(SignInError, match=r"not accepted.*login --connection default"):
        connect().make_ready()


@pytest.mark.parametrize("tries", [1, 2])
@pytest.mark.usefixtures("stored")
def test_an_answer_that_was_lost_is_told_as_such(connect, sandbox, tries):
    """In the same run, or in a later one."""
    sandbox.add_fault(Fault(path="/token", action="drop_after"))
    for _ in range(tries):
        with pytest.raises(SignInError, match=r"used up, and the answer .* was lost"):
            connect().make_ready()


@pytest.mark.usefixtures("stored")
def test_a_service_that_does_not_answer_leaves_the_token_for_later(connect, store, sandbox):
    sandbox.add_fault(Fault(path="/token", action="drop_before", times=5))
    with pytest.raises(TryLaterError):
        connect().make_ready()
    assert store.read("default").sent != ""
    connect().make_ready()
    assert store.read("default").sent == ""


def test_a_token_that_was_surely_not_used_is_not_taken_for_lost(connect, stored, store, sandbox):
    sandbox.add_fault(Fault(path="/token", action="throttled", times=5))
    with pytest.raises(NoGrantError):
        connect().make_ready()
    assert store.read("default") == stored
    sandbox.revoke_refresh_tokens()
    with pytest.raises(SignInError, match="is not accepted"):
        connect().make_ready()


@pytest.mark.usefixtures("stored")
def test_what_was_lost_before_is_remembered_when_a_later_try_was_not_sent(connect, store, sandbox):
    sandbox.add_fault(Fault(path="/token", action="error_503", times=5))
    with pytest.raises(NoGrantError):
        connect().make_ready()
    sent = store.read("default").sent
    sandbox.clear_faults()
    sandbox.add_fault(Fault(path="/token", action="throttled", times=5))
    with pytest.raises(NoGrantError):
        connect().make_ready()
    assert store.read("default").sent == sent != ""


def test_a_long_lived_token_is_never_used_up(connect, stored, store, sandbox):
    put(store, replace(stored, rotating=False))
    sandbox.revoke_refresh_tokens()
    sandbox.add_fault(Fault(path="/token", action="error_503"))
    with pytest.raises(SignInError, match="is not accepted"):
        connect().make_ready()


@pytest.mark.usefixtures("stored")
def test_another_refusal_is_told_in_the_service_s_words(connect, sandbox):
    sandbox.add_fault(Fault(path="/token", action="forbidden"))
    with pytest.raises(SignInError, match=r"403 \(forbidden: Forbidden\)"):
        connect().make_ready()


def test_a_lock_that_cannot_be_made_is_said_before_the_seed_is_used(
    connect, seed, store, sandbox, tmp_path
):
    with store.lock("default"):
        (lock,) = (tmp_path / "data").glob("*.lock")
    lock.unlink()
    lock.mkdir()
    with pytest.raises(SettingsError, match="long-lived refresh tokens") as caught:
        connect(seed).make_ready()
    assert "was not used" in str(caught.value)
    assert sandbox.requests == []


@pytest.mark.usefixtures("stored")
def test_a_disk_that_takes_nothing_is_said_before_the_token_is_used(connect, sandbox, monkeypatch):
    with (
        failing(monkeypatch),
        pytest.raises(SettingsError, match="long-lived refresh tokens") as caught,
    ):
        connect().make_ready()
    assert "attempt to write a readonly database" in str(caught.value)
    assert "was not used" in str(caught.value)
    assert sandbox.requests == []
    connect().make_ready()


@pytest.mark.usefixtures("stored")
def test_a_next_token_that_cannot_be_stored_is_told(connect, sandbox, monkeypatch):
    with (
        failing(monkeypatch, writes=2),
        pytest.raises(SignInError, match=r"could not be stored .*readonly database") as caught,
    ):
        connect().make_ready()
    assert "Make room" in str(caught.value)
    assert calls(sandbox) == 1


@pytest.mark.usefixtures("stored")
def test_a_long_lived_token_need_not_be_stored_again(connect, sandbox, monkeypatch):
    sandbox.behaviour = replace(sandbox.behaviour, rotating_refresh_tokens=False)
    with failing(monkeypatch, writes=2):
        assert works(sandbox, connect().access_token)
    connect().make_ready()
    assert calls(sandbox) == 2


@pytest.mark.usefixtures("stored")
def test_what_went_wrong_first_is_told_when_the_disk_fills_up(connect, sandbox, monkeypatch):
    sandbox.add_fault(Fault(path="/token", action="throttled", times=5))
    with failing(monkeypatch, writes=2), pytest.raises(NoGrantError, match="throttled"):
        connect().make_ready()


@pytest.mark.usefixtures("stored")
def test_the_next_token_is_stored_before_its_first_use(connect, store, sandbox, limiter):
    """Looked at by the server, when the request arrives."""
    found = []
    real = sandbox._account.log.arrived

    def arrived(request):
        found.append((request.path.rpartition("/")[2], store.read("default").access_token))
        real(request)

    sandbox._account.log.arrived = arrived
    signer = connect()
    client = ConstantContactClient(sandbox.api_url, auth=signer, limiter=limiter)
    client.contact_lists()
    client.close()
    assert found == [("token", "expired"), ("contact_lists", signer.access_token)]


class Stopped(BaseException):
    """What a signal raises."""


@pytest.fixture
def interrupt():
    """Raise in the main thread from another one, as a run does that is asked to stop."""

    def stop(*_):
        raise Stopped

    before = signal.signal(signal.SIGUSR1, stop)
    yield lambda: signal.pthread_kill(threading.main_thread().ident, signal.SIGUSR1)
    signal.signal(signal.SIGUSR1, before)


@pytest.mark.usefixtures("stored")
def test_threads_cause_one_renewal(connect, sandbox):
    signer, found = connect(), []
    start = threading.Barrier(8)

    def work():
        start.wait(10)
        found.append(signer.access_token)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(found) == 8
    assert len(set(found)) == 1
    assert calls(sandbox) == 1


@pytest.mark.usefixtures("stored")
def test_threads_whose_token_is_rejected_cause_one_renewal(connect, sandbox, limiter):
    signer, found = connect(), []
    signer.make_ready()
    sandbox.revoke_access_tokens()
    client = ConstantContactClient(sandbox.api_url, auth=signer, limiter=limiter)
    threads = [
        threading.Thread(target=lambda: found.append(client.contact_lists())) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    client.close()
    assert len(found) == 8
    assert calls(sandbox) == 2


@pytest.mark.usefixtures("stored")
def test_a_signal_does_not_lose_the_token_that_is_on_its_way(
    interrupt, connect, store, sandbox, seed
):
    """The main thread is interrupted while the service takes its time to answer."""
    sandbox.add_fault(Fault(path="/token", action="delay", seconds=0.4))

    def work():
        while not calls(sandbox):
            time.sleep(0.005)
        time.sleep(0.1)
        interrupt()

    thread = threading.Thread(target=work)
    thread.start()
    signer = connect()
    with pytest.raises(Stopped):
        signer.make_ready()
    thread.join()
    found = store.read("default")
    assert found.refresh_token != seed
    assert signer.access_token == found.access_token
    assert calls(sandbox) == 1


@pytest.mark.usefixtures("stored")
def test_a_signal_ends_the_tries_of_a_call(interrupt, connect, store, sandbox, monkeypatch):
    tried = threading.Event()
    monkeypatch.setattr(AuthTransport, "_read", _then(AuthTransport._read, tried.set))
    sandbox.add_fault(Fault(path="/token", action="error_503", times=None))
    sandbox.add_fault(Fault(path="/token", action="delay", seconds=0.2, times=None))

    def work():
        tried.wait(10)
        interrupt()

    thread = threading.Thread(target=work)
    thread.start()
    with pytest.raises(Stopped):
        connect().make_ready()
    thread.join()
    assert calls(sandbox) <= 2
    assert store.read("default").sent != ""


def _then(function, after):
    def wrapped(*arguments):
        after()
        return function(*arguments)

    return wrapped


@pytest.mark.usefixtures("stored")
def test_the_account_is_kept_with_the_connection(connect, store, sandbox):
    signer = connect()
    signer.make_ready()
    signer.remember_account("a08", "Example Ltd.")
    found = store.read("default")
    assert (found.account_id, found.account_name) == ("a08", "Example Ltd.")
    assert signer.connection == found
    assert calls(sandbox) == 1


@pytest.mark.usefixtures("stored")
def test_the_account_is_added_to_what_another_process_has_stored(connect, store):
    signer, other = connect(), connect()
    signer.make_ready()
    other.renew(signer.access_token)
    signer.remember_account("a08", "Example Ltd.")
    assert store.read("default").refresh_token == other.connection.refresh_token
    assert signer.access_token == other.access_token


@pytest.mark.usefixtures("stored")
def test_an_account_that_is_known_is_not_written_again(connect, monkeypatch):
    signer = connect()
    signer.make_ready()
    signer.remember_account("a08", "Example Ltd.")
    monkeypatch.setattr(StoredConnections, "write", lambda *_: pytest.fail("it is known"))
    signer.remember_account("a08", "Example Ltd.")


@pytest.mark.usefixtures("stored")
def test_an_account_that_cannot_be_kept_is_no_error(connect, monkeypatch):
    signer = connect()
    signer.make_ready()
    with failing(monkeypatch):
        signer.remember_account("a08", "Example Ltd.")
    assert signer.connection.account_id == "a08"


@pytest.mark.usefixtures("stored")
def test_a_connection_that_was_removed_is_not_made_again(connect, store):
    signer = connect()
    signer.make_ready()
    store.remove("default")
    signer.remember_account("a08", "Example Ltd.")
    assert store.read("default") is None


def test_a_renewal_logs_no_secret(connect, seed, store, caplog):
    with caplog.at_level(logging.DEBUG):
        connect(seed).make_ready()
    found = store.read("default")
    for secret in (seed, found.refresh_token, found.access_token):
        assert secret not in caplog.text
    assert renewal._logger.name in {record.name for record in caplog.records}


@pytest.mark.parametrize("unfit", ["a\r\nX-Header: b", 5, None])
def test_the_next_refresh_token_is_kept_beside_an_access_token_that_is_none(
    connect, stored, store, sandbox, monkeypatch, unfit
):
    real = AuthTransport.call

    def spoil(*arguments, **options):
        return real(*arguments, **options) | {"access_token": unfit}

    with monkeypatch.context() as patched:
        patched.setattr(AuthTransport, "call", spoil)
        with pytest.raises(TryLaterError, match=r"the next refresh token is stored\. Run again"):
            connect().make_ready()
    found = store.read("default")
    assert found.refresh_token != stored.refresh_token
    assert found.access_token == ""
    assert works(sandbox, connect().access_token)
