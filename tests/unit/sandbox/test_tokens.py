"""What becomes of tokens: families, reuse, scopes that are not given, and revocation."""

from __future__ import annotations

import threading
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from target_constant_contact.sandbox import Behaviour, Fault, Sandbox
from tests.unit.sandbox.oauth import BACK, CHALLENGE, CONFIDENTIAL, DEVICE_CODE, PUBLIC, VERIFIER

SCOPE = "contact_data account_read offline_access"
STRICT = Behaviour(reuse_revokes_family=True)


@pytest.fixture
def ask(sandbox):
    def send(grant_type, **more):
        data = {"grant_type": grant_type, "client_id": PUBLIC} | more
        return requests.post(f"{sandbox.auth_url}/token", data, timeout=10)

    return send


@pytest.fixture
def refresh(ask):
    return lambda token, **more: ask("refresh_token", refresh_token=token, **more)


@pytest.fixture
def code(sandbox):
    def get(client_id, **more):
        query = {
            "client_id": client_id,
            "redirect_uri": BACK,
            "response_type": "code",
            "scope": SCOPE,
            "prompt": "none",
        }
        url = f"{sandbox.auth_url}/authorize"
        answer = requests.get(url, query | more, timeout=10, allow_redirects=False)
        return parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]

    return get


@pytest.fixture
def sign_in(sandbox, code, ask):
    def with_secret():
        pair = {"client_id": CONFIDENTIAL[0], "client_secret": CONFIDENTIAL[1]}
        return ask("authorization_code", code=code(CONFIDENTIAL[0]), redirect_uri=BACK, **pair)

    def with_verifier():
        one = code(PUBLIC, code_challenge=CHALLENGE, code_challenge_method="S256")
        return ask("authorization_code", code=one, redirect_uri=BACK, code_verifier=VERIFIER)

    def with_device():
        data = {"client_id": PUBLIC, "scope": SCOPE}
        url = f"{sandbox.auth_url}/device/authorize"
        device = requests.post(url, data, timeout=10).json()
        sandbox.approve_device(device["user_code"])
        return ask(DEVICE_CODE, device_code=device["device_code"])

    ways = {"secret": with_secret, "verifier": with_verifier, "device": with_device}
    return lambda way="verifier": ways[way]().json()


def works(sandbox, token):
    headers = {"Authorization": f"Bearer {token}"}
    status = requests.get(f"{sandbox.api_url}/contacts", headers=headers, timeout=10).status_code
    assert status in {200, 401}
    return status == 200


def refused(answer):
    return answer.status_code, answer.json()["error"]


@pytest.mark.parametrize("way", ["secret", "verifier", "device"])
def test_reuse_takes_back_the_whole_family(sandbox, sign_in, refresh, way):
    sandbox.behaviour = STRICT
    first = sign_in(way)
    proof = {"client_id": CONFIDENTIAL[0], "client_secret": CONFIDENTIAL[1]}
    more = proof if way == "secret" else {}
    second = refresh(first["refresh_token"], **more).json()
    assert works(sandbox, first["access_token"])
    again = refresh(first["refresh_token"], **more)
    assert refused(again) == (400, "invalid_grant")
    assert again.json()["error_description"] == "The refresh token is invalid or expired."
    assert refused(refresh(second["refresh_token"], **more)) == (400, "invalid_grant")
    assert not works(sandbox, first["access_token"])
    assert not works(sandbox, second["access_token"])


def test_a_token_of_long_ago_in_the_chain_takes_the_family_back_too(sandbox, refresh):
    sandbox.behaviour = STRICT
    oldest = token = sandbox.mint_refresh_token(client_id=PUBLIC)
    for _ in range(3):
        token = refresh(token).json()["refresh_token"]
    refresh(oldest)
    assert refused(refresh(token)) == (400, "invalid_grant")


def test_reuse_leaves_other_sign_ins_alone(sandbox, sign_in, refresh):
    sandbox.behaviour = STRICT
    mine, other = sign_in(), sign_in()
    refresh(mine["refresh_token"])
    refresh(mine["refresh_token"])
    assert works(sandbox, other["access_token"])
    assert works(sandbox, sandbox.access_token)
    assert refresh(other["refresh_token"]).ok


def test_without_the_flag_reuse_leaves_the_newest(sandbox, sign_in, refresh):
    first = sign_in()
    second = refresh(first["refresh_token"]).json()
    assert refused(refresh(first["refresh_token"])) == (400, "invalid_grant")
    assert works(sandbox, first["access_token"])
    assert works(sandbox, second["access_token"])
    assert refresh(second["refresh_token"]).ok


@pytest.mark.parametrize("behaviour", [Behaviour(), STRICT])
def test_reuse_is_counted(sandbox, refresh, behaviour):
    sandbox.behaviour = behaviour
    one, other = (sandbox.mint_refresh_token(client_id=PUBLIC) for _ in range(2))
    newest = refresh(one).json()["refresh_token"]
    refresh(other)
    assert sandbox.reused_refresh_tokens == 0
    for token in (one, one, other):
        refresh(token)
    assert sandbox.reused_refresh_tokens == 3
    refresh(newest)
    assert sandbox.reused_refresh_tokens == 3


def test_a_token_that_never_was_or_that_was_taken_back_is_no_reuse(sandbox, refresh):
    token = sandbox.mint_refresh_token(client_id=PUBLIC)
    sandbox.revoke_refresh_tokens()
    assert refused(refresh(token)) == (400, "invalid_grant")
    assert refused(refresh("never")) == (400, "invalid_grant")
    assert sandbox.reused_refresh_tokens == 0


def test_a_token_that_stays_is_never_reused(sandbox, refresh):
    sandbox.behaviour = Behaviour(rotating_refresh_tokens=False, reuse_revokes_family=True)
    token = sandbox.mint_refresh_token(client_id=PUBLIC)
    for _ in range(3):
        assert works(sandbox, refresh(token).json()["access_token"])
    assert sandbox.reused_refresh_tokens == 0


def test_a_stranger_takes_no_family_back(sandbox, sign_in, refresh):
    """Another client, or one without its secret, could not have refreshed either."""
    sandbox.behaviour = STRICT
    proof = {"client_id": CONFIDENTIAL[0], "client_secret": CONFIDENTIAL[1]}
    first = sign_in("secret")["refresh_token"]
    second = refresh(first, **proof).json()["refresh_token"]
    assert refused(refresh(first)) == (400, "invalid_grant")
    assert refused(refresh(first, client_id=CONFIDENTIAL[0])) == (401, "invalid_client")
    assert sandbox.reused_refresh_tokens == 0
    assert refresh(second, **proof).ok


def test_a_token_whose_answer_was_lost_is_used_up(sandbox, refresh):
    sandbox.behaviour = STRICT
    token = sandbox.mint_refresh_token(client_id=PUBLIC)
    sandbox.add_fault(Fault("POST", "/oauth2/default/v1/token", action="drop_after"))
    with pytest.raises(requests.ConnectionError):
        refresh(token)
    sandbox.clear_faults()
    assert refused(refresh(token)) == (400, "invalid_grant")
    assert sandbox.reused_refresh_tokens == 1


def test_of_several_who_refresh_at_once_one_succeeds(sandbox, refresh):
    token = sandbox.mint_refresh_token(client_id=PUBLIC)
    statuses = []
    threads = [
        threading.Thread(target=lambda: statuses.append(refresh(token).status_code))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert sorted(statuses) == [200] + [400] * 7
    assert sandbox.reused_refresh_tokens == 7


def test_reuse_is_noticed_by_every_sandbox_of_an_account(tmp_path, clock):
    path = tmp_path / "account.sqlite"
    with (
        Sandbox(path, clock=clock, behaviour=STRICT) as first,
        Sandbox(path, clock=clock, behaviour=STRICT) as second,
    ):
        token = first.mint_refresh_token(client_id=PUBLIC)
        data = {"grant_type": "refresh_token", "client_id": PUBLIC, "refresh_token": token}
        newest = requests.post(f"{first.auth_url}/token", data, timeout=10).json()
        assert requests.post(f"{second.auth_url}/token", data, timeout=10).status_code == 400
        assert (first.reused_refresh_tokens, second.reused_refresh_tokens) == (1, 1)
        assert not works(first, newest["access_token"])


@pytest.mark.parametrize("way", ["secret", "verifier", "device"])
def test_a_refused_scope_is_not_given_at_any_sign_in(sandbox, sign_in, way):
    sandbox.behaviour = Behaviour(refused_scopes=frozenset({"account_read"}))
    issued = sign_in(way)
    assert issued["scope"] == "contact_data offline_access"
    assert issued["refresh_token"]
    assert works(sandbox, issued["access_token"])
    headers = {"Authorization": f"Bearer {issued['access_token']}"}
    summary = requests.get(f"{sandbox.api_url}/account/summary", headers=headers, timeout=10)
    assert summary.status_code == 403


@pytest.mark.parametrize("way", ["secret", "verifier", "device"])
def test_no_refresh_token_when_offline_access_is_refused(sandbox, sign_in, way):
    sandbox.behaviour = Behaviour(refused_scopes=frozenset({"offline_access"}))
    issued = sign_in(way)
    assert issued["scope"] == "contact_data account_read"
    assert "refresh_token" not in issued
    assert works(sandbox, issued["access_token"])


def test_refreshing_gives_what_the_sign_in_gave(sandbox, sign_in, refresh):
    sandbox.behaviour = Behaviour(refused_scopes=frozenset({"account_read"}))
    narrow = sign_in()
    sandbox.behaviour = Behaviour(refused_scopes=frozenset({"offline_access"}))
    again = refresh(narrow["refresh_token"]).json()
    assert again["scope"] == "contact_data offline_access"
    assert again["refresh_token"]


def test_revoked_access_tokens_die_and_refresh_tokens_live(sandbox, sign_in, refresh):
    issued = sign_in()
    sandbox.revoke_access_tokens()
    assert not works(sandbox, issued["access_token"])
    assert not works(sandbox, sandbox.access_token)
    assert works(sandbox, refresh(issued["refresh_token"]).json()["access_token"])
    assert works(sandbox, sandbox.mint_token())


def test_disconnecting_ends_all_tokens(sandbox, sign_in, refresh):
    mine, other = sign_in(), sign_in("device")
    sandbox.revoke_refresh_tokens()
    for issued in (mine, other):
        assert not works(sandbox, issued["access_token"])
        assert refused(refresh(issued["refresh_token"])) == (400, "invalid_grant")
    assert not works(sandbox, sandbox.access_token)
    assert works(sandbox, sign_in()["access_token"])
