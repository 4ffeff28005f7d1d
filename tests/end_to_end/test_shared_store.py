"""Whole runs whose requests and connections are in a PostgreSQL database."""

from __future__ import annotations

import shutil

import psycopg
import pytest
from cryptography.fernet import Fernet

from target_constant_contact.account.account import Account
from target_constant_contact.api.client import ConstantContactClient
from target_constant_contact.api.limits import limiter
from target_constant_contact.settings.settings import Settings
from target_constant_contact.singer.target import TargetConstantContact
from target_constant_contact.store import database
from tests.support.commands import call, config_file
from tests.support.postgres import PASSWORD, Postgres
from tests.support.target import member, run, schema, settings_for, state

KEY = Fernet.generate_key().decode()
PUBLIC = "sandbox-public"


@pytest.fixture
def own_server():
    """A server that the test may end."""
    with Postgres() as server:
        yield server


def used(url, schema="public"):
    with psycopg.connect(url) as connection:
        return connection.execute(f"SELECT sum(used) FROM {schema}.slots").fetchone()[0]


def test_the_requests_of_a_run_are_counted_in_the_database(export, postgres):
    url = postgres.new_url()
    outcome = export(schema(), member(1), store_key=KEY, store_url=url)
    assert outcome.exit_code == 0
    assert used(url) == outcome.report["requests"] > 0
    assert not [*outcome.data_dir.glob("*.sqlite*")]
    assert PASSWORD not in outcome.log


def test_the_tables_are_in_the_schema_that_is_set(export, postgres):
    url = postgres.new_url()
    outcome = export(schema(), member(1), store_key=KEY, store_url=url, store_schema="exports")
    assert outcome.exit_code == 0
    assert used(url, "exports") > 0


def test_a_run_without_its_database_sends_nothing_and_ends_with_75(export, sandbox, monkeypatch):
    monkeypatch.setattr(database, "PAUSES", ())
    with Postgres() as server:
        pass
    outcome = export(schema(), member(1), store_key=KEY, store_url=server.url())
    assert outcome.exit_code == 75
    assert outcome.states == []
    assert sandbox.requests == []
    assert PASSWORD not in outcome.log


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_run_that_loses_its_database_leaves_a_report(export, own_server, monkeypatch, end):
    monkeypatch.setattr(database, "PAUSES", ())
    import_json = ConstantContactClient.import_json

    def lose_server(*args, **options):
        getattr(own_server, end)()
        return import_json(*args, **options)

    monkeypatch.setattr(ConstantContactClient, "import_json", lose_server)
    outcome = export(
        schema(), member(1), state("end"), store_key=KEY, store_url=own_server.new_url()
    )
    assert outcome.exit_code == 75
    assert outcome.states == []
    assert outcome.report["status"] == "failed"
    assert outcome.report["requests_today"] == outcome.report["requests"] > 0
    assert "The store does not have the report of this run: " in outcome.log


def test_a_run_whose_database_is_killed_and_started_again_is_taken_up(
    export, sandbox, own_server, monkeypatch
):
    """The run's lock is lost with the server: somebody else may have it by now."""
    import_json = ConstantContactClient.import_json
    reserve = database.Database.run

    def lose_server(*args, **options):
        own_server.kill()
        return import_json(*args, **options)

    def start_again(self, *args, **options):
        self._sleep = lambda _seconds: own_server.is_running or own_server.start()
        return reserve(self, *args, **options)

    url = own_server.new_url()
    messages = (schema(), member(1), state("end"))
    with monkeypatch.context() as patched:
        patched.setattr(ConstantContactClient, "import_json", lose_server)
        patched.setattr(database.Database, "run", start_again)
        lost = export(*messages, store_key=KEY, store_url=url)
    assert (lost.exit_code, lost.states) == (75, [])
    outcome = export(*messages, store_key=KEY, store_url=url)
    assert (outcome.exit_code, outcome.states) == (0, ["end"])
    assert "was interrupted; asking what became of its 1 import" in outcome.log
    assert sandbox.contact("member1@example.com")
    # The import of the first did not go out when its turn came.
    assert used(url) == lost.report["requests"] + 1 + outcome.report["requests"]


def test_the_sandbox_on_this_machine_counts_on_this_machine(tmp_path):
    config = {
        "sandbox": True,
        "lists": "Newsletter",
        "data_dir": str(tmp_path),
        "store_url": "postgresql://127.0.0.1:1/d",
    }
    account = Account(Settings.parse(config, TargetConstantContact.config_jsonschema))
    account.close()
    assert (tmp_path / "store.sqlite").exists()


def test_the_setting_of_redis_is_refused_with_what_has_come_in_its_place(export):
    outcome = export(schema(), member(1), rate_limit_url="redis://:hunter22@h")
    assert outcome.exit_code == 78
    assert (
        "Setting 'rate_limit_url' does not exist any more; set store_url, and a "
        "PostgreSQL database keeps the limits for all machines" in outcome.log
    )
    assert "hunter22" not in outcome.log


@pytest.fixture
def nightly(export, sandbox, postgres, monkeypatch):
    """Run with a connection and a disk that is gone after each run."""
    monkeypatch.setattr(limiter, "_MARGIN", 0.001)
    shared = {
        "access_token": None,
        "auth_url": sandbox.auth_url,
        "client_id": PUBLIC,
        "store_url": postgres.new_url(),
        "store_key": KEY,
    }

    def run(number, **settings):
        outcome = export(schema(), member(number), state(number), **(shared | settings))
        kept = [path.name for path in outcome.data_dir.rglob("*") if path.is_file()]
        assert not [name for name in kept if "sqlite" in name or name == "default.json"]
        shutil.rmtree(outcome.data_dir, ignore_errors=True)
        return outcome

    run.shared = shared
    return run


def test_a_chain_of_tokens_goes_on_without_a_disk(nightly, sandbox):
    seed = sandbox.mint_refresh_token(client_id=PUBLIC)
    for night in range(3):
        sandbox.revoke_access_tokens()
        outcome = nightly(night, refresh_token=seed)
        assert outcome.exit_code == 0, outcome.log
        assert outcome.states == [night]
    assert sandbox.reused_refresh_tokens == 0
    assert sum(request.path.endswith("/token") for request in sandbox.requests) == 3


def test_a_run_with_another_key_uses_up_no_token(nightly, sandbox):
    seed = sandbox.mint_refresh_token(client_id=PUBLIC)
    assert nightly(1, refresh_token=seed).exit_code == 0
    before = len(sandbox.requests)
    outcome = nightly(2, refresh_token=seed, store_key=Fernet.generate_key().decode())
    assert outcome.exit_code == 78
    assert "store_key does not open connection 'default' in the store at 127.0.0.1" in outcome.log
    assert len(sandbox.requests) == before
    assert nightly(3).exit_code == 0


def test_without_a_key_nothing_is_sent(nightly, sandbox):
    outcome = nightly(1, refresh_token="a seed of the settings", store_key=None)
    assert outcome.exit_code == 78
    assert "store_key is missing: with store_url, connections are in a database" in outcome.log
    assert sandbox.requests == []


def test_commands_look_into_the_database(nightly, sandbox, tmp_path):
    settings = settings_for(sandbox, tmp_path / "data", **nightly.shared)
    config = config_file(tmp_path, **{k: v for k, v in settings.items() if v is not None})
    assert (
        "There are no connections in the store at 127.0.0.1"
        in call("connections", "--config", config).stdout
    )
    assert nightly(1, refresh_token=sandbox.mint_refresh_token(client_id=PUBLIC)).exit_code == 0
    (found,) = call("connections", "--config", config, "--json").json
    assert (found["name"], found["status"]) == ("default", "ok")
    assert call("logout", "--config", config, "--connection", "shop", "--yes").exit_code == 78
    done = call("logout", "--config", config, "--yes")
    assert "Connection 'default' is removed from the store at 127.0.0.1" in done.stdout
    assert call("connections", "--config", config, "--json").json == []


@pytest.mark.parametrize("command", ["connections", "logout"])
@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"store_url": 5}, "store_url: has the wrong type; it takes string"),
        ({"store_url": "postgresql://h:0/d"}, "store_url is not the URL of a PostgreSQL database"),
        ({"store_key": None}, "store_key is missing"),
        ({"store_key": "short"}, "store_key is no key"),
    ],
)
def test_commands_say_what_is_wrong_with_the_settings_of_the_store(
    nightly, tmp_path, command, settings, line
):
    url = nightly.shared["store_url"]
    config = config_file(
        tmp_path, data_dir=str(tmp_path), **({"store_url": url, "store_key": KEY} | settings)
    )
    done = call(command, "--config", config)
    assert done.exit_code == 78
    assert line in done.log


def test_a_run_that_loses_its_lock_while_its_import_waits_for_its_turn_does_not_send_it(
    export, sandbox, postgres, monkeypatch, tmp_path
):
    """A token is renewed or the service throttles, and another machine is done in that time."""
    import_json = ConstantContactClient.import_json
    url = postgres.new_url()
    shared = {"store_key": KEY, "store_url": url}
    others = []

    def lose_lock(*args, **options):
        monkeypatch.setattr(ConstantContactClient, "import_json", import_json)
        postgres.terminate(only_locks=True)
        newer = settings_for(sandbox, tmp_path / "another", **shared)
        others.append(run(newer, schema(), member(1, FirstName="Newer"), state("newer")))
        return import_json(*args, **options)

    monkeypatch.setattr(ConstantContactClient, "import_json", lose_lock)
    lost = export(schema(), member(1, FirstName="Older"), state("older"), **shared)
    assert [(other.exit_code, other.states) for other in others] == [(0, ["newer"])]
    assert (lost.exit_code, lost.states) == (75, [])
    assert sandbox.members("Newsletter")["member1@example.com"]["first_name"] == "Newer"
    assert len(sandbox.activities()) == 1
