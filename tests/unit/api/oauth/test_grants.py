"""The grants, asked of the sandbox and of servers that answer oddly."""

from __future__ import annotations

import base64
import logging
import socket
import ssl
import threading
import time
from contextlib import contextmanager
from itertools import pairwise
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from urllib3.exceptions import MaxRetryError
from urllib3.exceptions import SSLError as ConnectionSSLError
from werkzeug import Response

from target_constant_contact.api.http import retry
from target_constant_contact.api.oauth.connection import Application
from target_constant_contact.api.oauth.grants import SCOPES, AuthorizationServer
from target_constant_contact.api.oauth.transport import GrantRefusedError, NoGrantError
from target_constant_contact.exceptions import SettingsError, SignInError, TryLaterError
from target_constant_contact.sandbox import Fault
from tests.support.fakes import Clock
from tests.support.limiting import LimiterInMemory

BACK = "http://127.0.0.1:8710/callback"
VERIFIER = "verifier-" * 6
TOKEN = "refresh-token-that-nobody-may-see-0123456789"
SECRET = "client-secret-that-nobody-may-see"
GOOD = {"access_token": "a", "refresh_token": "b", "expires_in": 28_800, "scope": "contact_data"}
LISTED = [("sandbox-app", "sandbox-secret"), ("sandbox-public", None)]


@pytest.fixture
def clock():
    return Clock(1_800_000_000.0)


@pytest.fixture
def make(clock):
    limiters = []

    def make(url, client_id="an-app", client_secret=None, **options):
        limiter = LimiterInMemory(clock=clock, requests_per_second=1, sleep=clock.sleep)
        limiters.append(limiter)
        application = Application(client_id, client_secret, url)
        return AuthorizationServer(application, limiter=limiter, **options)

    yield make
    for limiter in limiters:
        limiter.close()


@pytest.fixture
def server(make, httpserver):
    return make(httpserver.url_for("/auth"))


@pytest.fixture(params=LISTED, ids=["confidential", "public"])
def listed(request, make, sandbox):
    """An application of the sandbox."""
    return make(sandbox.auth_url, *request.param)


def approved(url):
    """What the browser brings back of a person who approves."""
    answer = requests.get(f"{url}&prompt=none", allow_redirects=False, timeout=10)
    return {
        name: value
        for name, (value,) in parse_qs(urlsplit(answer.headers["Location"]).query).items()
    }


def answers(httpserver, *bodies):
    """Answer the calls of the token endpoint one after the other."""
    for body in bodies:
        expected = httpserver.expect_ordered_request("/auth/token", method="POST")
        if isinstance(body, dict):
            expected.respond_with_json(body)
        elif callable(body):
            expected.respond_with_handler(body)
        else:
            expected.respond_with_response(Response(*body))


def body(httpserver, index=0):
    return {
        name: value
        for name, (value,) in parse_qs(httpserver.log[index][0].get_data(as_text=True)).items()
    }


def cut(_request):
    """Close the connection once the request was read."""
    return Response(DroppedBody(), headers={"Content-Length": "1000"})


class DroppedBody:
    """A body that ends before its length."""

    def __iter__(self):
        yield b"{"


def test_an_address_asks_for_approval_with_pkce(make):
    url = make("https://auth.example.com/v1/").authorize_url(BACK, "state-1", VERIFIER)
    assert url.startswith("https://auth.example.com/v1/authorize?")
    query = {name: value for name, (value,) in parse_qs(urlsplit(url).query).items()}
    assert query.pop("code_challenge") not in {"", VERIFIER}
    assert query == {
        "response_type": "code",
        "client_id": "an-app",
        "redirect_uri": BACK,
        "scope": "contact_data offline_access account_read",
        "state": "state-1",
        "code_challenge_method": "S256",
    }


def test_a_code_is_exchanged_and_the_refresh_token_used(listed):
    found = approved(listed.authorize_url(BACK, "s", VERIFIER))
    assert found["state"] == "s"
    grant = listed.exchange(found["code"], BACK, VERIFIER)
    assert grant.expires_in == 86_400
    assert set(grant.scope.split()) == set(SCOPES)
    renewed = listed.refresh(grant.refresh_token)
    assert len({grant.access_token, renewed.access_token}) == 2
    assert len({grant.refresh_token, renewed.refresh_token}) == 2


def test_a_wrong_verifier_is_refused(listed):
    code = approved(listed.authorize_url(BACK, "s", VERIFIER))["code"]
    with pytest.raises(GrantRefusedError) as caught:
        listed.exchange(code, BACK, "another-" * 6)
    assert caught.value.key == "invalid_grant"


def test_a_device_is_approved(make, sandbox, behave):
    behave(device_interval=0)
    server = make(sandbox.auth_url, "sandbox-public")
    device = server.start_device()
    assert device.user_code in device.url
    assert (device.expires_in, device.interval) == (600, 0)
    with pytest.raises(GrantRefusedError) as caught:
        server.ask_device(device)
    assert caught.value.key == "authorization_pending"
    sandbox.approve_device(device.user_code)
    assert server.ask_device(device).refresh_token


def test_a_device_of_a_terse_server(server, httpserver):
    terse = {"device_code": "d", "user_code": "u", "verification_uri": "https://example.com/go"}
    httpserver.expect_request("/auth/device/authorize").respond_with_json(terse)
    device = server.start_device()
    assert (device.url, device.expires_in, device.interval) == ("https://example.com/go", 600, 5)
    assert body(httpserver) == {"client_id": "an-app", "scope": " ".join(SCOPES)}


def test_a_confidential_application_proves_itself_in_the_header_only(make, httpserver):
    answers(httpserver, GOOD)
    make(httpserver.url_for("/auth"), "an-app", SECRET).refresh(TOKEN)
    request = httpserver.log[0][0]
    proof = base64.b64encode(f"an-app:{SECRET}".encode()).decode()
    assert request.headers["Authorization"] == f"Basic {proof}"
    assert request.query_string == b""
    assert body(httpserver) == {"grant_type": "refresh_token", "refresh_token": TOKEN}


def test_a_public_application_names_itself_in_the_body(server, httpserver):
    answers(httpserver, GOOD)
    server.exchange("c", BACK, VERIFIER)
    request = httpserver.log[0][0]
    assert "Authorization" not in request.headers
    assert request.content_type.startswith("application/x-www-form-urlencoded")
    assert body(httpserver) == {
        "client_id": "an-app",
        "grant_type": "authorization_code",
        "code": "c",
        "redirect_uri": BACK,
        "code_verifier": VERIFIER,
    }


@pytest.mark.parametrize(
    ("members", "seconds"),
    [
        ({"expires_in": 3}, 3),
        ({"expires_in": 2.5}, 2.5),
        ({"expires_in": 0}, 86_400),
        ({"expires_in": -1}, 86_400),
        ({"expires_in": None}, 86_400),
        ({"expires_in": "soon"}, 86_400),
        ({"expires_in": [], "expires_at": "never", "error": "odd"}, 86_400),
        ({"expires_in": True}, 86_400),
        ({"expires_in": 10**400}, 86_400),
        ({"expires_in": 1e300}, 86_400),
        ({"expires_in": 5, "odd": [[[]]]}, 5),
    ],
)
def test_an_odd_member_costs_no_token(server, httpserver, members, seconds):
    """The refresh token is used up: whatever else the answer holds, it has to be taken."""
    answers(httpserver, GOOD | members)
    grant = server.refresh(TOKEN)
    assert (grant.access_token, grant.refresh_token, grant.expires_in) == ("a", "b", seconds)


def test_members_that_are_not_there_are_empty(server, httpserver):
    answers(httpserver, {"access_token": "a"})
    grant = server.refresh(TOKEN)
    assert (grant.refresh_token, grant.scope, grant.expires_in) == ("", "", 86_400)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "-0", "1" + "0" * 5_000])
def test_a_number_that_is_none_costs_no_token(server, httpserver, number):
    answers(
        httpserver, (f'{{"access_token": "a", "refresh_token": "b", "expires_in": {number}}}', 200)
    )
    grant = server.refresh(TOKEN)
    assert (grant.access_token, grant.refresh_token, grant.expires_in) == ("a", "b", 86_400)


UNFIT = [
    "a\r\nX-Header: b",
    "two words",
    "gar\u00e7on",
    "",
    "a" * 20_000,
    5,
    True,
    ["a"],
    {"a": "b"},
]


@pytest.mark.parametrize("unfit", UNFIT)
def test_a_token_that_no_header_can_hold_is_none_and_costs_not_the_other_one(
    server, httpserver, unfit
):
    answers(httpserver, GOOD | {"access_token": unfit}, GOOD | {"refresh_token": unfit})
    first, second = server.refresh(TOKEN), server.refresh(TOKEN)
    assert (first.access_token, first.refresh_token) == ("", "b")
    assert (second.access_token, second.refresh_token) == ("a", "")


@pytest.mark.parametrize("unfit", UNFIT)
def test_an_answer_without_any_token_may_have_used_the_one_that_was_sent(make, httpserver, unfit):
    httpserver.expect_request("/auth/token").respond_with_json(
        {"access_token": unfit, "refresh_token": unfit}
    )
    with pytest.raises(NoGrantError, match="200 without access_token") as caught:
        make(httpserver.url_for("/auth"), retry_seconds=0.0).refresh(TOKEN)
    assert caught.value.answer_lost


def test_an_answer_of_many_levels_is_none(make, httpserver):
    deep = "[" * 60_000
    httpserver.expect_request("/auth/token").respond_with_data(
        f'{{"access_token": "a", "odd": {deep}{"]" * 60_000}}}', content_type="application/json"
    )
    with pytest.raises(NoGrantError, match="200 without access_token"):
        make(httpserver.url_for("/auth"), retry_seconds=0.0).refresh(TOKEN)


def test_secrets_of_a_grant_are_not_shown(server, httpserver):
    answers(httpserver, GOOD | {"access_token": SECRET, "refresh_token": TOKEN})
    httpserver.expect_request("/auth/device/authorize").respond_with_json({"device_code": SECRET})
    shown = f"{server.refresh('x')!r} {server!r}"
    httpserver.clear()
    httpserver.expect_request("/auth/device/authorize").respond_with_json({"device_code": SECRET})
    shown += repr(server.start_device())
    assert "nobody" not in shown


OKTA = {"errorCode": "E0000021", "errorSummary": "Bad request.", "errorId": "x"}
REFUSALS = {
    "oauth": (400, {"error": "invalid_grant", "error_description": "expired"}, "invalid_grant"),
    "okta": (400, OKTA, "E0000021"),
    "gateway": (403, {"error_key": "forbidden", "error_message": "Forbidden"}, "forbidden"),
    "html": (400, "<html>no</html>", ""),
    "quoting": (
        400,
        {"error": "invalid_grant", "error_description": f"no {TOKEN}"},
        "invalid_grant",
    ),
}


def respond(httpserver, status, content, *, once=False):
    """Answer the token endpoint's next call so, or all of them."""
    expect = httpserver.expect_ordered_request if once else httpserver.expect_request
    expected = expect("/auth/token")
    if isinstance(content, str):
        expected.respond_with_data(content, status=status)
    else:
        expected.respond_with_json(content, status=status)


@pytest.mark.parametrize("case", REFUSALS)
def test_a_refusal_is_not_repeated_and_says_to_sign_in(make, httpserver, caplog, case):
    status, content, key = REFUSALS[case]
    respond(httpserver, status, content)
    server = make(httpserver.url_for("/auth"), "an-app", SECRET)
    with caplog.at_level(logging.DEBUG), pytest.raises(GrantRefusedError) as caught:
        server.refresh(TOKEN)
    assert isinstance(caught.value, SignInError)
    assert (caught.value.key, caught.value.answer_lost) == (key, False)
    assert f"POST /token (refresh_token): {status}" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(httpserver.log) == 1
    assert "nobody" not in f"{caught.value}{caplog.text}"


@pytest.mark.parametrize(
    ("status", "content"),
    [
        (401, {"error": "invalid_client"}),
        (400, {"error": "unauthorized_client", "error_description": f"{SECRET} is wrong"}),
        (401, "<html>who?</html>"),
    ],
)
def test_an_application_that_is_not_taken_is_a_fault_of_the_settings(
    make, httpserver, status, content
):
    respond(httpserver, status, content)
    with pytest.raises(SettingsError, match="client_secret") as caught:
        make(httpserver.url_for("/auth"), "an-app", SECRET).refresh(TOKEN)
    assert "nobody" not in str(caught.value)
    assert len(httpserver.log) == 1


@pytest.mark.parametrize("status", [301, 302, 307, 404, 405])
def test_an_address_where_no_authorization_server_is_names_the_setting(server, httpserver, status):
    """A redirect is not followed, so that no token goes to another host."""
    elsewhere = {"Location": httpserver.url_for("/elsewhere")}
    httpserver.expect_request("/auth/token").respond_with_data("", status=status, headers=elsewhere)
    with pytest.raises(SettingsError, match=f"{status}.*auth_url"):
        server.refresh(TOKEN)
    assert [request.path for request, _ in httpserver.log] == ["/auth/token"]


PASSING = {
    "throttled": (429, {"error_key": "throttled", "error_message": "Too Many Requests"}, False),
    "down": (503, {"error_key": "e"}, True),
    "html": (502, "<html>Bad gateway</html>", True),
    "garbage": (200, "<html>hello</html>", True),
    "array": (200, [1], True),
    "tokenless": (200, {"scope": "x"}, True),
}


@pytest.mark.parametrize("case", PASSING)
def test_a_passing_fault_is_tried_again_and_then_told(server, httpserver, caplog, clock, case):
    status, content, lost = PASSING[case]
    respond(httpserver, status, content)
    before = clock.now
    with caplog.at_level(logging.DEBUG), pytest.raises(NoGrantError) as caught:
        server.refresh(TOKEN)
    assert isinstance(caught.value, TryLaterError)
    assert caught.value.answer_lost is lost
    assert len(httpserver.log) == 5
    assert clock.now - before >= 4
    assert "\n" not in str(caught.value)
    assert "nobody" not in f"{caught.value}{caplog.text}"
    assert f"POST /token (refresh_token): {status}" in caplog.text


@pytest.mark.parametrize("case", PASSING)
def test_a_passing_fault_is_survived(server, httpserver, case):
    status, content, _ = PASSING[case]
    respond(httpserver, status, content, once=True)
    answers(httpserver, GOOD)
    assert server.refresh(TOKEN).access_token == "a"


@pytest.mark.parametrize("case", PASSING)
def test_a_refusal_tells_whether_an_answer_was_lost_before(server, httpserver, case):
    status, content, lost = PASSING[case]
    respond(httpserver, status, content, once=True)
    answers(httpserver, ('{"error": "invalid_grant"}', 400))
    with pytest.raises(GrantRefusedError) as caught:
        server.refresh(TOKEN)
    assert caught.value.answer_lost is lost


@pytest.mark.parametrize("action", ["drop_before", "drop_after"])
def test_a_cut_connection_is_tried_again(make, sandbox, action):
    """The client cannot know whether the server has carried it out."""
    sandbox.add_fault(Fault(path="/token", action=action, times=2))
    server = make(sandbox.auth_url, "sandbox-public")
    token = sandbox.mint_refresh_token(client_id="sandbox-public")
    if action == "drop_before":
        assert server.refresh(token).access_token
    else:
        with pytest.raises(GrantRefusedError) as caught:
            server.refresh(token)
        assert caught.value.answer_lost


def test_a_cut_connection_may_have_used_the_token(make, sandbox, caplog):
    sandbox.add_fault(Fault(path="/token", action="drop_before", times=None))
    with caplog.at_level(logging.DEBUG), pytest.raises(NoGrantError) as caught:
        make(sandbox.auth_url, "sandbox-app", SECRET).refresh(TOKEN)
    assert caught.value.answer_lost
    assert "no answer from 127.0.0.1:" in str(caught.value)
    assert "nobody" not in f"{caught.value}{caplog.text}"


def test_an_answer_that_breaks_off_may_have_used_the_token(server, httpserver):
    answers(httpserver, *[cut] * 5)
    with pytest.raises(NoGrantError) as caught:
        server.refresh(TOKEN)
    assert caught.value.answer_lost


def test_a_refused_connection_has_not_used_the_token(make):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(NoGrantError) as caught:
            make(url).refresh(TOKEN)
    assert not caught.value.answer_lost


def test_a_host_that_does_not_exist_has_not_used_the_token(make):
    with pytest.raises(NoGrantError) as caught:
        make("https://nowhere.invalid").refresh(TOKEN)
    assert not caught.value.answer_lost


def test_a_proxy_that_is_not_there_has_not_used_the_token(make, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
    with pytest.raises(NoGrantError) as caught:
        make("https://auth.example.com").refresh(TOKEN)
    assert not caught.value.answer_lost


@pytest.mark.parametrize(
    ("error", "lost"),
    [
        (requests.ConnectTimeout(), False),
        (requests.ReadTimeout(), True),
        (ssl.SSLCertVerificationError("unknown issuer"), False),
        (ssl.SSLEOFError("cut while the answer was read"), True),
    ],
)
def test_whether_a_token_was_sent_is_told_by_the_error(server, monkeypatch, error, lost):
    if isinstance(error, ssl.SSLError):
        reason = MaxRetryError(None, "/token", ConnectionSSLError(error))
        error = requests.exceptions.SSLError(reason)

    def send(*_arguments, **_options):
        raise error

    monkeypatch.setattr(requests.Session, "send", send)
    with pytest.raises(NoGrantError) as caught:
        server.refresh(TOKEN)
    assert caught.value.answer_lost is lost


@pytest.mark.parametrize("url", ["nowhere", "http://", "http://[odd"])
def test_a_url_that_is_none_is_a_fault_of_the_settings(make, url):
    with pytest.raises(SettingsError, match="auth_url"):
        make(url).refresh(TOKEN)


def test_a_secret_that_cannot_be_sent_is_not_shown(make, httpserver):
    with pytest.raises(SettingsError) as caught:
        make(httpserver.url_for("/auth"), "an\napp", f"{SECRET}\u20ac").refresh(TOKEN)
    assert "nobody" not in str(caught.value)


@contextmanager
def stopped_by(event, server):
    """Stop the server in another thread once the event has come."""

    def work():
        event.wait(10)
        server.stop()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        event.set()
        thread.join()


def test_a_stopped_call_is_not_tried_again(make, httpserver):
    answered = threading.Event()

    def fail(_request):
        answered.set()
        time.sleep(0.1)
        return Response("", 503)

    httpserver.expect_request("/auth/token").respond_with_handler(fail)
    server = make(httpserver.url_for("/auth"))
    with stopped_by(answered, server), pytest.raises(NoGrantError, match="last: 503") as caught:
        server.refresh(TOKEN)
    assert len(httpserver.log) == 1
    assert caught.value.answer_lost


def test_a_call_that_is_stopped_while_it_waits_is_not_sent(make, httpserver):
    server = make(httpserver.url_for("/auth"))
    server.stop()
    with pytest.raises(NoGrantError) as caught:
        server.refresh(TOKEN)
    assert httpserver.log == []
    assert not caught.value.answer_lost


def test_there_is_at_most_one_call_in_a_second(make, sandbox, behave, clock):
    """Repeated ones count as well; the sandbox goes by the same clock."""
    sandbox._account.clock = clock
    behave(token_requests_per_second=1)
    server = make(sandbox.auth_url, "sandbox-public")
    sandbox.add_fault(Fault(path="/token", action="error_503", nth=2))
    token = sandbox.mint_refresh_token(client_id="sandbox-public")
    for _ in range(4):
        token = server.refresh(token).refresh_token
    moments = [request.at for request in sandbox.requests]
    assert len(moments) == 5
    assert min(b - a for a, b in pairwise(moments)) > 1.0
    assert [request.status for request in sandbox.requests] == [200, 503, 200, 200, 200]


def test_the_waits_between_tries_grow(make, httpserver, monkeypatch, caplog):
    """The usual ones are seconds; here they are thousandths."""
    monkeypatch.setattr(retry, "RETRY_SECONDS", 0.001)
    respond(httpserver, 503, {})
    with pytest.raises(NoGrantError):
        make(httpserver.url_for("/auth")).refresh(TOKEN)
    assert caplog.text.count("trying again in 0.0 s") == 4
