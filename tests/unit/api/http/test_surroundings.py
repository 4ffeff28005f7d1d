"""What the environment may do to a request: a proxy takes what leaves this machine, no more."""

from __future__ import annotations

import socket
import threading

import pytest
from pytest_httpserver import HTTPServer
from urllib3.util import connection

from target_constant_contact.api.oauth.connection import Application
from target_constant_contact.api.oauth.grants import AuthorizationServer
from target_constant_contact.exceptions import LostAnswerError, ServiceUnavailableError
from tests.support.fakes import Limiter
from tests.support.target import record, run, schema, state

JSON_IMPORT = "/v3/activities/contacts_json_import"
CREATED = {"activity_id": "a1", "state": "initialized"}
PERSONAL = b'{"email":"ann@example.com"}'
VARIABLES = ("ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
TOKENS = {"access_token": "t", "refresh_token": "r", "expires_in": 5}
DEVICE = {"device_code": "d", "user_code": "u", "verification_uri": "https://example.com"}


@pytest.fixture(scope="module")
def running_proxy():
    """One for all tests: to end a server takes half a second."""
    with HTTPServer(host="127.0.0.1", port=0) as server:
        yield server


@pytest.fixture
def proxy(running_proxy):
    """A proxy that notes what it gets, and gives an answer to all of it."""
    running_proxy.clear()
    running_proxy.expect_request(JSON_IMPORT).respond_with_json(CREATED, status=201)
    return running_proxy


@pytest.fixture(params=["ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY"])
def surrounded(request, proxy, monkeypatch):
    """An environment with that proxy in it; the returned one notes what it gets."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv(request.param, proxy.url_for("/"))
    monkeypatch.setenv(request.param.lower(), proxy.url_for("/"))
    return proxy


def here(httpserver, name):
    return f"http://{name}:{httpserver.port}/v3"


@pytest.mark.parametrize(
    "name",
    [
        *("127.0.0.1", "127.8.9.10", "127.1", "0.0.0.0", "localhost", "LocalHost", "localhost."),
        *("sandbox.localhost", "[::1]", "[::]", "[::ffff:127.0.0.1]"),
    ],
)
def test_an_import_to_this_machine_does_not_go_through_a_proxy(
    make, httpserver, surrounded, monkeypatch, name
):
    httpserver.expect_request(JSON_IMPORT).respond_with_json(CREATED, status=201)
    # Not every system listens on all of these.
    connect = connection.create_connection
    monkeypatch.setattr(
        connection,
        "create_connection",
        lambda address, *rest, **options: connect(("127.0.0.1", address[1]), *rest, **options),
    )
    make(here(httpserver, name)).import_json(PERSONAL)
    assert surrounded.log == []
    assert len(httpserver.log) == 1


@pytest.mark.parametrize("excepted", ["", "other.example.com", "127.0.0.1", "*"])
def test_nor_does_it_whatever_else_the_environment_excepts(
    make, httpserver, surrounded, monkeypatch, excepted
):
    monkeypatch.setenv("NO_PROXY", excepted)
    httpserver.expect_request(JSON_IMPORT).respond_with_json(CREATED, status=201)
    make(here(httpserver, "127.0.0.1")).import_json(PERSONAL)
    assert surrounded.log == []


def test_a_token_of_this_machine_does_not_go_through_a_proxy(httpserver, surrounded):
    httpserver.expect_request("/token").respond_with_json(TOKENS)
    httpserver.expect_request("/device/authorize").respond_with_json(DEVICE)
    server = AuthorizationServer(
        Application("id", None, httpserver.url_for("")), limiter=Limiter(), retry_seconds=0
    )
    server.refresh("r")
    server.start_device()
    assert surrounded.log == []
    assert len(httpserver.log) == 2


def test_the_addresses_of_a_rehearsal_do_not_leave_this_machine(tmp_path, surrounded):
    settings = {"sandbox": True, "data_dir": str(tmp_path), "lists": "Fresh", "create_lists": True}
    text = {"type": ["null", "string"]}
    done = run(settings, schema(email=text), record(email="ann@example.com"), state("end"))
    assert done.exit_code == 0
    assert surrounded.log == []


def test_a_proxy_of_a_remote_host_is_asked_for_a_tunnel(make, monkeypatch):
    asked = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def refuse():
            accepted, _ = listening.accept()
            with accepted:
                asked.append(accepted.recv(65_536))
                accepted.sendall(b"HTTP/1.1 403 Forbidden\r\n\r\n")

        thread = threading.Thread(target=refuse)
        thread.start()
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{listening.getsockname()[1]}")
        with pytest.raises((ServiceUnavailableError, LostAnswerError)):
            make("https://api.example.com/v3", max_tries=1).import_json(PERSONAL)
        thread.join(10)
    assert asked[0].startswith(b"CONNECT api.example.com:443 ")


def test_a_netrc_file_signs_nothing(httpserver, tmp_path, monkeypatch):
    """Its default entry is for every host, also that of a public application's sign-in."""
    netrc = tmp_path / "netrc"
    netrc.write_text("default login other password of-another-service\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    httpserver.expect_request("/token").respond_with_json(TOKENS)
    httpserver.expect_request("/device/authorize").respond_with_json(DEVICE)
    application = Application("id", None, httpserver.url_for(""))
    server = AuthorizationServer(application, limiter=Limiter(), retry_seconds=0)
    server.refresh("r")
    server.start_device()
    assert [seen.headers.get("Authorization") for seen, _ in httpserver.log] == [None, None]
