"""Whole runs whose requests are counted on a Redis server."""

from __future__ import annotations

import pytest

from target_constant_contact.account.account import Account
from target_constant_contact.api.client import ConstantContactClient
from target_constant_contact.settings.settings import Settings
from target_constant_contact.singer.target import TargetConstantContact
from tests.support.redis_server import RedisServer
from tests.support.target import member, schema, state


@pytest.fixture(scope="module")
def redis():
    with RedisServer() as server:
        yield server


def test_the_requests_of_a_run_are_counted_on_the_redis_server(export, redis):
    outcome = export(schema(), member(1), rate_limit_url=redis.url)
    assert outcome.exit_code == 0
    assert redis.command("DBSIZE") == b":1\r\n"
    assert not (outcome.data_dir / "requests.sqlite").exists()


def test_a_run_without_its_redis_server_sends_nothing_and_ends_with_75(export, monkeypatch):
    monkeypatch.setattr("target_constant_contact.api.limits.redis._PAUSES", ())
    with RedisServer() as server:
        pass
    outcome = export(schema(), member(1), rate_limit_url=server.url)
    assert outcome.exit_code == 75
    assert outcome.states == []


def test_a_run_that_loses_its_redis_server_leaves_a_report(export, monkeypatch):
    monkeypatch.setattr("target_constant_contact.api.limits.redis._PAUSES", ())
    with RedisServer() as server:

        def lose_server(*args, **options):
            server.stop()
            return import_json(*args, **options)

        import_json = ConstantContactClient.import_json
        monkeypatch.setattr(ConstantContactClient, "import_json", lose_server)
        outcome = export(schema(), member(1), state("end"), rate_limit_url=server.url)
    assert outcome.exit_code == 75
    assert outcome.states == []
    assert outcome.report["status"] == "failed"
    assert outcome.report["requests_today"] == outcome.report["requests"] > 0


def test_the_sandbox_on_this_machine_counts_on_this_machine(tmp_path):
    config = {
        "sandbox": True,
        "lists": "Newsletter",
        "data_dir": str(tmp_path),
        "rate_limit_url": "redis://127.0.0.1:1",
    }
    account = Account(Settings.parse(config, TargetConstantContact.config_jsonschema))
    account.close()
    assert (tmp_path / "requests.sqlite").exists()
