"""No answer is larger, longer, deeper or slower than it may be; what comes of it is one line."""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import threading
import time
import tracemalloc
from contextlib import contextmanager
from functools import cache

import pytest
from werkzeug import Response as Json

from target_constant_contact.api.http import answers, exchange, transport
from target_constant_contact.api.models import Activity
from target_constant_contact.api.oauth.connection import Application
from target_constant_contact.api.oauth.grants import AuthorizationServer
from target_constant_contact.api.oauth.transport import NoGrantError
from target_constant_contact.exceptions import ApiError, LostAnswerError, ServiceUnavailableError
from tests.support.fakes import Limiter

LISTS = "/v3/contact_lists"
JSON_IMPORT = "/v3/activities/contacts_json_import"
PERSONAL = b'{"email":"ann@example.com"}'
EXPORT = Activity(activity_id="e1", state="completed", results="/v3/contact_exports/e1")
OK = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\n"
MOST_MEMORY = 200 << 20


@pytest.fixture
def client_options():
    return {"max_tries": 2}


@pytest.fixture
def hurried(monkeypatch):
    monkeypatch.setattr(exchange, "ANSWER_SECONDS", 0.3)


@contextmanager
def served(scene):
    """A server that plays a scene for each connection, as far as the other side lets it."""
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve():
            with contextlib.suppress(OSError):
                while True:
                    accepted, _ = listening.accept()
                    with accepted, contextlib.suppress(OSError):
                        accepted.recv(1 << 20)
                        for part in scene():
                            if ended.is_set():
                                break
                            accepted.sendall(part)
                        accepted.shutdown(socket.SHUT_WR)
                        # What is left unread would break the connection before its answer.
                        while accepted.recv(1 << 20):
                            pass

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/v3"
        finally:
            ended.set()
            # Wakes a server that waits for a connection.
            with contextlib.suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)
            thread.join(30)
    assert not thread.is_alive()


@cache
def bomb():
    """A gigabyte of JSON in a megabyte."""
    blanks = gzip.compress(b" " * (16 << 20))
    return gzip.compress(b'{"lists": []}') + blanks * 64


def packed():
    yield OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb()) + bomb()


def packed_in_chunks():
    yield OK + b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
    yield b"%x\r\n%s\r\n0\r\n\r\n" % (len(bomb()), bomb())


def packed_twice():
    again = gzip.compress(bomb())
    yield OK + b"Content-Encoding: gzip, gzip\r\nContent-Length: %d\r\n\r\n" % len(again) + again


def refused_and_packed():
    yield b"HTTP/1.1 400 Bad Request\r\nContent-Encoding: gzip\r\n\r\n"
    yield bomb()


def plain():
    yield OK + b'\r\n{"lists": []}'
    for _ in range(1_024):
        yield b" " * (1 << 20)


def dripped(start, drop):
    def scene():
        yield start
        while True:
            yield drop
            time.sleep(0.01)

    return scene


DRIPS = [
    pytest.param(dripped(OK + b"Content-Length: 99999\r\n\r\n", b" "), id="body"),
    pytest.param(dripped(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"), id="chunks"),
    pytest.param(dripped(OK + b"X-Long: ", b"x"), id="header"),
    pytest.param(dripped(b"", b"H"), id="status"),
    pytest.param(dripped(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), id="continue"),
    pytest.param(dripped(b"HTTP/1.1 503 No\r\nContent-Length: 9999\r\n\r\n", b" "), id="error"),
]
HUGE = [packed, packed_in_chunks, packed_twice, refused_and_packed, plain]


# Size


@pytest.mark.parametrize("scene", HUGE)
def test_a_huge_answer_is_not_held_and_is_none(make, scene):
    bomb()
    with served(scene) as url:
        client = make(url)
        tracemalloc.start()
        try:
            with pytest.raises(ServiceUnavailableError, match="answer of more than 32 MiB"):
                client.contact_lists()
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < MOST_MEMORY
    assert client.requests_made == 2


@pytest.mark.parametrize("scene", HUGE)
def test_the_service_may_have_taken_an_import_that_it_answers_hugely(make, scene):
    with served(scene) as url:
        client = make(url)
        with pytest.raises(LostAnswerError, match="answer of more than 32 MiB"):
            client.import_json(PERSONAL)
    assert client.requests_made == 1


def test_a_huge_file_is_refused_and_not_fetched_again(make, monkeypatch):
    monkeypatch.setattr(answers, "MAX_TABLE_BYTES", 4 << 20)
    with served(plain) as url:
        client = make(url)
        with pytest.raises(ApiError, match=r"contact_exports.*more than 4 MiB; it was not fetched"):
            list(client.exported_contacts(EXPORT))
    assert client.requests_made == 1


def test_a_file_may_be_larger_than_other_answers(make, monkeypatch):
    monkeypatch.setattr(exchange, "MAX_ANSWER_BYTES", 10)
    with served(lambda: [OK + b"\r\nEmail address\nann@example.com\n"]) as url:
        assert len(list(make(url).exported_contacts(EXPORT))) == 1


def test_an_answer_may_be_as_large_as_it_may_be(make, monkeypatch):
    body = b'{"lists":[]}'
    monkeypatch.setattr(exchange, "MAX_ANSWER_BYTES", len(body))
    with served(lambda: [OK + b"\r\n" + body]) as url:
        assert make(url).contact_lists() == []


# Time


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("scene", DRIPS)
def test_an_answer_that_drips_is_none(make, scene):
    with served(scene) as url:
        client = make(url)
        began = time.monotonic()
        with pytest.raises(ServiceUnavailableError, match=r"no whole answer in 0\.3 s"):
            client.contact_lists()
        assert time.monotonic() - began < 5
    assert client.requests_made == 2


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("scene", DRIPS)
def test_the_service_may_have_taken_an_import_whose_answer_drips(make, scene):
    with served(scene) as url:
        client = make(url)
        with pytest.raises(LostAnswerError, match=r"no whole answer in 0\.3 s"):
            client.import_json(PERSONAL)
    assert client.requests_made == 1


def test_a_file_that_drips_is_refused_and_not_fetched_again(make, monkeypatch):
    monkeypatch.setattr(exchange, "TABLE_SECONDS", 0.3)
    with served(dripped(OK + b"\r\n", b"x")) as url:
        client = make(url)
        with pytest.raises(ApiError, match=r"no whole answer in 0\.3 s; it was not fetched"):
            list(client.exported_contacts(EXPORT))
    assert client.requests_made == 1


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("scene", DRIPS[2:])
def test_what_is_no_file_does_not_get_the_time_of_one(make, scene):
    with served(scene) as url, pytest.raises(ServiceUnavailableError, match="no whole answer"):
        list(make(url).exported_contacts(EXPORT))


@pytest.mark.usefixtures("hurried")
def test_a_file_may_take_longer_than_other_answers(make):
    def scene():
        yield OK + b"\r\nEmail address\n"
        for n in range(5):
            time.sleep(0.1)
            yield b"member%d@example.com\n" % n

    with served(scene) as url:
        assert len(list(make(url).exported_contacts(EXPORT))) == 5


def test_each_request_on_a_connection_has_its_own_time(make, monkeypatch, httpserver):
    monkeypatch.setattr(exchange, "ANSWER_SECONDS", 2.0)
    httpserver.expect_request(LISTS).respond_with_handler(lambda _: time.sleep(0.8) or Json("{}"))
    client = make(max_tries=1)
    for _ in range(3):
        assert client.contact_lists() == []


# Depth


def nested(depth):
    return b'{"lists": [], "error_message": ' + b"[" * depth + b"]" * depth + b"}"


@pytest.mark.parametrize("depth", [50, 900, 5_000, 100_000])
def test_an_answer_that_is_nested_deep_is_none(make, httpserver, depth):
    httpserver.expect_request(LISTS).respond_with_data(nested(depth))
    with pytest.raises(ServiceUnavailableError, match="200 with a body that is not JSON"):
        make().contact_lists()


def test_an_answer_may_be_nested_like_none_of_the_service(make, httpserver):
    httpserver.expect_request(LISTS).respond_with_data(nested(40))
    assert make().contact_lists() == []


@pytest.mark.parametrize("depth", [900, 5_000, 100_000])
def test_the_service_may_have_taken_an_import_that_it_answers_deep(make, httpserver, depth):
    httpserver.expect_request(JSON_IMPORT).respond_with_data(nested(depth), status=201)
    with pytest.raises(LostAnswerError, match="201 with a body that is not JSON"):
        make().import_json(PERSONAL)


@pytest.mark.parametrize("depth", [900, 5_000, 100_000])
def test_an_error_that_is_nested_deep_is_read_without_its_words(make, httpserver, depth):
    httpserver.expect_request(LISTS).respond_with_data(nested(depth), status=409)
    with pytest.raises(ApiError, match=r"^GET /contact_lists: 409\. "):
        make().contact_lists()


# Pages


def linking(link):
    turns = iter(range(10_000))

    def answer(_):
        body = {"lists": [], "_links": {"next": {"href": link(next(turns))}}}
        return Json(json.dumps(body), content_type="application/json")

    return answer


@pytest.mark.parametrize(
    ("link", "requests"),
    [(lambda _: "?cursor=a", 2), (lambda turn: f"?cursor={turn % 3}", 4)],
    ids=["the same", "in a circle"],
)
def test_pages_that_go_in_a_circle_are_no_listing(make, httpserver, link, requests):
    httpserver.expect_request(LISTS).respond_with_handler(linking(lambda turn: LISTS + link(turn)))
    client = make()
    with pytest.raises(ServiceUnavailableError, match="contact_lists: its pages have no end"):
        client.contact_lists()
    assert client.requests_made == requests


def test_pages_without_end_are_no_listing(make, httpserver):
    httpserver.expect_request(LISTS).respond_with_handler(
        linking(lambda turn: f"{LISTS}?cursor={turn}")
    )
    client = make()
    with pytest.raises(ServiceUnavailableError, match="contact_lists: its pages have no end"):
        client.contact_lists()
    assert client.requests_made == transport.MAX_PAGES


# The authorization server


def authorization(url):
    application = Application("id", None, url)
    return AuthorizationServer(application, limiter=Limiter(), retry_seconds=0)


@pytest.mark.parametrize("scene", HUGE)
def test_a_huge_answer_of_the_authorization_server_is_none(scene):
    with served(scene) as url, pytest.raises(NoGrantError, match="more than 32 MiB") as caught:
        authorization(url).refresh("r")
    assert caught.value.answer_lost


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("scene", DRIPS)
def test_an_answer_of_the_authorization_server_that_drips_is_none(scene):
    with served(scene) as url, pytest.raises(NoGrantError, match="no whole answer") as caught:
        authorization(url).refresh("r")
    assert caught.value.answer_lost


@pytest.mark.parametrize("depth", [900, 5_000, 100_000])
def test_an_answer_of_the_authorization_server_that_is_nested_deep_is_none(httpserver, depth):
    httpserver.expect_request("/token").respond_with_data(nested(depth))
    with pytest.raises(NoGrantError, match="200 without access_token") as caught:
        authorization(httpserver.url_for("")).refresh("r")
    assert caught.value.answer_lost
