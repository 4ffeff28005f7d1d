"""Trouble on order, limits, and the record of requests."""

from __future__ import annotations

import json
import socket
import time
from itertools import islice
from urllib.parse import urlsplit

import pytest
import requests

from target_constant_contact.sandbox import Behaviour, Fault, ManualClock

IMPORT = "/activities/contacts_json_import"


@pytest.fixture
def call(sandbox):
    def send(method="GET", path="/contact_lists", **more):
        headers = {"Authorization": f"Bearer {sandbox.access_token}"}
        return requests.request(method, sandbox.api_url + path, headers=headers, timeout=10, **more)

    return send


@pytest.fixture
def bring_in(sandbox, call):
    def send(email="a@example.com", **more):
        body = {"import_data": [{"email": email}], "list_ids": [sandbox.lists()["Newsletter"]]}
        return call("POST", IMPORT, json=body, **more)

    return send


@pytest.mark.parametrize(
    ("action", "status", "key"),
    [
        ("throttled", 429, "throttled"),
        ("quota_exceeded", 429, "quota_exceeded"),
        ("queue_full", 429, "queue_full"),
        ("unauthorized", 401, "unauthorized"),
        ("forbidden", 403, "forbidden"),
    ],
)
def test_the_gateway_refuses_once_with_one_object(call, sandbox, action, status, key):
    sandbox.add_fault(Fault(path="/contact_lists", action=action))
    answer = call()
    assert (answer.status_code, answer.json()["error_key"]) == (status, key)
    assert call().status_code == 200


@pytest.mark.parametrize(("action", "status"), [("error_500", 500), ("error_503", 503)])
def test_the_service_fails_once_with_an_array(call, sandbox, action, status):
    sandbox.add_fault(Fault(action=action))
    answer = call()
    assert answer.status_code == status
    assert isinstance(answer.json(), list)


@pytest.mark.parametrize(("action", "is_empty"), [("garbage", False), ("empty", True)])
def test_an_answer_can_be_no_json(call, sandbox, action, is_empty):
    sandbox.add_fault(Fault(action=action))
    answer = call()
    assert answer.status_code == 200
    assert (answer.content == b"") is is_empty
    with pytest.raises(requests.JSONDecodeError):
        answer.json()


def test_a_connection_closed_before_leaves_nothing_done(bring_in, sandbox):
    sandbox.add_fault(Fault("POST", IMPORT, action="drop_before"))
    with pytest.raises(requests.ConnectionError):
        bring_in()
    assert sandbox.activities() == []
    assert sandbox.requests[-1].status == 0


def test_a_connection_closed_after_leaves_everything_done(bring_in, sandbox, clock):
    sandbox.add_fault(Fault("POST", IMPORT, action="drop_after"))
    with pytest.raises(requests.ConnectionError):
        bring_in()
    clock.advance(5)
    assert "a@example.com" in sandbox.members("Newsletter")
    assert (sandbox.requests[-1].status, sandbox.requests[-1].rows) == (0, 1)


@pytest.mark.parametrize("action", ["huge", "huge_packed"])
def test_an_answer_can_be_a_gigabyte_large_with_everything_done(bring_in, sandbox, action):
    sandbox.add_fault(Fault("POST", IMPORT, action=action))
    with bring_in(stream=True) as answer:
        start = next(answer.iter_content(1 << 20))
        assert start.lstrip().startswith(b'{"')
        assert all(part.isspace() for part in islice(answer.iter_content(1 << 20), 40))
    assert len(sandbox.activities()) == 1


def test_a_packed_answer_is_a_gigabyte_of_json(call, sandbox):
    sandbox.add_fault(Fault(path="/contact_lists", action="huge_packed"))
    with call(stream=True) as answer:
        packed = answer.raw.read(decode_content=False)
    assert len(packed) < 3 << 20
    assert answer.headers["Content-Encoding"] == "gzip"


@pytest.mark.parametrize("action", ["drip", "drip_headers"])
def test_an_answer_can_drip_until_the_sandbox_ends_with_everything_done(sandbox, action):
    sandbox.add_fault(Fault("POST", IMPORT, action=action, seconds=0.001))
    body = json.dumps({"import_data": [{"email": "a@example.com"}], "list_ids": [_a_list(sandbox)]})
    with socket.create_connection(_address(sandbox), timeout=10) as connection:
        connection.sendall(
            f"POST /v3{IMPORT} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {sandbox.access_token}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
        )
        drops = 0
        while drops < 50:
            drops += connection.recv(64).count(b" ")
    assert len(sandbox.activities()) == 1


@pytest.mark.parametrize(("action", "pages"), [("pages_again", 1), ("pages_fresh", 5)])
def test_a_listing_can_be_without_end(call, sandbox, action, pages):
    sandbox.add_fault(Fault(path="/contact_lists", action=action, times=None))
    links, href = set(), "/contact_lists"
    for _ in range(5):
        href = call(path=href).json()["_links"]["next"]["href"].removeprefix("/v3")
        links.add(href)
    assert len(links) == pages


def _a_list(sandbox):
    return sandbox.lists()["Newsletter"]


def _address(sandbox):
    found = urlsplit(sandbox.url)
    return found.hostname, found.port


def test_a_delay_and_an_error_compose(call, sandbox):
    sandbox.add_fault(Fault(action="delay", seconds=0.2))
    sandbox.add_fault(Fault(action="error_503"))
    began = time.monotonic()
    assert call().status_code == 503
    assert time.monotonic() - began >= 0.2


def test_a_delay_ends_with_the_sandbox(sandbox):
    sandbox.add_fault(Fault(action="delay", seconds=60))
    with pytest.raises(requests.RequestException):
        requests.get(f"{sandbox.api_url}/contact_lists", timeout=0.2)
    began = time.monotonic()
    sandbox.close()
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("action", "state"),
    [("fail", "failed"), ("time_out", "timed_out"), ("cancel", "cancelled")],
)
def test_an_activity_ends_badly_without_its_rows(bring_in, sandbox, clock, action, state):
    sandbox.add_fault(Fault("POST", "/activities/*", action=action))
    bring_in()
    bring_in("b@example.com")
    clock.advance(5)
    assert [a["state"] for a in sandbox.activities()] == [state, "completed"]
    assert sandbox.contact("a@example.com") is None
    assert sandbox.contact("b@example.com")


def test_an_activity_is_stuck_for_ever_and_counts_as_queued(bring_in, sandbox, clock):
    sandbox.behaviour = Behaviour(max_queued_activities=1)
    sandbox.add_fault(Fault("POST", IMPORT, action="stuck"))
    bring_in()
    clock.advance(86_400)
    assert sandbox.activities()[0]["state"] == "processing"
    assert sandbox.activities()[0]["percent_done"] == 99
    assert bring_in().status_code == 429


def test_a_fault_on_other_requests_is_not_met(call, sandbox):
    sandbox.add_fault(Fault("POST", action="error_500"))
    assert call().status_code == 200


def test_a_fault_waits_for_its_call_and_lasts_as_told(call, sandbox):
    sandbox.add_fault(Fault("GET", "/contact_*", "error_500", nth=2, times=2))
    assert [call().status_code for _ in range(4)] == [200, 500, 500, 200]


def test_a_fault_without_end_lasts_until_faults_are_cleared(call, sandbox):
    sandbox.add_fault(Fault(action="error_503", times=None))
    assert [call().status_code for _ in range(3)] == [503, 503, 503]
    sandbox.clear_faults()
    assert call().status_code == 200


def test_the_first_of_two_faults_answers_and_the_second_counts(call, sandbox):
    sandbox.add_fault(Fault(action="error_500"))
    sandbox.add_fault(Fault(action="error_503", nth=2))
    assert [call().status_code for _ in range(3)] == [500, 503, 200]


@pytest.mark.parametrize(
    ("method", "path", "is_met"),
    [
        ("GET", "/contact_lists", True),
        ("*", "contact_lists", True),
        ("GET", "/v3/contact_lists", True),
        ("GET", "*lists", True),
        ("POST", "/contact_lists", False),
        ("GET", "/contact_lists/*", False),
    ],
)
def test_a_fault_matches_by_method_and_path(method, path, is_met):
    assert Fault(method, path).matches("GET", "/v3/contact_lists") is is_met


def test_a_fault_meets_the_token_endpoint(sandbox):
    sandbox.add_fault(Fault(path="/token", action="error_500"))
    assert requests.post(f"{sandbox.auth_url}/token", timeout=10).status_code == 500


def test_too_many_requests_in_a_second_are_throttled_by_key(call, sandbox, clock):
    sandbox.behaviour = Behaviour(requests_per_second=4)
    assert [call().status_code for _ in range(6)] == [200] * 4 + [429] * 2
    other = {"Authorization": f"Bearer {sandbox.mint_token(client_id='other')}"}
    url = f"{sandbox.api_url}/contact_lists"
    assert requests.get(url, headers=other, timeout=10).status_code == 200
    clock.advance(1)
    assert call().status_code == 200


def test_the_second_slides(call, sandbox, clock):
    """Of requests at 0.0, 0.6, 0.9, 1.1 and 1.2 seconds the third and the fifth are too many."""
    sandbox.behaviour = Behaviour(requests_per_second=2)
    statuses = []
    for pause in (0.0, 0.6, 0.3, 0.2, 0.1):
        clock.advance(pause)
        statuses.append(call().status_code)
    assert statuses == [200, 200, 429, 200, 429]


def test_the_quota_of_a_day_returns_at_midnight_utc(call, sandbox, clock):
    sandbox.behaviour = Behaviour(requests_per_day=3)
    assert [call().status_code for _ in range(4)] == [200, 200, 200, 429]
    assert call().json() == {"error_key": "quota_exceeded", "error_message": "Limit Exceeded"}
    clock.advance(15 * 3600)
    assert call().status_code == 200


def test_requests_are_recorded_in_order_of_arrival(call, bring_in, sandbox, clock):
    call("GET", "/contact_lists?limit=3")
    clock.advance(7)
    bring_in()
    call("GET", "/nothing")
    first, second, third = sandbox.requests
    assert (first.method, first.path, first.query) == ("GET", "/v3/contact_lists", "limit=3")
    assert (second.rows, second.status) == (1, 201)
    assert second.body_bytes > 50
    assert second.at - first.at == 7
    assert third.status == 404


def test_pages_are_not_recorded(sandbox):
    requests.get(sandbox.url, timeout=10)
    assert sandbox.requests == []


def test_a_clock_does_not_run_backwards():
    clock = ManualClock(5.0)
    with pytest.raises(ValueError, match="negative"):
        clock.advance(-1)
    clock.sleep(2)
    assert clock() == 7.0
