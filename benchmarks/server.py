"""A server on loopback that counts what it gets, and takes as little time for it as it can."""

from __future__ import annotations

import json
import multiprocessing
import threading
import time
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final

from benchmarks.members import CUSTOM_FIELDS, list_name
from benchmarks.service import Counted, Rules, Service

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.connection import Connection

_SPACE: Final = uuid.UUID("5a3f1f0e-7a52-4b7b-9a60-3f3f6f2c7b11")
_ANY: Final = Rules()


def list_id(name: str) -> str:
    """Id of one of the lists."""
    return str(uuid.uuid5(_SPACE, name))


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A server in a process of its own."""

    url: str
    _wire: Connection

    def counted(self) -> Counted:
        """What it has got so far."""
        self._wire.send(None)
        counted: Counted = self._wire.recv()
        return counted


@contextmanager
def serving(rules: Rules = _ANY) -> Iterator[RunningServer]:
    """Run a server as long as the block does."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=_serve, args=(theirs, rules), daemon=True
    )
    process.start()
    theirs.close()  # so that nobody waits for a server that has ended
    try:
        yield RunningServer(ours.recv(), ours)
    finally:
        process.terminate()
        process.join(10)


def _serve(wire: Connection, rules: Rules) -> None:
    with Server(rules) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        wire.send(f"http://127.0.0.1:{server.server_port}")
        while True:
            wire.recv()
            wire.send(server.service.counted())


class Server(ThreadingHTTPServer):
    """The server.

    Args:
        rules: How the service is.
        clock: Seconds since 1970.
    """

    daemon_threads = True

    def __init__(self, rules: Rules, clock: Callable[[], float] = time.time) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.rules = rules
        self.service = Service(rules, clock)
        names = [list_name(number) for number in range(rules.lists)]
        self.lists = [{"list_id": list_id(name), "name": name} for name in names]


class _Handler(BaseHTTPRequestHandler):
    """Answers in the shapes of the API."""

    server: Server
    protocol_version = "HTTP/1.1"
    # An answer is one small packet; without this it may wait for another.
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self) -> None:
        if not self.server.service.admit():
            self._refuse()
            return
        path = self.path.partition("?")[0]
        if path == "/contact_lists":
            self._answer(200, {"lists": self.server.lists})
        elif path == "/contact_custom_fields":
            fields = [
                {"custom_field_id": list_id(name), "label": name, "name": name, "type": kind}
                for name, kind in CUSTOM_FIELDS.items()
            ]
            self._answer(200, {"custom_fields": fields})
        elif path == "/contacts":
            # Nobody has unsubscribed.
            self._answer(200, {"contacts": []})
        elif path == "/activities":
            self._answer(200, {"activities": self.server.service.activities()})
        elif path.startswith("/activities/") and (
            found := self.server.service.activity(path.rpartition("/")[2])
        ):
            self._answer(200, found)
        else:
            self._answer(404, [{"error_key": "not_found", "error_message": path}])

    def do_POST(self) -> None:
        taken = self.server.service.admit()
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not taken:
            self._refuse()
        else:
            activity = self.server.service.start_import(body)
            del body
            time.sleep(self.server.rules.answer_seconds)
            self._answer(201, activity)

    def log_message(self, *_args: Any) -> None:
        """Say nothing."""

    def _refuse(self) -> None:
        self._answer(429, [{"error_key": "throttled", "error_message": "Rate limit exceeded"}])

    def _answer(self, status: int, answer: Any) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
