"""Signing in and refreshing."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from target_constant_contact.sandbox import Behaviour
from tests.unit.sandbox.oauth import BACK, CHALLENGE, CONFIDENTIAL, DEVICE_CODE, PUBLIC, VERIFIER

SCOPE = "contact_data offline_access"


@pytest.fixture
def visit(sandbox):
    """Open the sign-in page; without a person, unless ``prompt`` is blank."""

    def send(**more):
        query = {
            "client_id": CONFIDENTIAL[0],
            "redirect_uri": BACK,
            "response_type": "code",
            "scope": SCOPE,
            "state": "s1",
            "prompt": "none",
        }
        url = f"{sandbox.auth_url}/authorize"
        return requests.get(url, query | more, timeout=10, allow_redirects=False)

    return send


@pytest.fixture
def code(visit):
    def get(**more):
        return returned(visit(**more))["code"]

    return get


@pytest.fixture
def ask(sandbox):
    def send(grant_type, auth=CONFIDENTIAL, **more):
        data = {"grant_type": grant_type} | more
        return requests.post(f"{sandbox.auth_url}/token", data, auth=auth, timeout=10)

    return send


@pytest.fixture
def sign_in(code, ask):
    def get(**more):
        return ask("authorization_code", code=code(**more), redirect_uri=BACK).json()

    return get


def returned(answer):
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(BACK)
    return {k: v[0] for k, v in parse_qs(urlsplit(answer.headers["Location"]).query).items()}


def works(sandbox, token):
    headers = {"Authorization": f"Bearer {token}"}
    return requests.get(f"{sandbox.api_url}/contacts", headers=headers, timeout=10).ok


def refused(answer):
    return answer.status_code, answer.json()["error"]


def test_a_code_becomes_tokens_that_work(sign_in, sandbox):
    issued = sign_in()
    assert issued["token_type"] == "Bearer"
    assert issued["expires_in"] == 86_400
    assert issued["scope"] == SCOPE
    assert 1_000 <= len(issued["access_token"]) <= 1_200
    assert len(issued["refresh_token"]) <= 50
    assert works(sandbox, issued["access_token"])


def test_the_state_comes_back(visit):
    assert returned(visit())["state"] == "s1"
    assert "state" not in returned(visit(state=None))


def test_a_code_serves_once(code, ask):
    one = code()
    assert ask("authorization_code", code=one, redirect_uri=BACK).ok
    again = ask("authorization_code", code=one, redirect_uri=BACK)
    assert refused(again) == (400, "invalid_grant")


def test_a_failed_try_uses_the_code_up(code, ask):
    one = code()
    wrong = ask("authorization_code", code=one, redirect_uri=f"{BACK}/other")
    assert refused(wrong) == (400, "invalid_grant")
    right = ask("authorization_code", code=one, redirect_uri=BACK)
    assert refused(right) == (400, "invalid_grant")


def test_a_code_lives_300_seconds(code, ask, clock):
    one = code()
    clock.advance(300)
    late = ask("authorization_code", code=one, redirect_uri=BACK)
    assert refused(late) == (400, "invalid_grant")


def test_parameters_are_also_taken_from_the_query(code, sandbox):
    query = {"grant_type": "authorization_code", "code": code(), "redirect_uri": BACK}
    answer = requests.post(f"{sandbox.auth_url}/token", params=query, auth=CONFIDENTIAL, timeout=10)
    assert answer.ok


def test_the_secret_is_also_taken_from_the_body(code, ask):
    pair = {"client_id": CONFIDENTIAL[0], "client_secret": CONFIDENTIAL[1]}
    answer = ask("authorization_code", auth=None, code=code(), redirect_uri=BACK, **pair)
    assert answer.ok


@pytest.mark.parametrize("auth", [("sandbox-app", "wrong"), ("stranger", "x"), ("sandbox-app", "")])
def test_a_wrong_client_is_refused(code, ask, auth):
    answer = ask("authorization_code", auth=auth, code=code(), redirect_uri=BACK)
    assert refused(answer) == (401, "invalid_client")


def test_a_public_client_proves_itself_by_its_verifier(code, ask, sandbox):
    def exchange(verifier):
        one = code(client_id=PUBLIC, code_challenge=CHALLENGE, code_challenge_method="S256")
        more = {"code": one, "redirect_uri": BACK, "client_id": PUBLIC}
        return ask("authorization_code", auth=None, code_verifier=verifier, **more)

    assert refused(exchange("wrong")) == (400, "invalid_grant")
    issued = exchange(VERIFIER).json()
    again = ask("refresh_token", auth=None, client_id=PUBLIC, refresh_token=issued["refresh_token"])
    assert works(sandbox, again.json()["access_token"])


def test_a_plain_challenge_is_not_taken(visit):
    answer = visit(code_challenge="x", code_challenge_method="plain")
    assert returned(answer)["error"] == "invalid_request"


def test_the_implicit_flow_is_not_offered(visit):
    assert returned(visit(response_type="token"))["error"] == "unsupported_response_type"


@pytest.mark.parametrize(
    "change",
    [{"client_id": "stranger"}, {"redirect_uri": "https://evil.example.com/"}],
)
def test_nobody_is_sent_to_an_address_that_was_not_registered(visit, change):
    answer = visit(**change)
    assert answer.status_code == 400
    assert "Location" not in answer.headers


def test_an_application_can_be_registered(sandbox, visit):
    sandbox.add_application("mine", "secret", (BACK,))
    assert returned(visit(client_id="mine"))["code"]
    assert visit(client_id="mine", redirect_uri=f"{BACK}2").status_code == 400


def test_a_person_is_asked_and_may_refuse(visit, sandbox):
    page = visit(prompt="")
    assert page.status_code == 200
    assert "contact_data" in page.text
    fields = {
        "client_id": CONFIDENTIAL[0],
        "redirect_uri": BACK,
        "response_type": "code",
        "state": "s1",
    }

    def decide(decision):
        url = f"{sandbox.auth_url}/authorize"
        data = fields | {"decision": decision}
        return returned(requests.post(url, data, timeout=10, allow_redirects=False))

    assert decide("approve")["code"]
    assert decide("refuse")["error"] == "access_denied"


def test_no_refresh_token_without_offline_access(sign_in):
    assert "refresh_token" not in sign_in(scope="contact_data")


def test_a_rotating_refresh_token_serves_once(sign_in, ask, sandbox):
    first = sign_in()
    second = ask("refresh_token", refresh_token=first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert works(sandbox, second["access_token"])
    assert works(sandbox, first["access_token"])
    again = ask("refresh_token", refresh_token=first["refresh_token"])
    assert again.status_code == 400
    assert again.json() == {
        "error": "invalid_grant",
        "error_description": "The refresh token is invalid or expired.",
    }
    assert ask("refresh_token", refresh_token=second["refresh_token"]).ok


def test_two_sign_ins_do_not_end_each_other(sign_in, ask):
    first, second = sign_in(), sign_in()
    assert ask("refresh_token", refresh_token=first["refresh_token"]).ok
    assert ask("refresh_token", refresh_token=second["refresh_token"]).ok


def test_a_long_lived_refresh_token_stays(sign_in, ask, sandbox):
    sandbox.behaviour = Behaviour(rotating_refresh_tokens=False)
    token = sign_in()["refresh_token"]
    for _ in range(3):
        assert ask("refresh_token", refresh_token=token).json()["refresh_token"] == token


def test_a_refresh_token_dies_180_days_after_its_last_use(sandbox, ask, clock):
    token = sandbox.mint_refresh_token()
    clock.advance(180 * 86_400 - 1)
    token = ask("refresh_token", refresh_token=token).json()["refresh_token"]
    clock.advance(180 * 86_400)
    late = ask("refresh_token", refresh_token=token)
    assert refused(late) == (400, "invalid_grant")


def test_a_refresh_token_belongs_to_its_application_and_secret(sign_in, ask):
    token = sign_in()["refresh_token"]
    stranger = ask("refresh_token", auth=None, client_id=PUBLIC, refresh_token=token)
    assert refused(stranger) == (400, "invalid_grant")
    unproven = ask("refresh_token", auth=None, client_id=CONFIDENTIAL[0], refresh_token=token)
    assert refused(unproven) == (401, "invalid_client")
    assert ask("refresh_token", refresh_token=token).ok


def test_an_access_token_lives_as_long_as_it_says(sandbox, sign_in, clock):
    sandbox.behaviour = Behaviour(access_token_seconds=100)
    issued = sign_in()
    assert issued["expires_in"] == 100
    clock.advance(99)
    assert works(sandbox, issued["access_token"])
    clock.advance(1)
    assert not works(sandbox, issued["access_token"])


def start_device(sandbox):
    data = {"client_id": PUBLIC, "scope": SCOPE}
    return requests.post(f"{sandbox.auth_url}/device/authorize", data, timeout=10).json()


@pytest.fixture
def device(sandbox):
    return start_device(sandbox)


@pytest.fixture
def poll(ask, device, clock):
    def send(wait=5):
        clock.advance(wait)
        more = {"client_id": PUBLIC, "device_code": device["device_code"]}
        return ask(DEVICE_CODE, auth=None, **more)

    return send


def test_a_device_waits_until_a_person_approves(device, poll, sandbox):
    assert (device["interval"], device["expires_in"]) == (5, 600)
    assert refused(poll()) == (400, "authorization_pending")
    assert "Allow" in requests.get(device["verification_uri_complete"], timeout=10).text
    data = {"user_code": device["user_code"].lower(), "decision": "approve"}
    assert "approved" in requests.post(device["verification_uri"], data, timeout=10).text
    issued = poll().json()
    assert works(sandbox, issued["access_token"])
    assert issued["refresh_token"]
    assert refused(poll()) == (400, "invalid_grant")


def test_a_device_that_polls_too_often_is_slowed_down(poll):
    poll()
    assert refused(poll(wait=4)) == (400, "slow_down")


def test_a_refused_or_late_device_gets_nothing(device, poll, sandbox):
    sandbox.approve_device(device["user_code"], approve=False)
    assert refused(poll()) == (400, "access_denied")
    assert refused(poll(wait=600)) == (400, "expired_token")


def test_a_device_that_need_not_wait_is_never_slowed_down(sandbox, ask, clock, monkeypatch):
    """Not even when the clock goes back a little between two polls, as a real one may."""
    sandbox.behaviour = Behaviour(device_interval=0)
    device = start_device(sandbox)
    assert device["interval"] == 0
    more = {"client_id": PUBLIC, "device_code": device["device_code"]}
    began = clock()
    for moment in (began, began, began - 0.1):
        monkeypatch.setattr(sandbox._account, "clock", lambda moment=moment: moment)
        assert refused(ask(DEVICE_CODE, auth=None, **more)) == (400, "authorization_pending")


def test_a_device_waits_as_long_as_its_interval_says(sandbox, poll):
    sandbox.behaviour = Behaviour(device_interval=9)
    assert start_device(sandbox)["interval"] == 9
    assert refused(poll(wait=9)) == (400, "authorization_pending")
    assert refused(poll(wait=8)) == (400, "slow_down")
    assert refused(poll(wait=9)) == (400, "authorization_pending")


def test_a_device_code_lives_as_long_as_it_says(sandbox, ask, clock):
    sandbox.behaviour = Behaviour(device_code_seconds=29.5)
    device = start_device(sandbox)
    assert device["expires_in"] == 30
    more = {"client_id": PUBLIC, "device_code": device["device_code"]}
    clock.advance(29)
    assert refused(ask(DEVICE_CODE, auth=None, **more)) == (400, "authorization_pending")
    clock.advance(0.5)
    assert refused(ask(DEVICE_CODE, auth=None, **more)) == (400, "expired_token")


def test_an_unknown_code_of_a_device_is_said_to_be_so(sandbox):
    data = {"user_code": "XXXX-XXXX", "decision": "approve"}
    assert "No device" in requests.post(f"{sandbox.url}/activate", data, timeout=10).text
    with pytest.raises(LookupError):
        sandbox.approve_device("XXXX-XXXX")
    data = {"client_id": "stranger"}
    answer = requests.post(f"{sandbox.auth_url}/device/authorize", data, timeout=10)
    assert refused(answer) == (401, "invalid_client")


def test_a_request_without_a_grant_type_is_malformed(sandbox, ask):
    answer = requests.post(f"{sandbox.auth_url}/token", timeout=10)
    assert (answer.status_code, answer.json()["errorCode"]) == (400, "E0000021")
    assert refused(ask("client_credentials")) == (400, "unsupported_grant_type")


def test_the_token_endpoint_has_its_own_limit(sandbox, ask, clock):
    sandbox.behaviour = Behaviour(token_requests_per_second=1)
    token = sandbox.mint_refresh_token()
    assert ask("refresh_token", refresh_token=token).ok
    assert ask("refresh_token", refresh_token="x").status_code == 429
    clock.advance(1)
    assert ask("refresh_token", refresh_token="x").status_code == 400
