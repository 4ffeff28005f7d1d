"""The pages in the browser: for this machine, for who knows the address, and for nobody else."""

from __future__ import annotations

import http.client
import socket
import threading
from typing import TYPE_CHECKING

import pytest

from target_constant_contact.exceptions import TryLaterError
from target_constant_contact.pages.server import PageServer

if TYPE_CHECKING:
    from collections.abc import Iterator


def make(path: str) -> str | None:
    if path == "broken":
        raise TryLaterError("The store cannot be reached; ann@example.com")
    if path == "unforeseen":
        raise ZeroDivisionError
    return f"<p>page of {path!r}</p>" if path in {"", "runs/a"} else None


@pytest.fixture
def server() -> Iterator[PageServer]:
    with (serving := PageServer(make)).serving():
        yield serving


def ask(server: PageServer, path: str = "", method: str = "GET", host: str | None = None):
    """The answer, and its text."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.putrequest(method, f"/{server.secret}/{path}", skip_host=host is not None)
    for value in filter(None, (host or "").split("|")):
        connection.putheader("Host", value)
    connection.endheaders()
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer, text


def test_pages_are_served_by_their_path(server):
    assert ask(server)[1] == "<p>page of ''</p>"
    assert ask(server, "runs/a?x=1")[1] == "<p>page of 'runs/a'</p>"
    assert ask(server, "runs/b")[0].status == 404


def test_an_address_without_its_last_slash_leads_to_the_page_with_links_that_work(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request("GET", f"/{server.secret}")
    answer = connection.getresponse()

    assert (answer.status, answer.getheader("Location")) == (302, f"/{server.secret}/")
    assert answer.getheader("Cache-Control") == "no-store"
    connection.close()


def test_it_listens_on_this_machine_only(server):
    assert server.server_address[0] == "127.0.0.1"
    assert server.url == f"http://127.0.0.1:{server.port}/{server.secret}/"


@pytest.mark.parametrize("path", ["/", "/x/", "//", "/%2e%2e/", "/favicon.ico"])
def test_nothing_is_there_without_the_secret_of_the_address(server, path):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request("GET", path)
    answer = connection.getresponse()

    assert (answer.status, answer.read()) == (404, b"")
    connection.close()


def test_each_server_has_another_secret():
    secrets = set()
    for _ in range(5):
        server = PageServer(make)
        secrets.add(server.secret)
        server.server_close()

    assert len(secrets) == 5
    assert min(map(len, secrets)) >= 20


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1", "evil.example:{port}", "127.0.0.1:{port}|evil", "|"]
)
def test_a_name_of_somebody_else_that_leads_here_is_refused(server, host):
    answer, text = ask(server, host=host.format(port=server.port))

    assert (answer.status, text) == (421, "")


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_its_own_names_are_answered(server, name):
    assert ask(server, host=f"{name}:{server.port}")[0].status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "X"])
def test_nothing_can_be_done_but_to_look(server, method):
    answer, text = ask(server, method=method)

    assert (answer.status, answer.getheader("Allow"), text) == (405, "GET, HEAD", "")


def test_head_is_get_without_the_page(server):
    head, _ = ask(server, method="HEAD")
    get, page = ask(server)
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        lines = f"HEAD /{server.secret}/ HTTP/1.1", f"Host: 127.0.0.1:{server.port}", "", ""
        connection.sendall("\r\n".join(lines).encode())
        written = connection.makefile("rb").read()

    assert written.endswith(b"\r\n\r\n")
    assert head.getheader("Content-Length") == get.getheader("Content-Length") == str(len(page))


@pytest.mark.parametrize(("path", "method"), [("", "GET"), ("none", "GET"), ("", "POST")])
def test_every_answer_says_what_a_browser_may_do_with_it(server, path, method):
    answer, _ = ask(server, path, method)
    policy = answer.getheader("Content-Security-Policy")

    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.getheader("Cache-Control") == "no-store"
    assert answer.getheader("X-Content-Type-Options") == "nosniff"
    assert answer.getheader("Referrer-Policy") == "no-referrer"
    assert answer.getheader("Server") == "target-constant-contact"


def test_a_store_that_cannot_be_used_is_a_page_and_no_end(server):
    answer, text = ask(server, "broken")

    assert answer.status == 503
    assert "The store cannot be reached; &lt;address&gt;" in text
    assert ask(server)[0].status == 200


def test_what_nobody_foresaw_ends_one_request_only(server, capfd):
    with pytest.raises(http.client.HTTPException):
        ask(server, "unforeseen")

    assert ask(server)[0].status == 200
    assert capfd.readouterr() == ("", "")


def test_what_is_no_request_is_refused_without_repeating_it(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.putrequest("GET", "/<script>", skip_host=True)
    connection.putheader("Host", "a")
    connection.endheaders()
    answer = connection.getresponse()

    assert b"script" not in answer.read()
    connection.close()


def test_pages_are_made_one_at_a_time():
    busy, most, lock = 0, 0, threading.Lock()

    def slow(_: str) -> str:
        nonlocal busy, most
        with lock:
            busy += 1
            most = max(most, busy)
        threading.Event().wait(0.02)
        with lock:
            busy -= 1
        return "page"

    with (server := PageServer(slow)).serving():
        threads = [threading.Thread(target=ask, args=(server,)) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert most == 1


def test_it_is_gone_when_it_is_stopped():
    with (server := PageServer(make)).serving():
        port = server.port

    with pytest.raises(ConnectionError):
        http.client.HTTPConnection("127.0.0.1", port, timeout=5).request("GET", "/")
