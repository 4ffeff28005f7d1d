"""Listening on this machine for the browser that comes back from a sign-in."""

from __future__ import annotations

import socket
import socketserver
import threading
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Final, Self

from typing_extensions import override

from target_constant_contact.api.oauth.redirect import (
    ForeignAnswerError,
    code_of,
    is_loopback,
    loopback_address,
)
from target_constant_contact.exceptions import SettingsError, SignInError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

WAIT_SECONDS: Final = 600.0
"""How long a person has to sign in and approve."""

MAX_OPEN: Final = 32
"""Connections at a time; the oldest one makes room for a further one."""
_POLL_SECONDS: Final = 0.1
_IDLE_SECONDS: Final = 10.0
_HEADERS: Final = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
}
_HTML: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 1.1rem/1.5 system-ui, sans-serif; max-width: 34rem; margin: 15vh auto;
  padding: 0 1rem }}
</style>
</head>
<body><h1>{title}</h1><p>{text}</p></body>
</html>
"""


class Loopback:
    """Listens on this machine, while it is open, for the browser that comes back.

    Whatever lacks the state of this sign-in is refused, and the waiting goes on: any page that is
    open in a browser of this machine can send that.

    Args:
        redirect_uri: The redirect URI, as it was registered.
        state: What comes back with an answer to this sign-in.

    Raises:
        SettingsError: The redirect URI does not lead here.
    """

    def __init__(self, redirect_uri: str, state: str) -> None:
        self._host, self._port, self._path = loopback_address(redirect_uri)
        self._state = state
        self._answers: SimpleQueue[str | SignInError] = SimpleQueue()

    def __enter__(self) -> Self:
        """Listen.

        Raises:
            SettingsError: The port is taken, or cannot be used.
        """
        # The address of the redirect only, so that nobody else on the network reaches the page.
        server_class = _Server6 if ":" in self._host else _Server
        try:
            self._server = server_class((self._host, self._port), _Handler)
        except OSError as error:
            fault = (
                f"port {self._port} of this machine cannot be used ({error.strerror}): end the "
                "program that has it, or register another redirect URI in the developer portal "
                "and pass it with --redirect-uri, or sign in with --no-browser"
            )
            raise SettingsError([fault]) from None
        self._server.loopback = self
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_POLL_SECONDS,), daemon=True
        )
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def wait(self, seconds: float = WAIT_SECONDS) -> str:
        """Wait for the browser and return the authorization code.

        Raises:
            RefusedError: The person, or the service, refused.
            SignInError: The browser brought no code, or did not come in time.
        """
        try:
            answer = self._answers.get(timeout=seconds)
        except Empty:
            raise SignInError(
                f"Nobody signed in within {seconds / 60:.0f} minutes; nothing was stored. Start "
                "again; if the browser is on another machine, use --no-browser or --device"
            ) from None
        if isinstance(answer, SignInError):
            raise answer
        return answer

    def read(self, target: str, hosts: Sequence[str]) -> tuple[_Page, str | SignInError | None]:
        """What the browser is shown for a request, and what the request has brought.

        Args:
            target: Path and query.
            hosts: Its Host headers.
        """
        if not all(is_loopback(host) for host in hosts):
            return _ELSEWHERE, None
        path, _, query = target.partition("?")
        if path != self._path:
            return _NOTHING, None
        try:
            return _APPROVED, code_of(query, self._state)
        except ForeignAnswerError:
            return _FOREIGN, None
        except SignInError as error:
            return _REFUSED, error

    def take(self, brought: str | SignInError) -> None:
        """End the waiting."""
        self._answers.put(brought)


@dataclass(frozen=True, slots=True)
class _Page:
    status: HTTPStatus
    title: str
    text: str

    def html(self) -> bytes:
        return _HTML.format(title=self.title, text=self.text).encode()


_APPROVED: Final = _Page(
    HTTPStatus.OK,
    "You have approved",
    "Go back to the terminal: it shows which account this is, and finishes the connection. You "
    "may close this page.",
)
_REFUSED: Final = _Page(
    HTTPStatus.OK,
    "Not connected",
    "Access was not given, and nothing was stored. The terminal says more.",
)
_FOREIGN: Final = _Page(
    HTTPStatus.BAD_REQUEST,
    "Not connected",
    "This page belongs to another sign-in than the one that is waiting, which goes on waiting. Use "
    "the page that the terminal has opened last.",
)
_NOTHING: Final = _Page(HTTPStatus.NOT_FOUND, "Not found", "There is nothing here.")
_ELSEWHERE: Final = _Page(
    HTTPStatus.FORBIDDEN, "Not connected", "This page is for the browser of this machine."
)


class _Server(socketserver.ThreadingTCPServer):
    # Browsers open connections in advance and leave them idle.
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 2 * MAX_OPEN
    loopback: Loopback

    @override
    def server_activate(self) -> None:
        self._open: dict[socket.socket, None] = {}
        self._changing = threading.Lock()
        super().server_activate()

    @override
    def process_request(self, request: Any, client_address: Any) -> None:
        with self._changing:
            self._open[request] = None
            if len(self._open) > MAX_OPEN:
                oldest = next(iter(self._open))
                del self._open[oldest]
                with suppress(OSError):  # It is closed already.
                    oldest.shutdown(socket.SHUT_RDWR)
        super().process_request(request, client_address)

    @override
    def shutdown_request(self, request: Any) -> None:
        with self._changing:
            self._open.pop(request, None)
        super().shutdown_request(request)

    @override
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: what went wrong with a page would stand between the lines of the sign-in."""


class _Server6(_Server):
    address_family = socket.AF_INET6


class _Handler(BaseHTTPRequestHandler):
    timeout = _IDLE_SECONDS
    server: _Server

    def do_GET(self) -> None:
        """Answer the browser, then hand on what it brought."""
        page, brought = self.server.loopback.read(self.path, self.headers.get_all("Host", []))
        # In this order: once the waiting ends, the server does, and the page would be lost.
        try:
            self._answer(page)
        finally:
            if brought is not None:
                self.server.loopback.take(brought)

    @override
    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse a request that cannot be read, without repeating any of it."""
        self.close_connection = True
        status = HTTPStatus(code)
        self._answer(_Page(status, "Not connected", f"{status.phrase}."))

    def _answer(self, page: _Page) -> None:
        body = page.html()
        # Of a request that cannot be read it is not known whether headers may be sent.
        self.request_version = self.protocol_version
        self.send_response(page.status)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    @override
    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: the lines hold codes."""
