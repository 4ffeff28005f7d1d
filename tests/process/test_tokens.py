"""Renewal by real processes on both databases: eight at once, and one killed at every step."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
from itertools import pairwise

import pytest
from cryptography.fernet import Fernet

from target_constant_contact.api.oauth.connection import Application, Connection
from target_constant_contact.api.oauth.credentials import Credentials
from target_constant_contact.api.oauth.grants import AuthorizationServer
from target_constant_contact.api.oauth.renewal import ConnectionToken
from target_constant_contact.api.oauth.tokens import open_connections
from target_constant_contact.exceptions import SignInError
from target_constant_contact.sandbox import Behaviour, Sandbox
from tests.support import forks
from tests.support.connections import Connections
from tests.support.limiting import LimiterInMemory
from tests.support.process import environment

PUBLIC = "sandbox-public"
STRICT = Behaviour(reuse_revokes_family=True)
LOST = "used up, and the answer that held the next one was lost"

COMMON = """
import json, os, signal, sys, time
from pathlib import Path

import requests

from target_constant_contact.api.limits import limiter as limiter_room
from target_constant_contact.api.limits.limiter import RateLimiter
from target_constant_contact.api.oauth.credentials import Credentials
from target_constant_contact.api.oauth.grants import AuthorizationServer
from target_constant_contact.api.oauth.renewal import ConnectionToken
from target_constant_contact.api.oauth.tokens import StoredConnections
from target_constant_contact.data_folder import DataFolder
from target_constant_contact.store import postgres
from target_constant_contact.store.opening import open_store
from target_constant_contact.store.place import StorePlace
from target_constant_contact.store.slots import Slots

def connect(auth_url, folder, url, key, seed, per_second):
    database = open_store(StorePlace(DataFolder(Path(folder)), url, key=key))
    limiter = RateLimiter(Slots(database), "token", requests_per_second=per_second)
    return ConnectionToken(
        Credentials("default", auth_url, "sandbox-public", refresh_token=seed),
        StoredConnections(database),
        lambda application: AuthorizationServer(application, limiter=limiter),
    )

def fork(work):
    pid = os.fork()
    if pid:
        return pid
    try:
        work()
    finally:
        sys.stdout.flush()
        os._exit(1)
"""

RENEWS_ALL_THE_TIME = (
    COMMON
    + """
auth_url, api_url, folder, url, key, seed, number, seconds = sys.argv[1:]

def work():
    signer = connect(auth_url, folder, url or None, key, seed, 1)
    used, refused, until = set(), 0, time.monotonic() + float(seconds)
    latest = until + 40  # On a loaded machine one may wait for longer.
    while time.monotonic() < (until if len(used) > 1 else latest):
        token = signer.access_token
        headers = {"Authorization": f"Bearer {token}"}
        answer = requests.get(f"{api_url}/contact_lists?limit=1", headers=headers)
        refused += not answer.ok
        used.add(token)
        time.sleep(0.1)  # Work to be done, while others look for the lock.
        signer.renew(token)
    print(json.dumps({"used": len(used), "refused": refused}), flush=True)
    os._exit(0)

import sqlalchemy.dialects.postgresql.psycopg, sqlalchemy.dialects.sqlite

children = [fork(work) for _ in range(int(number))]
sys.exit(any(os.waitpid(child, 0)[1] for child in children))
"""
)

DIES = (
    COMMON
    + """
import filelock
import requests.adapters
from authlib.integrations import requests_client
from sqlalchemy.engine.default import DefaultDialect

def step():
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

def around(owner, name):
    real = getattr(owner, name)

    def call(*arguments, **options):
        # Behind it is before the next one.
        step()
        return real(*arguments, **options)

    setattr(owner, name, call)

def work(auth_url, folder, url, key, seed):
    limiter_room._LATE = 1e9  # The steps are the same each time, on a loaded machine, too.
    signer = connect(auth_url, folder, url, key, seed, 1_000)
    for owner, name in (
        (filelock.FileLock, "_acquire"),
        (filelock.FileLock, "_release"),
        (DefaultDialect, "do_execute"),
        (DefaultDialect, "do_commit"),
        (requests.adapters.HTTPAdapter, "send"),
    ):
        around(owner, name)
    signer.make_ready()
    os._exit(0)

# What each of those that die would load.
import sqlalchemy.dialects.postgresql.psycopg, sqlalchemy.dialects.sqlite
from target_constant_contact.store import cipher, driver, older, sqlite, versions

for line in sys.stdin:
    order = json.loads(line)
    left = order.pop("step")
    print(os.waitpid(fork(lambda: work(**order)), 0)[1], flush=True)
"""
)


@contextlib.contextmanager
def script(text, home, *arguments):
    """A Python program of its own."""
    process = forks.started(
        [sys.executable, "-c", text, *arguments],
        environment(home),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(params=["file", "server"])
def store(request, tmp_path):
    """An empty store, on each database."""
    if request.param == "file":
        return Connections(tmp_path / "data")
    url = request.getfixturevalue("postgres").new_url()
    return Connections(tmp_path / "data", url, Fernet.generate_key().decode())


def test_eight_processes_use_no_token_twice(tmp_path, store):
    """Each asks for another token all the time, for ten seconds."""
    behaviour = Behaviour(
        reuse_revokes_family=True, token_requests_per_second=1, access_token_seconds=2
    )
    with Sandbox(behaviour=behaviour) as sandbox:
        seed = sandbox.mint_refresh_token(client_id=PUBLIC)
        place = (str(store.data), store.url or "", store.key or "")
        arguments = (sandbox.auth_url, sandbox.api_url, *place, seed, "8", "10")
        with script(RENEWS_ALL_THE_TIME, tmp_path, *arguments) as process:
            output, errors = process.communicate(timeout=120)
        calls = [r for r in sandbox.requests if r.path.endswith("/token")]
        assert sandbox.reused_refresh_tokens == 0
    found = [json.loads(line) for line in output.splitlines()]
    assert process.returncode == 0, errors
    assert len(found) == 8
    assert min(worker["used"] for worker in found) >= 2
    assert sum(worker["refused"] for worker in found) <= max(8, len(calls))
    assert len(calls) >= 4
    # As they arrived: each left its process in a slot of its own, 1.04 seconds apart.
    assert min(b.at - a.at for a, b in pairwise(calls)) > 0.6


@pytest.fixture(params=["stored", "seed", "another seed"])
def case(request):
    """What the renewal starts from."""
    return request.param


class Victim:
    """A process that dies while it renews, and what the next one finds."""

    def __init__(self, sandbox, store, case):
        self.sandbox = sandbox
        self.store = store
        self.token = sandbox.mint_refresh_token(client_id=PUBLIC)
        self.seed = None if case == "stored" else self.token
        store.remove("default")
        if case == "stored":
            store.write(self._connection(self.token))
        elif case == "another seed":
            store.write(self._connection(sandbox.mint_refresh_token(client_id=PUBLIC)))

    def _connection(self, token):
        application = Application(PUBLIC, None, self.sandbox.auth_url)
        return Connection("default", application, refresh_token=token)

    def is_killed_at(self, step, process):
        order = {
            "auth_url": self.sandbox.auth_url,
            "folder": str(self.store.data),
            "url": self.store.url,
            "key": self.store.key,
            "seed": self.seed,
            "step": step,
        }
        process.stdin.write(json.dumps(order) + "\n")
        process.stdin.flush()
        status = int(process.stdout.readline())
        assert status in {0, signal.SIGKILL}
        return status == signal.SIGKILL

    def used_up(self):
        """Whether the service takes the token no more, asked without using it."""
        query = "SELECT kind FROM grants WHERE value = ?"
        with self.sandbox._account.store.reading() as db:
            return db.execute(query, [self.token]).fetchone()["kind"] == "used"

    def next_is_kept(self):
        """Whether the store holds the refresh token that came in place of the used one."""
        query = (
            "SELECT value FROM grants WHERE kind = 'refresh' AND json_extract(details, '$.family')"
            " = (SELECT json_extract(details, '$.family') FROM grants WHERE value = ?)"
        )
        with self.sandbox._account.store.reading() as db:
            living = {row["value"] for row in db.execute(query, [self.token])}
        kept = self.store.read("default")
        return kept is not None and kept.refresh_token in living

    def renew(self):
        """What the next run does, on another machine perhaps."""
        limiter = LimiterInMemory(requests_per_second=1_000)
        with contextlib.closing(limiter), open_connections(self.store.place) as store:
            ConnectionToken(
                Credentials("default", self.sandbox.auth_url, PUBLIC, refresh_token=self.seed),
                store,
                lambda application: AuthorizationServer(application, limiter=limiter),
            ).make_ready()


def test_a_renewal_that_is_killed_at_any_step_is_taken_up_or_explained(tmp_path, store, case):
    """It dies before each lock, statement, commit and request, and so behind the one before."""
    became = []
    with Sandbox(behaviour=STRICT) as sandbox, script(DIES, tmp_path) as process:
        # The steps are the same for all that follow, as the key has had its first slot.
        assert not Victim(sandbox, store, case).is_killed_at(0, process)
        for step in range(1, 200):
            victim = Victim(sandbox, store, case)
            if not victim.is_killed_at(step, process):
                break
            lost = victim.used_up() and not victim.next_is_kept()
            if lost:
                with pytest.raises(SignInError, match=LOST):
                    victim.renew()
            else:
                victim.renew()
                assert victim.store.read("default").sent == ""
            became.append(lost)
    assert step > 15
    # Only between the answer of the service and the commit of what it brought.
    assert 2 <= sum(became) <= 3
    first, last = became.index(True), len(became) - became[::-1].index(True)
    assert all(became[first:last])
