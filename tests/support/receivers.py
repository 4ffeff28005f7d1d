"""Servers on this machine that take alerts: well, badly, or not at all."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator


@dataclass
class Post:
    """What somebody has sent."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Inbox:
    """A server that keeps what it gets.

    Attributes:
        port: Where it listens.
        status: What it answers; it may be changed at any time.
        location: Where it sends those who ask, if anywhere.
        posts: What it has got.
    """

    port: int = 0
    status: int = 200
    location: str = ""
    posts: list[Post] = field(default_factory=list)

    @property
    def place(self) -> str:
        """Host and port, as a URL has them."""
        return f"127.0.0.1:{self.port}"


@contextmanager
def inbox(tls: ssl.SSLContext | None = None) -> Iterator[Inbox]:
    """A server that takes everything.

    Args:
        tls: What it needs to speak TLS, if it does.
    """
    kept = Inbox()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            kept.posts.append(Post(self.path, headers, body))
            self.send_response(kept.status)
            self.send_header("content-length", "0")
            if kept.location:
                self.send_header("location", kept.location)
            self.end_headers()

        do_GET = do_POST  # noqa: N815 - as the library calls it

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    kept.port = server.server_port
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield kept
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def silence() -> Iterator[str]:
    """A server that takes connections and never says anything: its host and port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


@contextmanager
def nobody() -> Iterator[str]:
    """A host and port where nobody listens."""
    # Bound, so that nobody else gets it meanwhile.
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{taken.getsockname()[1]}"
