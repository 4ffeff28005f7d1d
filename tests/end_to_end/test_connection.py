"""Runs that sign in with a connection, and renew its tokens on the way."""

from __future__ import annotations

from dataclasses import replace
from fnmatch import fnmatchcase
from itertools import count

import pytest

from target_constant_contact.account.account import Account
from target_constant_contact.api.limits import limiter
from target_constant_contact.commands.common import parse_settings
from target_constant_contact.sandbox.account import ENCODED_ACCOUNT_ID, ORGANISATION
from tests.support.connections import Connections
from tests.support.target import member, schema, settings_for, state

PUBLIC = "sandbox-public"
NEWS = "Newsletter"
IMPORT = "/v3/activities/contacts_json_import"
POLL = "/v3/activities/*-*"


@pytest.fixture(autouse=True)
def _no_pace(monkeypatch):
    """The pace of the token endpoint is proved elsewhere; here nobody waits for it."""
    monkeypatch.setattr(limiter, "_MARGIN", 0.001)


@pytest.fixture
def seed(sandbox):
    return sandbox.mint_refresh_token(client_id=PUBLIC)


@pytest.fixture
def send(export, sandbox):
    """Run with a connection: `send(*messages, **settings)`."""

    def start(*messages, **settings):
        defaults = {"access_token": None, "auth_url": sandbox.auth_url, "client_id": PUBLIC}
        return export(*messages, **(defaults | settings))

    return start


@pytest.fixture
def when(sandbox, monkeypatch):
    """Do something as a request arrives, before its token is looked at."""

    def when(method, path, nth, action):
        real, numbers = sandbox._account.faults.meet, count(1)

        def meet(said, found):
            if said == method and fnmatchcase(found, path) and next(numbers) == nth:
                action()
            return real(said, found)

        monkeypatch.setattr(sandbox._account.faults, "meet", meet)

    return when


def paths(sandbox):
    return [request.path.removeprefix("/v3").rpartition("/v1")[2] for request in sandbox.requests]


def calls(sandbox):
    return paths(sandbox).count("/token")


def stored(outcome, name="default"):
    return Connections(outcome.data_dir).read(name)


def assert_each_landed_once(sandbox, outcome, rows):
    """Neither the account nor the report has a row too few or too many."""
    assert outcome.exit_code == 0, outcome.log
    assert outcome.totals == {"read": rows, "landed": rows}
    members = sandbox.members(NEWS)
    assert all(f"member{number}@example.com" in members for number in range(rows))
    imports = [item for item in sandbox.activities() if item["kind"] == "contacts_json_import"]
    assert sum(item["rows"] for item in imports) == rows
    assert all(item["state"] == "completed" for item in imports)


def test_a_run_with_a_seed_lands_and_stores_the_connection(send, sandbox, seed):
    outcome = send(schema(), *map(member, range(3)), state("end"), refresh_token=seed)
    assert_each_landed_once(sandbox, outcome, 3)
    assert outcome.states == ["end"]
    assert outcome.report["connection"] == "default"
    assert outcome.report["account"] == ORGANISATION
    found = stored(outcome)
    assert found.refresh_token != seed
    assert (found.account_id, found.account_name) == (ENCODED_ACCOUNT_ID, ORGANISATION)


def test_the_next_run_goes_on_with_the_stored_chain(send, sandbox, seed):
    first = send(schema(), member(0), refresh_token=seed)
    again = send(schema(), member(1), refresh_token=seed)
    without = send(schema(), member(2), client_id=None)
    assert [run.exit_code for run in (first, again, without)] == [0, 0, 0]
    assert calls(sandbox) == 1
    assert paths(sandbox).count("/account/summary") == 1
    sandbox.revoke_access_tokens()
    assert send(schema(), member(3), refresh_token=seed).exit_code == 0
    assert calls(sandbox) == 2
    assert sandbox.reused_refresh_tokens == 0


def test_a_confidential_application_signs_in_too(send, sandbox):
    seed = sandbox.mint_refresh_token(client_id="sandbox-app")
    names = {"client_id": "sandbox-app", "client_secret": "sandbox-secret"}
    outcome = send(schema(), member(0), refresh_token=seed, **names)
    assert_each_landed_once(sandbox, outcome, 1)


def test_a_connection_has_its_name(send, seed):
    outcome = send(schema(), member(0), refresh_token=seed, connection="nightly")
    assert outcome.report["connection"] == "nightly"
    assert stored(outcome, "nightly")
    assert "Connection 'nightly' leads to Sandbox Trading Co." in outcome.log


def test_a_connection_without_the_right_to_see_its_account_runs_all_the_same(send, sandbox):
    scope = "contact_data offline_access"
    seed = sandbox.mint_refresh_token(scope, client_id=PUBLIC)
    outcome = send(schema(), member(0), refresh_token=seed)
    assert_each_landed_once(sandbox, outcome, 1)
    assert "/account/summary" not in paths(sandbox)


def test_without_anything_to_sign_in_with_nothing_is_sent(send, sandbox):
    outcome = send(schema(), member(0), state("end"))
    assert outcome.exit_code == 77
    assert "There is no connection 'default'" in outcome.log
    assert sandbox.requests == []


def test_a_token_that_expires_in_the_middle_is_renewed(send, sandbox, behave, seed):
    behave(access_token_seconds=1, seconds_to_finish=1.2)
    outcome = send(
        schema(), *map(member, range(30)), state("end"), refresh_token=seed, batch_size_rows=10
    )
    assert_each_landed_once(sandbox, outcome, 30)
    assert outcome.states == ["end"]
    assert calls(sandbox) >= 2
    assert sandbox.reused_refresh_tokens == 0


@pytest.mark.parametrize(
    "request_", [("POST", IMPORT, 1), ("POST", IMPORT, 3), ("GET", POLL, 2)], ids=str
)
def test_a_token_that_is_revoked_in_the_middle_is_renewed(send, sandbox, seed, when, request_):
    method, path, nth = request_
    sandbox.behaviour = replace(sandbox.behaviour, seconds_to_finish=0.1)
    when(method, path, nth, sandbox.revoke_access_tokens)
    outcome = send(
        schema(),
        *map(member, range(30)),
        state("end"),
        refresh_token=seed,
        batch_size_rows=10,
        max_activities_in_flight=1,
    )
    assert_each_landed_once(sandbox, outcome, 30)
    refused = [request for request in sandbox.requests if request.status == 401]
    assert refused
    assert fnmatchcase(refused[0].path, path)
    assert len([r for r in sandbox.requests if r.path == IMPORT and r.status == 201]) == 3
    assert calls(sandbox) == 2


def test_a_connection_that_is_revoked_in_the_middle_ends_the_run(send, sandbox, seed, when):
    when("POST", IMPORT, 3, sandbox.revoke_refresh_tokens)
    numbered = [message for n in range(30) for message in (member(n), state(n))]
    outcome = send(
        schema(), *numbered, refresh_token=seed, batch_size_rows=10, max_activities_in_flight=1
    )
    assert outcome.exit_code == 77
    assert "login --connection default" in outcome.log
    assert outcome.report["status"] == "failed"
    assert outcome.totals["landed"] == 20
    assert max(outcome.states, default=-1) < 20
    members = sandbox.members(NEWS)
    assert all(f"member{n}@example.com" in members for n in range(max(outcome.states) + 1))


def test_a_connection_that_was_revoked_ends_the_run_before_anything_is_sent(send, sandbox, seed):
    sandbox.revoke_refresh_tokens()
    outcome = send(schema(), member(0), state("end"), refresh_token=seed)
    assert outcome.exit_code == 77
    assert outcome.states == []
    assert paths(sandbox) == ["/token"]


@pytest.mark.parametrize("account", [ORGANISATION, ENCODED_ACCOUNT_ID])
def test_a_run_is_bound_to_an_account_by_name_or_id(send, sandbox, seed, account):
    outcome = send(schema(), member(0), refresh_token=seed, account=account)
    assert_each_landed_once(sandbox, outcome, 1)
    assert "/account/summary" in paths(sandbox)


def test_another_account_is_refused_before_anything_is_sent(send, sandbox, seed):
    outcome = send(schema(), member(0), state("end"), refresh_token=seed, account="Another Ltd.")
    assert outcome.exit_code == 78
    assert "account is 'Another Ltd.', but connection 'default' is for" in outcome.log
    assert ORGANISATION in outcome.log
    assert outcome.states == []
    assert paths(sandbox) == ["/token", "/account/summary"]


def test_the_account_is_asked_in_every_run_that_is_bound(send, sandbox, seed):
    """A changed seed may lead elsewhere, and so may a file that was exchanged."""
    for number in range(2):
        send(schema(), member(number), refresh_token=seed, account=ORGANISATION)
    assert paths(sandbox).count("/account/summary") == 2


def test_an_access_token_of_another_account_is_refused_too(export, sandbox):
    outcome = export(schema(), member(0), account="Another Ltd.")
    assert outcome.exit_code == 78
    assert "but the access token is for" in outcome.log
    assert paths(sandbox) == ["/account/summary"]


def test_a_bound_account_that_may_not_be_seen_is_refused(send, sandbox):
    seed = sandbox.mint_refresh_token("contact_data offline_access", client_id=PUBLIC)
    outcome = send(schema(), member(0), refresh_token=seed, account=ORGANISATION)
    assert outcome.exit_code == 77
    assert "account_read" in outcome.log
    assert IMPORT not in paths(sandbox)


def test_two_connections_of_one_application_share_its_limits(send, sandbox, tmp_path):
    for name in ("one", "two"):
        seed = sandbox.mint_refresh_token(client_id=PUBLIC)
        assert send(schema(), member(0), refresh_token=seed, connection=name).exit_code == 0
    used = []
    # The client id of the second one is told by the store.
    for values in ({"connection": "one", "client_id": PUBLIC}, {"connection": "two"}):
        config = settings_for(sandbox, tmp_path / "data", access_token=None, **values)
        account = Account(parse_settings(config))
        used.append(account.limiter.used_today())
        account.close()
    requests = [request for request in sandbox.requests if request.path.startswith("/v3/")]
    assert used == [len(requests)] * 2
