"""Pages for the browser on this machine, made when they are asked for."""

from __future__ import annotations

import hmac
import logging
import secrets
import signal
import socketserver
import threading
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from urllib.parse import urlsplit

from typing_extensions import override

from target_constant_contact.exceptions import TargetError
from target_constant_contact.pages.environment import content_policy, render

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    MakePage: TypeAlias = Callable[[str], str | None]

HOST: Final = "127.0.0.1"
_NAMES: Final = (HOST, "localhost")
_SECONDS: Final = 30.0
_HTTP_PORT: Final = 80
_logger = logging.getLogger(__name__)


class PageServer(socketserver.ThreadingTCPServer):
    """Serves pages to browsers on this machine, to those that know the address as it was printed.

    Args:
        make: Makes the page of a path such as ``runs/<run>``; None: there is none. It is called
            in one thread at a time.
        port: Port to listen on; 0 takes a free one.

    Raises:
        OSError: The port cannot be used.
        OverflowError: There is no such port.
    """

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, make: MakePage, port: int = 0) -> None:
        self.make = make
        self.one_at_a_time = threading.Lock()
        # Every user of the machine reaches the port, and only the owner may read what runs say.
        self.secret = secrets.token_urlsafe(16)
        super().__init__((HOST, port), _Handler)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self.server_address[1])

    @property
    def url(self) -> str:
        """Address of the first page."""
        return f"http://{HOST}:{self.port}/{self.secret}/"

    @property
    def hosts(self) -> set[str]:
        """What browsers call it; a page of somebody else's name that leads here calls it other."""
        bare = set(_NAMES) if self.port == _HTTP_PORT else set()
        return bare | {f"{name}:{self.port}" for name in _NAMES}

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Serve in the background; at the end no request is read any more."""
        thread = threading.Thread(target=self.serve_forever, args=(0.1,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            self.shutdown()
            thread.join()
            self.server_close()

    def serve_until_stopped(self) -> None:
        """Serve until SIGINT or SIGTERM. Call it in the main thread."""
        stopped = threading.Event()
        signals = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.signal(number, lambda *_: stopped.set()) for number in signals}
        try:
            with self.serving():
                stopped.wait()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @override
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Let a browser go that has hung up, without a word on the console."""
        _logger.debug("A request for a page has failed")


class _Handler(BaseHTTPRequestHandler):
    """One request; each has a connection of its own."""

    server: PageServer
    timeout = _SECONDS

    def do_GET(self) -> None:
        """Answer with the page."""
        self._answer()

    def do_HEAD(self) -> None:
        """Answer as to GET, without the page."""
        self._answer()

    @override
    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse what is no request, without repeating any of it."""
        is_other_method = code == HTTPStatus.NOT_IMPLEMENTED
        self._send(HTTPStatus.METHOD_NOT_ALLOWED if is_other_method else HTTPStatus(code), "")

    @override
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the address is a secret."""

    @override
    def version_string(self) -> str:
        """What the server is called."""
        return "target-constant-contact"

    def _answer(self) -> None:
        if self.headers.get_all("Host") not in [[name] for name in self.server.hosts]:
            self._send(HTTPStatus.MISDIRECTED_REQUEST, "")
            return
        path = urlsplit(self.path).path
        secret, slash, rest = path.removeprefix("/").partition("/")
        if not hmac.compare_digest(secret.encode(), self.server.secret.encode()):
            self._send(HTTPStatus.NOT_FOUND, "")
            return
        if not slash:
            # Links of the first page begin at its end.
            self._send(HTTPStatus.FOUND, "", location=f"/{secret}/")
            return
        try:
            with self.server.one_at_a_time:
                page = self.server.make(rest)
        except TargetError as error:
            unusable = render("error.html", text=str(error))
            self._send(HTTPStatus.SERVICE_UNAVAILABLE, unusable)
        else:
            found = HTTPStatus.NOT_FOUND if page is None else HTTPStatus.OK
            self._send(found, page or render("error.html", text="There is no such page."))

    def _send(self, status: HTTPStatus, page: str, location: str = "") -> None:
        body = page.encode()
        self.send_response(status)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Security-Policy", f"{content_policy()}; frame-ancestors 'none'")
        if status == HTTPStatus.METHOD_NOT_ALLOWED:
            self.send_header("Allow", "GET, HEAD")
        if location:
            self.send_header("Location", location)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


_HEADERS: Final = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Connection": "close",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
