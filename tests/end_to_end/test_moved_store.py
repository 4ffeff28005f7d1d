"""A connection that was made on one machine, and is used on another one."""

from __future__ import annotations

import pytest

from target_constant_contact.api.limits import limiter
from target_constant_contact.store.cipher import new_key
from tests.support.commands import call, config_file
from tests.support.target import member, schema, state

KEY, PUBLIC = new_key(), "sandbox-public"


@pytest.fixture
def nightly(export, sandbox, monkeypatch):
    """Run with a connection whose access token has been revoked since."""
    monkeypatch.setattr(limiter, "_MARGIN", 0.001)
    login = {"access_token": None, "auth_url": sandbox.auth_url, "client_id": PUBLIC}

    def run(number, **settings):
        sandbox.revoke_access_tokens()
        return export(schema(), member(number), state(number), **(login | settings))

    return run


@pytest.fixture
def store(tmp_path):
    """Call a command of the store: `store("export", file, **settings)`."""

    def called(*words, **settings):
        kept = {"data_dir": str(tmp_path / "data"), "store_key": KEY} | settings
        answer = call("store", *words, "--config", config_file(tmp_path, **kept))
        assert answer.exit_code == 0, answer.log
        return answer

    return called


def test_a_moved_connection_goes_on_elsewhere_and_back_again(
    nightly, store, sandbox, postgres, tmp_path
):
    server = {"store_url": postgres.new_url(), "store_key": KEY}
    seed = sandbox.mint_refresh_token(client_id=PUBLIC)
    assert nightly(1, refresh_token=seed).exit_code == 0
    store("export", tmp_path / "there.jsonl", "--forget")
    store("import", tmp_path / "there.jsonl", **server)

    assert nightly(2).exit_code == 77
    outcome = nightly(3, **server)
    assert (outcome.exit_code, outcome.states) == (0, [3]), outcome.log

    store("export", tmp_path / "back.jsonl", "--forget", **server)
    store("import", tmp_path / "back.jsonl")
    assert nightly(4).exit_code == 0
    assert sandbox.reused_refresh_tokens == 0


def test_the_runs_and_the_requests_of_today_move_with_it(
    nightly, store, sandbox, postgres, tmp_path
):
    server = {"store_url": postgres.new_url(), "store_key": KEY}
    outcome = nightly(1, refresh_token=sandbox.mint_refresh_token(client_id=PUBLIC))
    assert outcome.exit_code == 0
    before = store("--json").json
    store("export", tmp_path / "there.jsonl")
    store("import", tmp_path / "there.jsonl", **server)
    after = store("--json", **server).json
    assert before["rows"] == after["rows"]
    assert before["rows"]["runs"] == 1
    assert before["requests_today"] == after["requests_today"]
    assert outcome.report["requests"] in after["requests_today"].values()


def test_a_store_whose_key_was_changed_is_used_without_the_old_one(
    nightly, store, sandbox, postgres
):
    url, old, new = postgres.new_url(), new_key(), new_key()
    seed = sandbox.mint_refresh_token(client_id=PUBLIC)
    assert nightly(1, refresh_token=seed, store_url=url, store_key=old).exit_code == 0
    store("rotate", store_url=url, store_key=f"{new},{old}")
    assert nightly(2, store_url=url, store_key=old).exit_code == 78
    assert nightly(3, store_url=url, store_key=new).exit_code == 0
    assert sandbox.reused_refresh_tokens == 0
