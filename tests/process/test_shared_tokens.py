"""Renewal on machines that share a database: eight at once, and one that is killed."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys

import pytest
from cryptography.fernet import Fernet

from target_constant_contact.api.oauth.connection import Application, Connection
from target_constant_contact.api.oauth.credentials import Credentials
from target_constant_contact.api.oauth.grants import AuthorizationServer
from target_constant_contact.api.oauth.renewal import ConnectionToken
from target_constant_contact.api.oauth.shared import SharedConnections
from target_constant_contact.exceptions import SignInError
from target_constant_contact.sandbox import Behaviour, Sandbox
from target_constant_contact.store.cipher import Cipher
from target_constant_contact.store.postgres import PostgresServer
from target_constant_contact.store.versions import prepare
from tests.support.limiting import LimiterInMemory
from tests.support.process import environment

PUBLIC = "sandbox-public"
KEY = Fernet.generate_key().decode()
LOST = "used up, and the answer that held the next one was lost"

COMMON = """
import json, os, signal, sys, time
from pathlib import Path

import psycopg
import requests, requests.adapters
from authlib.integrations import requests_client

from target_constant_contact.api.limits import limiter as limiter_room
from target_constant_contact.api.limits.limiter import RateLimiter
from target_constant_contact.api.oauth.credentials import Credentials
from target_constant_contact.api.oauth.grants import AuthorizationServer
from target_constant_contact.api.oauth.renewal import ConnectionToken
from target_constant_contact.api.oauth.shared import SharedConnections
from target_constant_contact.store import postgres
from target_constant_contact.store.cipher import Cipher
from target_constant_contact.store.slots import Slots

def connect(auth_url, url, key, per_second):
    database = postgres.PostgresServer(url)
    limiter = RateLimiter(Slots(database), "token", requests_per_second=per_second)
    return ConnectionToken(
        Credentials("default", auth_url, "sandbox-public"),
        SharedConnections(database, Cipher(key)),
        lambda application: AuthorizationServer(application, limiter=limiter),
    )
"""

RENEWS_ALL_THE_TIME = (
    COMMON
    + """
auth_url, api_url, url, key, seconds = sys.argv[1:]
signer = connect(auth_url, url, key, 1)
used, refused, until = set(), 0, time.monotonic() + float(seconds)
while time.monotonic() < until:
    token = signer.access_token
    headers = {"Authorization": f"Bearer {token}"}
    answer = requests.get(f"{api_url}/contact_lists?limit=1", headers=headers)
    refused += not answer.ok
    used.add(token)
    time.sleep(0.1)  # Work to be done, while others look for the lock.
    signer.renew(token)
print(json.dumps({"used": len(used), "refused": refused}), flush=True)
os._exit(0)
"""
)

DIES = (
    COMMON
    + """
def step():
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

def around(owner, name):
    real = getattr(owner, name)

    def call(*arguments, **options):
        step()
        result = real(*arguments, **options)
        step()
        return result

    setattr(owner, name, call)

def work():
    limiter_room._LATE = 1e9  # The steps are the same each time, on a loaded machine, too.
    for owner, name in (
        (psycopg.Cursor, "execute"),
        (psycopg.Connection, "commit"),
        (requests.adapters.HTTPAdapter, "send"),
    ):
        around(owner, name)
    connect(order["auth_url"], order["url"], order["key"], 1_000).make_ready()
    os._exit(0)

for line in sys.stdin:
    order = json.loads(line)
    left = order["step"]
    pid = os.fork()
    if not pid:
        try:
            work()
        finally:
            os._exit(1)
    print(os.waitpid(pid, 0)[1], flush=True)
"""
)


@contextlib.contextmanager
def script(text, home, *arguments):
    """A Python program of its own."""
    process = subprocess.Popen(
        [sys.executable, "-c", text, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(home),
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def url(postgres):
    return postgres.new_url()


@pytest.fixture
def store(url):
    database = PostgresServer(url)
    prepare(database)
    yield SharedConnections(database, Cipher(KEY))
    database.close()


def put(store, sandbox, token):
    """Make a connection whose access token has to be renewed, in the place of any other."""
    store.remove("default")
    application = Application(PUBLIC, None, sandbox.auth_url)
    with store.lock("default"):
        store.write(Connection("default", application, refresh_token=token))


def test_eight_machines_use_no_token_twice(tmp_path, url, store):
    """Each asks for another token all the time, for eight seconds."""
    behaviour = Behaviour(
        reuse_revokes_family=True, token_requests_per_second=1, access_token_seconds=2
    )
    with Sandbox(behaviour=behaviour) as sandbox, contextlib.ExitStack() as running:
        put(store, sandbox, sandbox.mint_refresh_token(client_id=PUBLIC))
        arguments = (sandbox.auth_url, sandbox.api_url, url, KEY, "8")
        machines = [
            running.enter_context(script(RENEWS_ALL_THE_TIME, tmp_path, *arguments))
            for _ in range(8)
        ]
        outputs = [machine.communicate(timeout=60) for machine in machines]
        calls = [r for r in sandbox.requests if r.path.endswith("/token")]
        assert sandbox.reused_refresh_tokens == 0
    assert [machine.returncode for machine in machines] == [0] * 8, outputs
    found = [json.loads(output) for output, _ in outputs]
    assert min(worker["used"] for worker in found) >= 2
    assert sum(worker["refused"] for worker in found) <= 8
    assert len(calls) >= 4


class Victim:
    """A machine that dies while it renews, and what the next one finds."""

    def __init__(self, sandbox, store, url):
        self.sandbox, self.store, self.url = sandbox, store, url
        self.token = sandbox.mint_refresh_token(client_id=PUBLIC)
        put(store, sandbox, self.token)

    def is_killed_at(self, step, process):
        order = {"auth_url": self.sandbox.auth_url, "url": self.url, "key": KEY, "step": step}
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
        """Whether the refresh token that came in place of the used one is stored."""
        return self.store.read("default").refresh_token != self.token

    def renew(self):
        """What the next run does, on another machine."""
        limiter = LimiterInMemory(requests_per_second=1_000)
        try:
            ConnectionToken(
                Credentials("default", self.sandbox.auth_url, PUBLIC),
                self.store,
                lambda application: AuthorizationServer(application, limiter=limiter),
            ).make_ready()
        finally:
            limiter.close()


def test_a_renewal_that_is_killed_at_any_step_is_taken_up_or_explained(tmp_path, url, store):
    """It dies before and after each statement, each commit and each request."""
    became = []
    strict = Behaviour(reuse_revokes_family=True)
    with Sandbox(behaviour=strict) as sandbox, script(DIES, tmp_path) as process:
        for step in range(1, 200):
            victim = Victim(sandbox, store, url)
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
    assert step > 30
    # Only between the answer of the service and the commit of what it brought.
    assert 1 <= sum(became) <= 8
    first, last = became.index(True), len(became) - became[::-1].index(True)
    assert all(became[first:last])
