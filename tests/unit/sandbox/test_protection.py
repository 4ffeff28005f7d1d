"""What a page of somebody else, which is open in the same browser, can and cannot do."""

from __future__ import annotations

import re
import socket
from contextlib import closing, suppress
from urllib.parse import urlsplit

import pytest
import requests

from target_constant_contact.sandbox import Fault, Sandbox
from tests.unit.sandbox.oauth import BACK, PUBLIC

ASKED = {"client_id": PUBLIC, "redirect_uri": BACK, "response_type": "code", "state": "s1"}
ELSEWHERE = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1:1"},
    {"Origin": "{url}.evil.example"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site", "Origin": "{url}"},
    {"Sec-Fetch-Site": ""},
]
HERE = [
    {},
    {"Origin": "{url}"},
    {"Sec-Fetch-Site": "same-origin", "Origin": "{url}"},
    {"Sec-Fetch-Site": "same-origin", "Origin": "null"},
    {"Sec-Fetch-Site": "none"},
]


@pytest.fixture
def send(sandbox):
    """Send a request as a browser does; `{url}` in a header stands for the sandbox's own origin."""

    def go(method, path, headers=(), **more):
        said = {name: value.replace("{url}", sandbox.url) for name, value in dict(headers).items()}
        url = sandbox.url + path
        return requests.request(
            method, url, headers=said, timeout=10, allow_redirects=False, **more
        )

    return go


@pytest.fixture
def authorize(send):
    def ask(method, headers=(), **more):
        values = {"params" if method == "GET" else "data": ASKED | more}
        return send(method, "/oauth2/default/v1/authorize", headers, **values)

    return ask


@pytest.fixture
def user_code(send):
    answer = send("POST", "/oauth2/default/v1/device/authorize", data={"client_id": PUBLIC})
    return answer.json()["user_code"]


@pytest.mark.parametrize("headers", ELSEWHERE)
def test_a_form_of_another_page_approves_nothing(authorize, headers):
    for more in ({"decision": "approve"}, {"decision": "refuse"}, {"prompt": "none"}):
        answer = authorize("POST", headers, **more)
        assert answer.status_code == 403
        assert "Location" not in answer.headers


@pytest.mark.parametrize("headers", HERE)
def test_the_own_form_and_a_program_approve(authorize, headers):
    answer = authorize("POST", headers, decision="approve")
    assert answer.headers["Location"].startswith(f"{BACK}?code=")


@pytest.mark.parametrize("headers", ELSEWHERE)
def test_a_form_of_another_page_connects_no_device(send, user_code, headers):
    data = {"user_code": user_code, "decision": "approve"}
    assert send("POST", "/activate", headers, data=data).status_code == 403
    assert "was approved" in send("POST", "/activate", HERE[2], data=data).text


@pytest.mark.parametrize("headers", [*ELSEWHERE, *HERE])
@pytest.mark.parametrize("decision", ["approve", "refuse"])
def test_a_link_decides_nothing(authorize, headers, decision):
    answer = authorize("GET", headers, decision=decision)
    assert answer.status_code == 200
    assert "Allow access?" in answer.text


@pytest.mark.parametrize("headers", ELSEWHERE)
def test_a_link_of_another_page_is_no_person_who_approves(authorize, headers):
    answer = authorize("GET", headers, prompt="none")
    assert answer.status_code == 200
    assert "Allow access?" in answer.text


@pytest.mark.parametrize("headers", HERE)
def test_without_another_page_the_prompt_may_be_left_out(authorize, headers):
    assert authorize("GET", headers, prompt="none").headers["Location"].startswith(f"{BACK}?code=")


def test_who_refuses_on_the_page_has_refused_whatever_the_link_said(authorize):
    page = authorize("GET", ELSEWHERE[0], prompt="none").text
    hidden = dict(re.findall(r'type="hidden" name="(.*?)" value="(.*?)"', page))
    assert hidden == ASKED
    for more in ({}, {"prompt": "none"}):
        answer = authorize("POST", HERE[2], **more, decision="refuse")
        assert "error=access_denied" in answer.headers["Location"]


@pytest.mark.parametrize("headers", ELSEWHERE)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_another_page_changes_nothing_through_the_api(send, sandbox, headers, method):
    token = {"Authorization": f"Bearer {sandbox.access_token}"}
    before = sandbox.lists()
    answer = send(method, "/v3/contact_lists", {**headers, **token}, json={"name": "Evil"})
    assert answer.status_code == 403
    assert send("POST", "/oauth2/default/v1/token", headers).status_code == 403
    assert sandbox.lists() == before


def protected(answer):
    """It runs no script, is in no frame, is what it says it is, is not kept, and tells nobody."""
    policy = dict(
        part.split(" ", 1) for part in answer.headers.pop("Content-Security-Policy").split("; ")
    )
    assert policy.pop("style-src") == "'unsafe-inline'"
    assert policy.pop("img-src") == "data:"
    assert policy.pop("form-action").startswith("'self'")
    assert policy == dict.fromkeys(("default-src", "base-uri", "frame-ancestors"), "'none'")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["Cache-Control"] == "no-store"


PAGES = [
    ("GET", "/", 200),
    ("GET", "/activities", 200),
    ("GET", "/requests", 200),
    ("GET", "/lists/1", 404),
    ("GET", "/nothing", 404),
    ("PUT", "/requests", 403),
    ("GET", "/activate", 200),
    ("POST", "/activate", 200),
    ("HEAD", "/", 200),
    ("OPTIONS", "/", 200),
    ("GET", "/oauth2/default/v1/authorize", 400),
    ("POST", "/oauth2/default/v1/token", 400),
    ("POST", "/oauth2/default/v1/device/authorize", 401),
    ("GET", "/v3/contact_lists", 401),
    ("GET", "/v2/contacts", 404),
]


@pytest.mark.parametrize(("method", "path", "status"), PAGES)
def test_every_page_and_error_is_protected(send, method, path, status):
    answer = send(method, path, {"Accept": "text/html"})
    assert answer.status_code == status
    protected(answer)


def test_what_goes_wrong_is_protected_as_well(send, authorize, sandbox, monkeypatch):
    protected(send("GET", "/", {"Host": "evil.example"}))
    protected(authorize("POST", ELSEWHERE[0]))
    protected(authorize("GET", prompt="none"))
    for action in ("garbage", "error_503", "echo_400"):
        sandbox.add_fault(Fault(path="/contact_lists", action=action))
        protected(send("GET", "/v3/contact_lists"))
    monkeypatch.setattr("target_constant_contact.sandbox.endpoints.pages._pages", lambda *_: 1 / 0)
    broken = send("GET", "/activities")
    assert broken.status_code == 500
    protected(broken)


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 200 + b"\r\n",
        b"<script>alert(1)</script> <script> <script> <script>\r\n\r\n",
        b"GET / HTTP/<script>\r\n\r\n",
    ],
    ids=["long line", "many headers", "no request", "no version"],
)
def test_what_is_no_request_is_refused_without_repeating_it(sandbox, sent):
    parts = urlsplit(sandbox.url)
    answered = b""
    address = parts.hostname, parts.port
    with closing(socket.create_connection(address, timeout=10)) as browser, suppress(OSError):
        browser.sendall(sent)
        while more := browser.recv(65_536):
            answered += more
    assert b"script" not in answered
    assert b"nosniff" in answered or not answered


def test_the_form_may_lead_back_to_the_application(authorize):
    """Browsers hold the redirect that follows a form against the page's policy."""
    policy = authorize("GET").headers["Content-Security-Policy"]
    assert "form-action 'self' http:;" in policy


def test_a_page_runs_no_script(send):
    assert not re.search(r"<script|\son\w+=|javascript:", send("GET", "/").text)


@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1.evil.example", "localhost@evil.example", "127.0.0.2", "[::2]", ","],
)
@pytest.mark.parametrize("path", ["/", "/activate", "/v3/contact_lists", "/nothing"])
def test_no_page_is_shown_under_a_name_that_leads_here(send, host, path):
    port = f":{urlsplit(send('GET', '/').url).port}"
    for name in (host, host + port):
        assert send("GET", path, {"Host": name}).status_code == 403


def test_the_names_of_this_machine_are_answered():
    with Sandbox() as sandbox:
        for host in ("localhost", "127.0.0.1:1", "[::1]", "[::1]:8765"):
            answer = requests.get(sandbox.url, headers={"Host": host}, timeout=10)
            assert answer.status_code == 200
