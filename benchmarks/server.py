"""A server on loopback that counts what it gets, and takes as little time for it as it can."""

from __future__ import annotations

import json
import multiprocessing
import threading
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, ClassVar, Final

from benchmarks.generate import LISTS, list_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection

_SPACE: Final = uuid.UUID("5a3f1f0e-7a52-4b7b-9a60-3f3f6f2c7b11")
_CUSTOM_FIELDS: Final = {"tier": "string", "points": "number", "renewed_on": "date"}


def list_id(name: str) -> str:
    """Id of one of the lists."""
    return str(uuid.uuid5(_SPACE, name))


@dataclass(frozen=True, slots=True)
class Counted:
    """What a server has got.

    Attributes:
        requests: All requests.
        imports: Those that brought members.
        rows: Members.
        size: Bytes of the bodies with members.
    """

    requests: int = 0
    imports: int = 0
    rows: int = 0
    size: int = 0


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A server in a process of its own."""

    url: str
    _wire: Connection

    def counted(self) -> Counted:
        """What it has got so far."""
        self._wire.send(None)
        return Counted(**self._wire.recv())


@contextmanager
def serving() -> Iterator[RunningServer]:
    """Run a server as long as the block does."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=_serve, args=(theirs,), daemon=True
    )
    process.start()
    theirs.close()  # so that nobody waits for a server that has ended
    try:
        yield RunningServer(ours.recv(), ours)
    finally:
        process.terminate()
        process.join(10)


def _serve(wire: Connection) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    with server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        wire.send(f"http://127.0.0.1:{server.server_port}")
        while True:
            wire.recv()
            wire.send(_Handler.counts)


class _Handler(BaseHTTPRequestHandler):
    """Answers in the shapes of the API."""

    protocol_version = "HTTP/1.1"
    # An answer is one small packet; without this it may wait for another.
    disable_nagle_algorithm = True
    wbufsize = -1
    # Of the class, because the server makes a handler for each connection.
    counts: ClassVar[dict[str, int]] = {"requests": 0, "imports": 0, "rows": 0, "size": 0}
    activities: ClassVar[dict[str, dict[str, Any]]] = {}

    def do_GET(self) -> None:
        self.counts["requests"] += 1
        path = self.path.partition("?")[0]
        if path == "/contact_lists":
            names = [list_name(number) for number in range(LISTS)]
            lists = [{"list_id": list_id(name), "name": name} for name in names]
            self._answer(200, {"lists": lists})
        elif path == "/contact_custom_fields":
            fields = [
                {"custom_field_id": list_id(name), "label": name, "name": name, "type": kind}
                for name, kind in _CUSTOM_FIELDS.items()
            ]
            self._answer(200, {"custom_fields": fields})
        elif path == "/activities":
            self._answer(200, {"activities": list(self.activities.values())[-500:]})
        elif path.removeprefix("/activities/") in self.activities:
            self._answer(200, self.activities[path.removeprefix("/activities/")])
        else:
            self._answer(404, [{"error_key": "not_found", "error_message": path}])

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        rows = body.count(b'"email":') or body.count(b"\n")
        self.counts["requests"] += 1
        self.counts["imports"] += 1
        self.counts["rows"] += rows
        self.counts["size"] += len(body)
        activity = {
            "activity_id": str(uuid.uuid4()),
            "state": "completed",
            "status": {"items_total_count": rows, "person_count": rows, "error_count": 0},
        }
        self.activities[activity["activity_id"]] = activity
        # Finished when it is asked for, and not before.
        self._answer(201, {"activity_id": activity["activity_id"], "state": "initialized"})

    def log_message(self, *_args: Any) -> None:
        """Say nothing."""

    def _answer(self, status: int, answer: Any) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
