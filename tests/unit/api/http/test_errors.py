"""What is said of a request without an answer: whom it was made to, and why there is none."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest
import requests

from target_constant_contact.api.http.errors import no_answer
from target_constant_contact.api.http.exchange import guard
from tests.support.certificates import signed_by_itself

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def serve() -> Iterator[Callable[..., int]]:
    """Start a server whose every connection is handled in one way; returns its port."""
    listeners = []

    def start(handle: Callable[[socket.socket], Any]) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def run() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    handle(connection)

        threading.Thread(target=run, daemon=True).start()
        return int(listener.getsockname()[1])

    yield start
    for listener in listeners:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def said_of(url: str, **options: Any) -> str:
    with requests.Session() as session:
        guard(session)
        with pytest.raises(requests.RequestException) as caught:
            session.get(f"{url}/v3?email=x@example.com", timeout=0.5, **options)
    line = str(no_answer(caught.value))
    assert "example.com" not in line.replace("api.example.com", "")
    return line


def test_a_name_that_cannot_be_resolved_is_named(monkeypatch: pytest.MonkeyPatch):
    def unknown(*_: Any, **__: Any) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert said_of("https://nowhere.example.org") == (
        "no answer from nowhere.example.org (its name cannot be resolved; is the address right, "
        "and the network up?)"
    )


def test_a_port_that_nobody_listens_at_is_named():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert said_of(f"https://127.0.0.1:{port}") == (
        f"no answer from 127.0.0.1:{port} (it refuses the connection; is the address right, and "
        "the server up?)"
    )


def test_a_certificate_that_nobody_vouches_for_is_named_with_what_may_be_in_between(
    serve, tmp_path: Path
):
    context = signed_by_itself(tmp_path / "server.pem")

    def shake_hands(connection: socket.socket) -> None:
        try:
            context.wrap_socket(connection, server_side=True).close()
        except OSError:
            return

    line = said_of(f"https://127.0.0.1:{serve(shake_hands)}")
    assert "its certificate is not accepted: " in line
    assert "REQUESTS_CA_BUNDLE" in line


def test_a_port_without_tls_is_named(serve):
    port = serve(lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n"))
    assert "does that port speak TLS?" in said_of(f"https://127.0.0.1:{port}")


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (b"", "the connection was closed"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx", "its answer broke off"),
    ],
)
def test_a_connection_that_ends_too_early_is_named(serve, answer, cause):
    def handle(connection: socket.socket) -> None:
        connection.recv(1 << 16)
        connection.sendall(answer)

    assert said_of(f"http://127.0.0.1:{serve(handle)}").endswith(f"({cause})")


def test_a_server_that_is_silent_is_named(serve):
    over = threading.Event()
    port = serve(lambda _: over.wait(5))
    assert said_of(f"http://127.0.0.1:{port}").endswith("(nothing came in time)")
    over.set()


def test_a_proxy_that_refuses_is_told_from_the_service(serve):
    def handle(connection: socket.socket) -> None:
        connection.recv(1 << 16)
        connection.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")

    proxies = {"https": f"http://me:t0p-secret@127.0.0.1:{serve(handle)}"}
    assert said_of("https://api.example.com", proxies=proxies) == (
        "no answer from api.example.com through the proxy (Tunnel connection failed: 407 Proxy "
        "Authentication Required)"
    )
