"""A request that may not be carried out twice is repeated only if it surely was not taken."""

from __future__ import annotations

import json
import socket
import ssl
import struct
import threading
import traceback
from contextlib import contextmanager

import pytest
import requests
from urllib3.exceptions import MaxRetryError
from urllib3.exceptions import SSLError as ConnectionSSLError
from urllib3.util import connection

from target_constant_contact.api.oauth.credentials import BearerToken
from target_constant_contact.exceptions import (
    ApiError,
    LostAnswerError,
    QueueFullError,
    QuotaExceededError,
    ServiceUnavailableError,
    TryLaterError,
)

TOKEN = "token-that-nobody-may-see"
PERSONAL = b'{"email":"ann@example.com"}'
JSON_IMPORT = "/v3/activities/contacts_json_import"
CSV_IMPORT = "/v3/activities/contacts_file_import"
EXPORTS = "/v3/activities/contact_exports"
CREATED = {"activity_id": "a1", "state": "initialized"}
THROTTLED = {"error_key": "throttled", "error_message": "Too Many Requests"}
UNKNOWN = "whether the service has taken the request is not known"


@pytest.fixture
def client_options():
    return {"auth": BearerToken(TOKEN), "timeout": (5, 0.5)}


def import_json(client):
    return client.import_json(PERSONAL)


def import_csv(client):
    return client.import_csv("c.csv", b"email\nann@example.com\n", ["l1"])


IMPORTS = pytest.mark.parametrize(
    ("path", "start"), [(JSON_IMPORT, import_json), (CSV_IMPORT, import_csv)]
)


@contextmanager
def bare_server(play):
    """Play a scene on every connection; yields its port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve():
            while True:
                try:
                    accepted, _ = listening.accept()
                except OSError:
                    return
                with accepted:
                    accepted.settimeout(5)
                    play(accepted)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            # A closed socket does not wake a thread that waits for connections of it.
            listening.shutdown(socket.SHUT_RDWR)
            thread.join(10)


def read_request(accepted):
    seen = b""
    while PERSONAL not in seen:
        seen += accepted.recv(65_536)


def hang_up(accepted):
    read_request(accepted)


def reset(accepted):
    read_request(accepted)
    accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def say_nothing(accepted):
    read_request(accepted)
    accepted.recv(1)  # until the client gives up


def stop_in_the_middle(accepted):
    read_request(accepted)
    accepted.sendall(b'HTTP/1.1 201 Created\r\nContent-Length: 99\r\n\r\n{"activity_id":')


def stop_in_a_chunk(accepted):
    read_request(accepted)
    accepted.sendall(b'HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n99\r\n{"activ')


def speak_another_language(accepted):
    read_request(accepted)
    accepted.sendall(b"220 mail.example.com ESMTP\r\n")


# What may have been taken


@pytest.mark.parametrize(
    "scene", [hang_up, reset, say_nothing, stop_in_the_middle, stop_in_a_chunk]
)
def test_an_import_that_was_sent_and_got_no_answer_is_not_sent_again(make, scene):
    with bare_server(scene) as port:
        client = make(f"http://127.0.0.1:{port}/v3")
        with pytest.raises(LostAnswerError, match=rf"_import got no usable answer .*; {UNKNOWN}"):
            client.import_json(PERSONAL)
        assert client.requests_made == 1


def test_an_import_answered_in_another_protocol_is_not_sent_again(make):
    with bare_server(speak_another_language) as port:
        client = make(f"http://127.0.0.1:{port}/v3")
        with pytest.raises(LostAnswerError):
            client.import_json(PERSONAL)
        assert client.requests_made == 1


@IMPORTS
@pytest.mark.parametrize(
    ("body", "status", "why"),
    [
        ("<html>", 500, "500"),
        ("<html>", 502, "502"),
        ([{"error_key": "internal.error"}], 503, r"503 \(internal\.error\)"),
        ("", 504, "504"),
        ("", 599, "599"),
        ("<html>", 201, "201 with a body that is not JSON"),
        ("", 201, "201 with a body that is not JSON"),
        ("[1]", 201, "an answer that is not an object"),
        ('{"state": "initialized"}', 201, "an answer without activity_id"),
        ('{"activity_id": ""}', 200, "an answer without activity_id"),
    ],
)
def test_an_import_without_a_usable_answer_is_not_sent_again(
    client, httpserver, path, start, body, status, why
):
    text = body if isinstance(body, str) else json.dumps(body)
    httpserver.expect_request(path).respond_with_data(text, status=status)
    words = rf"^POST {path[3:]} got no usable answer \({why}\); {UNKNOWN}$"
    with pytest.raises(LostAnswerError, match=words) as caught:
        start(client)
    assert client.requests_made == 1
    assert caught.value.exit_code == TryLaterError.exit_code


@pytest.mark.parametrize(
    "error", [requests.ReadTimeout(), requests.ConnectionError(), requests.ConnectionError("odd")]
)
def test_an_error_that_is_not_known_is_a_lost_answer(client, monkeypatch, error):
    with pytest.raises(LostAnswerError):
        fail_with(monkeypatch, error, client)
    assert client.requests_made == 1


def test_a_lost_answer_shows_neither_body_nor_token(client, httpserver):
    words = {"error_key": "k", "error_message": "lost ann@example.com"}
    httpserver.expect_request(JSON_IMPORT).respond_with_json(words, status=503)
    with pytest.raises(LostAnswerError) as caught:
        client.import_json(PERSONAL)
    text = "".join(traceback.format_exception(caught.value))
    assert "<address>" in text
    assert "ann@" not in text
    assert TOKEN not in text


# What surely was not taken


def fail_with(monkeypatch, error, client):
    def send(*_arguments, **_options):
        raise error

    monkeypatch.setattr(requests.Session, "send", send)
    client.import_json(PERSONAL)


def of_tls(error):
    reason = MaxRetryError(None, JSON_IMPORT, ConnectionSSLError(error))
    return requests.exceptions.SSLError(reason)


@pytest.mark.parametrize(
    "error",
    [requests.ConnectTimeout(), of_tls(ssl.SSLCertVerificationError("unknown issuer"))],
)
def test_an_import_without_a_connection_is_tried_again(client, monkeypatch, error):
    with pytest.raises(ServiceUnavailableError, match="3 tries"):
        fail_with(monkeypatch, error, client)
    assert client.requests_made == 3


def test_tls_that_breaks_later_is_a_lost_answer(client, monkeypatch):
    with pytest.raises(LostAnswerError):
        fail_with(monkeypatch, of_tls(ssl.SSLEOFError("cut")), client)
    assert client.requests_made == 1


@pytest.mark.parametrize(
    "error",
    [
        ConnectionRefusedError(),
        TimeoutError(),
        OSError("no route to host"),
        socket.gaierror("no such host"),
    ],
)
def test_an_import_that_never_left_is_tried_again_and_goes_through(
    client, httpserver, monkeypatch, error
):
    connect, failures = connection.create_connection, [error]

    def connect_later(*arguments, **options):
        if failures:
            raise failures.pop()
        return connect(*arguments, **options)

    httpserver.expect_request(JSON_IMPORT).respond_with_json(CREATED, status=201)
    monkeypatch.setattr(connection, "create_connection", connect_later)
    assert client.import_json(PERSONAL).activity_id == "a1"
    assert client.requests_made == 2
    assert len(httpserver.log) == 1


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/v3", "https://nowhere.invalid/v3"])
def test_an_import_to_nowhere_is_not_in_doubt(make, url):
    with pytest.raises(ServiceUnavailableError, match="3 tries"):
        make(url).import_json(PERSONAL)


def test_an_import_to_a_proxy_that_is_not_there_is_not_in_doubt(make, monkeypatch):
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
    with pytest.raises(ServiceUnavailableError, match="through the proxy"):
        make("https://api.example.com/v3").import_json(PERSONAL)


def test_an_import_that_a_proxy_does_not_let_out_is_not_in_doubt(make, monkeypatch):
    def refuse(accepted):
        accepted.recv(65_536)
        accepted.sendall(b"HTTP/1.1 503 Service Unavailable\r\n\r\n")

    with bare_server(refuse) as port:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{port}")
        client = make("https://api.example.com/v3")
        with pytest.raises(ServiceUnavailableError, match="through the proxy"):
            client.import_json(PERSONAL)
        assert client.requests_made == 3


@IMPORTS
def test_a_throttled_import_is_sent_again(client, httpserver, path, start):
    httpserver.expect_ordered_request(path).respond_with_json(THROTTLED, status=429)
    httpserver.expect_ordered_request(path).respond_with_json(CREATED, status=201)
    assert start(client).activity_id == "a1"
    assert client.requests_made == 2


class Renewing(BearerToken):
    """Has a second token."""

    def renew(self, rejected):
        self._access_token = "new"
        return rejected != "new"


def test_an_import_with_an_expired_token_is_sent_again_with_a_new_one(make, httpserver):
    body = {"error_key": "unauthorized"}
    httpserver.expect_ordered_request(JSON_IMPORT).respond_with_json(body, status=401)
    httpserver.expect_ordered_request(
        JSON_IMPORT, headers={"Authorization": "Bearer new"}
    ).respond_with_json(CREATED, status=201)
    client = make(httpserver.url_for("/v3"), auth=Renewing("old"))
    assert client.import_json(PERSONAL).activity_id == "a1"


def test_an_import_is_in_doubt_whichever_try_got_no_answer(client, httpserver):
    httpserver.expect_ordered_request(JSON_IMPORT).respond_with_json(THROTTLED, status=429)
    httpserver.expect_ordered_request(JSON_IMPORT).respond_with_data("", status=503)
    with pytest.raises(LostAnswerError):
        client.import_json(PERSONAL)
    assert client.requests_made == 2


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ({"error_key": "quota_exceeded"}, 429, QuotaExceededError),
        ({"error_key": "queue_full"}, 429, QueueFullError),
        ([{"error_key": "contacts.api.validation.error"}], 400, ApiError),
    ],
)
def test_a_refused_import_is_not_in_doubt(client, httpserver, body, status, error):
    httpserver.expect_request(JSON_IMPORT).respond_with_json(body, status=status)
    with pytest.raises(error) as caught:
        client.import_json(PERSONAL)
    assert not isinstance(caught.value, LostAnswerError)
    assert client.requests_made == 1


# What may be done twice


def test_an_export_may_be_started_twice(client, httpserver):
    httpserver.expect_ordered_request(EXPORTS).respond_with_data("", status=503)
    httpserver.expect_ordered_request(EXPORTS).respond_with_json(CREATED, status=201)
    assert client.start_contact_export().activity_id == "a1"


@pytest.mark.parametrize("status", [500, 501, 504, 520])
def test_a_read_is_repeated_whatever_trouble_the_service_is_in(client, httpserver, status):
    httpserver.expect_ordered_request("/v3/contact_lists").respond_with_data("", status=status)
    httpserver.expect_ordered_request("/v3/contact_lists").respond_with_json({})
    assert client.contact_lists() == []


@pytest.mark.parametrize("words", ["queue_full", "1,000 Queued activities"])
def test_only_a_request_that_starts_an_activity_can_find_the_queue_full(client, httpserver, words):
    body = {"error_key": "odd", "error_message": words}
    for path in ("/v3/contact_lists", EXPORTS):
        httpserver.expect_ordered_request(path).respond_with_json(body, status=429)
        httpserver.expect_ordered_request(path).respond_with_json(CREATED)
    assert client.contact_lists() == []
    with pytest.raises(QueueFullError):
        client.start_contact_export()
    assert client.requests_made == 3


# Slots


@pytest.mark.parametrize(
    ("call", "in_flight"),
    [
        (lambda c: c.activity("a1"), True),
        (lambda c: c.recent_activities(), True),
        (import_json, False),
        (import_csv, False),
        (lambda c: c.contact_lists(), False),
        (lambda c: c.start_contact_export(), False),
        (lambda c: c.find_contact("ann@example.com"), False),
    ],
)
def test_only_asking_after_work_in_flight_takes_a_slot_that_is_kept_for_it(
    client, httpserver, limiter, call, in_flight
):
    httpserver.expect_request(JSON_IMPORT).respond_with_json(CREATED)
    httpserver.expect_request(CSV_IMPORT).respond_with_json(CREATED)
    httpserver.expect_request(EXPORTS).respond_with_json(CREATED)
    for path in ("/v3/activities/a1", "/v3/activities", "/v3/contact_lists", "/v3/contacts"):
        httpserver.expect_request(path).respond_with_json({})
    call(client)
    assert limiter.in_flight == [in_flight]


def test_every_try_takes_a_slot_of_the_same_kind(client, httpserver, limiter):
    httpserver.expect_ordered_request("/v3/activities/a1").respond_with_data("", status=503)
    httpserver.expect_ordered_request("/v3/activities/a1").respond_with_json(CREATED)
    client.activity("a1")
    assert limiter.in_flight == [True, True]
