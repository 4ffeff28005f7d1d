"""The requests that the account has seen: in memory for tests, the last in the file for people."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from target_constant_contact.sandbox.data.store import Store

KEPT_IN_MEMORY = 100_000
KEPT_IN_FILE = 200


@dataclass(frozen=True, slots=True)
class RequestSeen:
    """One request to the API or the authorization server.

    Attributes:
        method: HTTP method.
        path: Whole path without the query.
        query: The query as it came, without the question mark.
        status: HTTP status answered; 0 while it is being answered, and when the connection was
            closed without an answer.
        body_bytes: Length of the request's body.
        at: When it arrived, by the account's clock.
        rows: Rows of an import as they arrived, before anything was dropped; otherwise 0.
    """

    method: str
    path: str
    query: str
    status: int
    body_bytes: int
    at: float
    rows: int = 0


@dataclass(slots=True)
class OpenRequest:
    """A request on its way through; ``status`` and ``rows`` are filled in as they become known."""

    method: str
    path: str
    query: str
    body_bytes: int
    at: float
    began: float
    status: int = 0
    rows: int = 0


class RequestLog:
    """Requests in order of arrival. Thread-safe."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._requests: deque[OpenRequest] = deque(maxlen=KEPT_IN_MEMORY)
        self._lock = threading.Lock()

    def arrived(self, request: OpenRequest) -> None:
        """Note a request before it is answered."""
        with self._lock:
            self._requests.append(request)

    def answered(self, request: OpenRequest, seconds: float) -> None:
        """Keep an answered request for the page of requests."""
        row = (
            request.at,
            request.method,
            request.path,
            request.status,
            request.body_bytes,
            seconds,
        )
        with self._store.writing() as db:
            seq = db.execute(
                "INSERT INTO requests (at, method, path, status, body_bytes, seconds)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                row,
            ).lastrowid
            db.execute("DELETE FROM requests WHERE seq <= ?", ((seq or 0) - KEPT_IN_FILE,))

    def seen(self) -> list[RequestSeen]:
        """Return the requests that this process has seen, oldest first."""
        with self._lock:
            return [
                RequestSeen(r.method, r.path, r.query, r.status, r.body_bytes, r.at, r.rows)
                for r in self._requests
            ]
