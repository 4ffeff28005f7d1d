"""Whole runs whose requests are counted in a PostgreSQL database."""

from __future__ import annotations

import psycopg
import pytest

from target_constant_contact.account.account import Account
from target_constant_contact.api.client import ConstantContactClient
from target_constant_contact.settings.settings import Settings
from target_constant_contact.singer.target import TargetConstantContact
from target_constant_contact.store import database
from tests.support.postgres import PASSWORD, Postgres
from tests.support.target import member, schema, state


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
    outcome = export(schema(), member(1), store_url=url)
    assert outcome.exit_code == 0
    assert used(url) == outcome.report["requests"] > 0
    assert not [*outcome.data_dir.glob("*.sqlite*")]
    assert PASSWORD not in outcome.log


def test_the_tables_are_in_the_schema_that_is_set(export, postgres):
    url = postgres.new_url()
    outcome = export(schema(), member(1), store_url=url, store_schema="exports")
    assert outcome.exit_code == 0
    assert used(url, "exports") > 0


def test_a_run_without_its_database_sends_nothing_and_ends_with_75(export, sandbox, monkeypatch):
    monkeypatch.setattr(database, "PAUSES", ())
    with Postgres() as server:
        pass
    outcome = export(schema(), member(1), store_url=server.url())
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
    outcome = export(schema(), member(1), state("end"), store_url=own_server.new_url())
    assert outcome.exit_code == 75
    assert outcome.states == []
    assert outcome.report["status"] == "failed"
    assert outcome.report["requests_today"] == outcome.report["requests"] > 0


def test_a_run_whose_database_is_killed_and_started_again_goes_on(export, own_server, monkeypatch):
    import_json = ConstantContactClient.import_json
    reserve = database.Database.run

    def lose_server(*args, **options):
        own_server.kill()
        return import_json(*args, **options)

    def start_again(self, *args, **options):
        self._sleep = lambda _seconds: own_server.is_running or own_server.start()
        return reserve(self, *args, **options)

    monkeypatch.setattr(ConstantContactClient, "import_json", lose_server)
    monkeypatch.setattr(database.Database, "run", start_again)
    url = own_server.new_url()
    outcome = export(schema(), member(1), state("end"), store_url=url)
    assert outcome.exit_code == 0
    assert outcome.states == ["end"]
    assert used(url) == outcome.report["requests"]


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


def test_the_setting_of_redis_is_ignored_with_what_has_come_in_its_place(export):
    outcome = export(schema(), member(1), rate_limit_url="redis://:hunter22@h")
    assert outcome.exit_code == 0
    assert (
        "Setting 'rate_limit_url' does not exist any more and is ignored; set store_url, and a "
        "PostgreSQL database keeps the limits for all machines" in outcome.log
    )
    assert "hunter22" not in outcome.log
