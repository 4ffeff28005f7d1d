"""The HTTP server under a sandbox."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
from typing import Any

from typing_extensions import override
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from target_constant_contact.sandbox.control.headers import SECURITY

logger = logging.getLogger(__name__)
_SECONDS_TO_FINISH = 10.0


class _Handler(WSGIRequestHandler):
    """Writes nothing to the console."""

    # Headers and body are two writes; without this each answer may take 40 ms longer.
    disable_nagle_algorithm = True

    @override
    def log(self, type: str, message: str, *args: Any) -> None:
        """Log at DEBUG, whatever werkzeug would print."""
        logger.debug("%s: %s", type, message % args)

    @override
    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse what is no request, without repeating any of it."""
        # Or the answer would have no headers.
        self.request_version = self.protocol_version
        self.send_response(code)
        for name, value in {**SECURITY, "Connection": "close", "Content-Length": "0"}.items():
            self.send_header(name, value)
        self.end_headers()


class Listener(ThreadedWSGIServer):
    """Knows its connections, so that closing it leaves no thread that still uses the account.

    Args:
        host: Address to listen on.
        port: Port to listen on; 0 takes a free one.
        app: The WSGI application.
    """

    def __init__(self, host: str, port: int, app: Any) -> None:
        self._open: set[socket.socket] = set()
        self._changed = threading.Condition()
        super().__init__(host, port, app, handler=_Handler)

    def shutdown(self) -> None:
        """Accept no more, and wait until that is so."""
        # Wakes who waits for the next connection; on other systems it looks often enough.
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        super().shutdown()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Note a connection."""
        with self._changed:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget a connection."""
        super().shutdown_request(request)
        with self._changed:
            self._open.discard(request)
            self._changed.notify_all()

    def hang_up(self) -> None:
        """Let requests under way finish, for some seconds; no further one is read."""
        with self._changed:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RD)
            self._changed.wait_for(lambda: not self._open, _SECONDS_TO_FINISH)
