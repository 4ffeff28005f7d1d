"""Tokens and secrets are in the store and nowhere else: all that a process leaves is searched."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from urllib.parse import quote

import pytest
from cryptography.fernet import Fernet

from target_constant_contact.cli import COMMANDS
from target_constant_contact.sandbox import Behaviour, Fault, Sandbox
from tests.support.connections import Connections
from tests.support.postgres import PASSWORD
from tests.support.process import cli
from tests.support.secrets import handed_out
from tests.support.target import lines, member, schema, settings_for, state

CLIENT_ID = "an-app"
CLIENT_SECRET = "client-secret-that-nobody-may-see"
IMPORT = "/activities/contacts_json_import"
PREFIX = "TARGET_CONSTANT_CONTACT_"
AT_ONCE = Behaviour(seconds_to_start=0, seconds_to_finish=0.1)


@pytest.fixture
def secrets(monkeypatch):
    """Every secret that the sandbox has handed out, and what the application proves itself with."""
    proof = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
    return handed_out(monkeypatch, CLIENT_SECRET, proof)


@pytest.fixture
def sandbox():
    with Sandbox(behaviour=AT_ONCE) as account:
        account.add_application(CLIENT_ID, CLIENT_SECRET)
        yield account


class Machine:
    """A home, a data folder, and what the processes said."""

    def __init__(self, sandbox, folder, secrets):
        self.secrets = secrets
        self.home, self.data = folder / "home", folder / "data"
        self.home.mkdir()
        self.said = []
        self.seed = sandbox.mint_refresh_token(client_id=CLIENT_ID)
        settings = settings_for(sandbox, self.data, auth_url=sandbox.auth_url, batch_size_rows=5)
        self.settings = {name: value for name, value in settings.items() if name != "access_token"}
        self._config = folder / "config.json"

    def run(self, *arguments, rows=20, **settings):
        """Run a command, at DEBUG, with the secrets in the environment; return its exit code."""
        self._config.write_text(json.dumps(self.settings | settings))
        variables = {
            "LOGLEVEL": "DEBUG",
            "CLIENT_ID": CLIENT_ID,
            "CLIENT_SECRET": settings.get("client_secret", CLIENT_SECRET),
            "REFRESH_TOKEN": self.seed,
        }
        done = cli(
            self.home,
            *arguments,
            "--config=ENV",
            f"--config={self._config}",
            stdin=lines(schema(), *map(member, range(rows)), state("end")),
            **{PREFIX + name: value for name, value in variables.items()},
        )
        self.said += [done.stdout, done.stderr]
        return done.returncode

    @property
    def store(self):
        return Connections(self.data)

    def left_behind(self):
        """All that was said, and every file but those of the store."""
        kept = set(self.data.glob("store.sqlite*"))
        yield from (text.encode() for text in self.said)
        for folder in (self.home, self.data):
            for path in folder.rglob("*"):
                yield str(path).encode()
                if path.is_file() and path not in kept:
                    yield path.read_bytes()

    def stores(self, secret):
        """Whether any file of the data folder holds it, those of the store too."""
        files = [path.read_bytes() for path in self.data.rglob("*") if path.is_file()]
        assert files
        return any(secret.encode() in content for content in files)

    def holds(self, secret):
        # In the middle: a cut or masked secret would give it away as well.
        middle = secret[4:-4] if len(secret) > 24 else secret
        forms = {secret.encode(), quote(secret, safe="").encode(), middle.encode()}
        return any(form in text for text in self.left_behind() for form in forms)


@pytest.fixture
def machine(sandbox, tmp_path, secrets):
    return Machine(sandbox, tmp_path, secrets)


def assert_nothing_is_shown(machine):
    shown = [secret for secret in machine.secrets if machine.holds(secret)]
    assert shown == []


def test_a_run_at_debug_leaves_its_tokens_in_the_store_only(machine, sandbox):
    """With two rotations in two runs, and a request that is refused in the middle."""
    sandbox.add_fault(Fault("POST", IMPORT, nth=2, action="unauthorized"))
    sandbox.add_fault(Fault("POST", "/token", nth=2, action="error_503"))
    assert machine.run() == 0, machine.said
    assert machine.run(account="Sandbox Trading Co.") == 0, machine.said
    assert [r.status for r in sandbox.requests if r.path.endswith("/token")] == [200, 503, 200]

    newest = machine.store.read("default")
    assert {newest.refresh_token, newest.access_token} <= machine.secrets
    assert all(machine.stores(s) for s in (newest.refresh_token, newest.access_token))
    assert len(machine.secrets) >= 7
    assert_nothing_is_shown(machine)


@pytest.mark.parametrize(
    ("action", "rotating"),
    [
        *[("", True), ("", False), ("garbage", True)],
        *[("drop_before", True), ("error_503", False), ("forbidden", False)],
    ],
)
def test_what_came_by_the_environment_is_on_no_disk(machine, sandbox, rotating, action):
    """Neither before the first answer, nor after one that brings the same token again."""
    sandbox.behaviour = replace(AT_ONCE, rotating_refresh_tokens=rotating)
    if action:
        sandbox.add_fault(Fault("POST", "/token", action=action, times=5))
        assert machine.run() in {75, 77}
        sandbox.clear_faults()
    machine.run("connections")
    assert machine.run() == 0, machine.said
    assert machine.store.read("default").rotating is rotating
    assert not [secret for secret in (CLIENT_SECRET, machine.seed) if machine.stores(secret)]


def test_what_singer_sdk_logs_at_debug_is_searched_too(machine):
    """Or the search would prove nothing."""
    assert machine.run() == 0
    log = "".join(machine.said)
    assert "DEBUG" in log
    assert "POST /token (refresh_token) in" in log
    assert "singer_sdk" in log
    assert all(machine.holds(text) for text in ("report.json", "store.sqlite", "Newsletter"))
    assert not machine.holds("member1@example.com")
    assert not machine.stores("member1@example.com")


def test_failing_runs_show_no_secret_either(machine, sandbox):
    assert machine.run(client_secret="wrong-secret-that-nobody-may-see") == 78
    machine.secrets.add("wrong-secret-that-nobody-may-see")
    sandbox.add_fault(Fault("POST", "/token", action="garbage"))
    sandbox.add_fault(Fault("POST", IMPORT, nth=2, action="unauthorized", times=2))
    assert machine.run(max_activities_in_flight=1) == 77
    sandbox.add_fault(Fault("POST", "/token", action="drop_after"))
    sandbox.revoke_access_tokens()
    assert machine.run() == 77
    assert "the answer that held the next one was lost" in machine.said[-1]
    assert_nothing_is_shown(machine)


def test_the_password_of_the_store_is_shown_nowhere(machine, postgres):
    """Of one that can be used, one that refuses the login, and one that is not there."""
    key = Fernet.generate_key().decode()
    machine.secrets |= {PASSWORD, quote(PASSWORD, safe=""), key}
    machine.settings["store_key"] = key
    wrong = f"{PASSWORD}wrong"
    unused = postgres.new_url().replace(f":{postgres.port}/", ":1/")
    assert machine.run(store_url=postgres.new_url()) == 0, machine.said
    assert machine.run(store_url=postgres.url(password=wrong)) == 78, machine.said
    assert machine.run("check", store_url=postgres.url(password=wrong)) == 78
    assert machine.run(store_url=unused) == 75, machine.said
    assert "127.0.0.1:1/test" in machine.said[-1]
    assert_nothing_is_shown(machine)


@pytest.mark.parametrize(
    "name", [name for name in COMMANDS if name in {"check", "lists", "fields", "connections"}]
)
def test_commands_show_no_secret(machine, name):
    for arguments in ([name], [name, "--json"]):
        machine.run(*arguments)
    assert machine.said[0]
    if name != "connections":
        assert machine.store.read("default")
    assert_nothing_is_shown(machine)


HELD = {
    "store_url": "postgresql://me:hunter22-in-a-url@127.0.0.1:1/d",
    "store_schema": {"key": "hunter22-in-a-schema"},
    "store_key": "hunter22-as-a-key",
    "batch_config": {
        "storage": {"root": "s3://me:hunter22-in-a-root@bucket", "params": ["hunter22"]}
    },
    "stream_map_config": "hunter22-of-a-map",
    "stream_maps": {"members": ["hunter22-in-a-map"]},
    "segments": [{"stream": "members", "lists": {"key": "hunter22-in-a-segment"}}],
    "auth_url": "http://me:hunter22-of-a-server@127.0.0.1:1",
    "api_url": "http://me:hunter22-of-a-proxy@127.0.0.1:1/v3",
    "account": ["hunter22-of-an-account"],
    "verify": {"key": "hunter22-in-a-word"},
}


ASKING = [("check",), ("check", "--json"), ("lists",), ("fields",), ("--about",)]


@pytest.mark.parametrize(
    ("names", "words"),
    [*(([name], ()) for name in HELD), *((list(HELD), words) for words in [(), *ASKING])],
    ids=str,
)
def test_settings_that_are_wrong_show_nothing_that_is_in_them(machine, names, words):
    machine.run(*words, **{name: HELD[name] for name in names})
    assert "".join(machine.said)
    assert not machine.holds("hunter22")
