"""Tokens and secrets are in a shared store, encrypted, and nowhere in clear: all is searched."""

from __future__ import annotations

import json

import pytest
from cryptography.fernet import Fernet

from target_constant_contact.sandbox import Behaviour, Fault, Sandbox
from tests.support.postgres import PASSWORD, Postgres
from tests.support.process import COMMAND, cli, environment
from tests.support.secrets import forms, handed_out
from tests.support.stores import TABLES, Store
from tests.support.target import lines, member, schema, settings_for, state
from tests.support.terminal import Terminal, sign_in

SETTINGS_SECRET = "client-secret-that-nobody-may-see"
TYPED_SECRET = "sandbox-secret"
IMPORT = "/activities/contacts_json_import"
PREFIX = "TARGET_CONSTANT_CONTACT_"


@pytest.fixture
def secrets(monkeypatch):
    return handed_out(monkeypatch, SETTINGS_SECRET, TYPED_SECRET)


@pytest.fixture
def sandbox(secrets):
    """One whose secrets are noted from its first one on."""
    assert secrets
    behaviour = Behaviour(seconds_to_start=0, seconds_to_finish=0.1, device_interval=0)
    with Sandbox(behaviour=behaviour) as account:
        account.add_application("an-app", SETTINGS_SECRET)
        yield account


@pytest.fixture
def own_server():
    with Postgres() as server:
        yield server


class Fleet:
    """Machines that share a store, and all that they said."""

    def __init__(self, sandbox, folder, store):
        self.sandbox, self.store, self._folder = sandbox, store, folder
        self.home = folder / "home"
        self.home.mkdir()
        self.said = []
        self.keys = [store.key]

    def config(self, machine, **settings):
        usual = settings_for(self.sandbox, self._folder / "unused", batch_size_rows=5)
        del usual["access_token"]
        kept = usual | {"auth_url": self.sandbox.auth_url} | self.store.settings(machine)
        path = self._folder / "config.json"
        path.write_text(json.dumps(kept | settings))
        return path

    def run(self, machine, *arguments, connection="shop", variables=(), **settings):
        """Run a command, at DEBUG, with its secrets in the environment; return its exit code."""
        config = self.config(machine, connection=connection, **settings)
        done = cli(
            self.home,
            *(*arguments, "--config=ENV", f"--config={config}"),
            stdin=lines(schema(), *map(member, range(20)), state("end")),
            LOGLEVEL="DEBUG",
            **{PREFIX + name: value for name, value in dict(variables).items()},
        )
        self.said += [done.stdout, done.stderr]
        return done.returncode

    def log_in(self, machine):
        """As somebody does who types the application's secret in."""
        arguments = ["--client-id", "sandbox-app", "--device", "--agreed-by", "Ada"]
        config = self.config(machine, connection="shop", access_token=None)
        words = [*COMMAND, "login", "--config", config, *arguments]
        with Terminal(words, self.home, environment(self.home)) as terminal:
            sign_in(terminal, self.sandbox)
            assert terminal.wait() == 0, terminal.everything
            self.said += [terminal.stdout, terminal.stderr, terminal.shown]

    def left_behind(self):
        """All that was said, and every file of every machine, the settings apart."""
        yield from (text.encode() for text in self.said)
        for folder in (self.home, self._folder / "machines"):
            yield from (path.read_bytes() for path in folder.rglob("*") if path.is_file())


def found_in(places, secrets):
    """The secrets that are in any of them, whole or in the middle, as a number of each."""
    texts = [*places]
    assert texts
    return [
        number
        for number, secret in enumerate(sorted(secrets))
        for form in {secret[4:-4] if len(secret) > 24 else secret, *forms(secret)}
        if any(form.encode() in text for text in texts)
    ]


def test_no_token_or_secret_is_in_clear_in_the_database_or_anywhere_else(
    sandbox, tmp_path, secrets, own_server
):
    """A login with a typed secret, renewals on several machines, keys changed, a logout."""
    store = Store(tmp_path / "machines", own_server.new_url())
    fleet = Fleet(sandbox, tmp_path, store)
    by_settings = {
        "CLIENT_ID": "an-app",
        "CLIENT_SECRET": SETTINGS_SECRET,
        "REFRESH_TOKEN": sandbox.mint_refresh_token(client_id="an-app"),
    }
    fleet.log_in("laptop")
    sandbox.add_fault(Fault("POST", IMPORT, nth=2, action="unauthorized"))
    assert fleet.run("first") == 0, fleet.said[-1]
    sandbox.add_fault(Fault("POST", IMPORT, nth=2, action="unauthorized"))
    assert fleet.run("second", connection="default", variables=by_settings) == 0, fleet.said[-1]
    assert sum(request.path.endswith("/token") for request in sandbox.requests) >= 4
    old, new = store.key, Fernet.generate_key().decode()
    sandbox.revoke_access_tokens()
    assert fleet.run("third", store_key=f"{new},{old}") == 0, fleet.said[-1]
    assert fleet.run("third", store_key=Fernet.generate_key().decode()) == 78
    fleet.run("third", "connections", store_key=f"{new},{old}")
    assert fleet.run("third", "logout", "--yes", store_key=f"{new},{old}") == 0

    secrets |= {old, new, PASSWORD}
    assert len(secrets) > 10
    dumped = [store.dump().encode()]
    own_server.execute("CHECKPOINT")
    files = [path.read_bytes() for path in own_server.data.rglob("*") if path.is_file()]
    # The search would find what is there: the documents, also those that were deleted.
    assert "gAAAAA" in dumped[0].decode()
    assert any(b"gAAAAA" in content for content in files)
    kept = json.loads(
        Fernet(old).decrypt(
            next(r["document"] for r in store.rows("connections") if r["name"] == "default")
        )
    )
    assert {kept["refresh_token"], kept["access_token"]} <= secrets
    assert SETTINGS_SECRET not in json.dumps(kept)
    assert found_in(dumped, secrets) == []
    assert found_in(files, secrets) == []
    assert found_in(fleet.left_behind(), secrets) == []


def test_the_search_would_find_a_secret_that_is_stored_in_clear(tmp_path, own_server):
    """In a row, and in what is left of it on the server's disk once it is deleted."""
    store = Store(tmp_path / "machines", own_server.new_url())
    name = store.url.rpartition("/")[2]
    own_server.execute("CREATE TABLE store (words text)", name)
    own_server.execute(f"INSERT INTO store VALUES ('{SETTINGS_SECRET}')", name)
    assert found_in([store.dump().encode()], [SETTINGS_SECRET])
    own_server.execute("DELETE FROM store", name)
    own_server.execute("CHECKPOINT")
    files = [path.read_bytes() for path in own_server.data.rglob("*") if path.is_file()]
    assert found_in(files, [SETTINGS_SECRET])


def test_the_dump_has_every_table():
    from target_constant_contact.store.schema import METADATA

    assert set(TABLES) == set(METADATA.tables)
