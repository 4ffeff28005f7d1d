"""Renewal by real processes: eight at once, and one that is killed at every step."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import time
from itertools import pairwise

import pytest

from target_constant_contact.api.oauth.connection import Application, Connection
from target_constant_contact.api.oauth.credentials import Credentials
from target_constant_contact.api.oauth.grants import AuthorizationServer
from target_constant_contact.api.oauth.renewal import ConnectionToken
from target_constant_contact.api.oauth.tokens import TokenStore
from target_constant_contact.exceptions import SignInError
from target_constant_contact.sandbox import Behaviour, Sandbox
from tests.support.limiting import LimiterInMemory
from tests.support.process import environment

PUBLIC = "sandbox-public"
STRICT = Behaviour(reuse_revokes_family=True)
LOST = "used up, and the answer that held the next one was lost"

COMMON = """
import json, os, signal, sys, time
from pathlib import Path

import requests

from target_constant_contact.api.oauth.credentials import Credentials
from target_constant_contact.api.oauth.grants import AuthorizationServer
from target_constant_contact.api.limits.limiter import RateLimiter
from target_constant_contact.data_folder import DataFolder
from target_constant_contact.api.oauth.renewal import ConnectionToken
from target_constant_contact.api.oauth.tokens import TokenStore
from target_constant_contact.store.opening import open_store
from target_constant_contact.store.place import StorePlace
from target_constant_contact.store.slots import Slots

def connect(auth_url, folder, seed, per_second):
    folder = Path(folder)
    slots = Slots(open_store(StorePlace(DataFolder(folder))))
    limiter = RateLimiter(slots, "token", requests_per_second=per_second)
    return ConnectionToken(
        Credentials("default", auth_url, "sandbox-public", refresh_token=seed),
        TokenStore(folder / "connections"),
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
auth_url, api_url, folder, seed, number, seconds = sys.argv[1:]

def work():
    signer = connect(auth_url, folder, seed, 1)
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

children = [fork(work) for _ in range(int(number))]
sys.exit(any(os.waitpid(child, 0)[1] for child in children))
"""
)

DIES = (
    COMMON
    + """
import requests.adapters
from authlib.integrations import requests_client

def step(after=0):
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

class Torn:
    def __init__(self, file):
        self.file = file

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return self.file.__exit__(*error)

    def write(self, text):
        for half in (text[:len(text) // 2], text[len(text) // 2:]):
            self.file.write(half)
            self.file.flush()
            step()

    def flush(self):
        self.file.flush()

real_fdopen = os.fdopen

def fdopen(descriptor, mode="r", *arguments, **options):
    file = real_fdopen(descriptor, mode, *arguments, **options)
    return Torn(file) if mode == "w" else file

def work():
    os.fdopen = fdopen
    for name in ("open", "fsync", "replace"):
        around(os, name)
    around(requests.adapters.HTTPAdapter, "send")
    connect(order["auth_url"], order["folder"], order["seed"], 1_000).make_ready()
    os._exit(0)

for line in sys.stdin:
    order = json.loads(line)
    left = order["step"]
    print(os.waitpid(fork(work), 0)[1], flush=True)
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


def test_eight_processes_use_no_token_twice(tmp_path):
    """Each asks for another token all the time, for ten seconds."""
    behaviour = Behaviour(
        reuse_revokes_family=True, token_requests_per_second=1, access_token_seconds=2
    )
    with Sandbox(behaviour=behaviour) as sandbox:
        seed = sandbox.mint_refresh_token(client_id=PUBLIC)
        arguments = (sandbox.auth_url, sandbox.api_url, str(tmp_path), seed, "8", "10")
        with script(RENEWS_ALL_THE_TIME, tmp_path, *arguments) as process:
            output, errors = process.communicate(timeout=40)
        calls = [r for r in sandbox.requests if r.path.endswith("/token")]
        assert sandbox.reused_refresh_tokens == 0
    found = [json.loads(line) for line in output.splitlines()]
    assert process.returncode == 0, errors
    assert len(found) == 8
    assert min(worker["used"] for worker in found) >= 2
    assert sum(worker["refused"] for worker in found) <= 8
    assert 6 <= len(calls) <= 13
    # As they arrived: each left its process in a slot of its own, 1.04 seconds apart.
    assert min(b.at - a.at for a, b in pairwise(calls)) > 0.6


@pytest.fixture(params=["stored", "seed", "another seed"])
def case(request):
    """What the renewal starts from."""
    return request.param


class Victim:
    """A data folder, and the process that dies while it renews there."""

    def __init__(self, sandbox, folder, case):
        self.sandbox = sandbox
        self.folder = folder
        self.store = TokenStore(folder / "connections")
        self.token = sandbox.mint_refresh_token(client_id=PUBLIC)
        self.seed = None if case == "stored" else self.token
        if case == "stored":
            self.store.write(self._connection(self.token))
        elif case == "another seed":
            self.store.write(self._connection(sandbox.mint_refresh_token(client_id=PUBLIC)))

    def _connection(self, token):
        application = Application(PUBLIC, None, self.sandbox.auth_url)
        return Connection("default", application, refresh_token=token)

    def is_killed_at(self, step, process):
        order = {
            "auth_url": self.sandbox.auth_url,
            "folder": str(self.folder),
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
        """Whether a whole file holds the refresh token that came in place of the used one."""
        query = (
            "SELECT value FROM grants WHERE kind = 'refresh' AND json_extract(details, '$.family')"
            " = (SELECT json_extract(details, '$.family') FROM grants WHERE value = ?)"
        )
        with self.sandbox._account.store.reading() as db:
            living = {row["value"] for row in db.execute(query, [self.token])}
        return bool(living & {_refresh_token(p) for p in self.store.folder.glob("*.json*")})

    def renew(self):
        """What the next run does."""
        limiter = LimiterInMemory(requests_per_second=1_000)
        try:
            ConnectionToken(
                Credentials("default", self.sandbox.auth_url, PUBLIC, refresh_token=self.seed),
                self.store,
                lambda application: AuthorizationServer(application, limiter=limiter),
            ).make_ready()
        finally:
            limiter.close()


def _refresh_token(path):
    with contextlib.suppress(ValueError):
        return json.loads(path.read_text())["refresh_token"]
    return None


def test_a_renewal_that_is_killed_at_any_step_is_taken_up_or_explained(tmp_path, case):
    """It dies before and after each opening, half writing, syncing, renaming and sending."""
    became, began = [], time.monotonic()
    with Sandbox(behaviour=STRICT) as sandbox, script(DIES, tmp_path) as process:
        for step in range(1, 100):
            victim = Victim(sandbox, tmp_path / str(step), case)
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
            leftovers = {path.suffix for path in victim.store.folder.iterdir()}
            assert leftovers <= {".json", ".lock"}
    assert step > 15
    # Only between the answer of the service and the writing of what it brought.
    assert 1 <= sum(became) <= 5
    assert became == sorted(became[: became.index(True)]) + sorted(
        became[became.index(True) :], reverse=True
    )
    assert time.monotonic() - began < 25
