"""Answers that are what was asked for, but have no end: too large, too slow, or page after page."""

from __future__ import annotations

import contextlib
import gzip
import itertools
import json
from functools import cache
from typing import TYPE_CHECKING

from flask import Response, request

from target_constant_contact.sandbox.endpoints.answers import account

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator
    from threading import Event

ACTIONS = frozenset({"huge", "huge_packed", "drip", "drip_headers", "pages_again", "pages_fresh"})
_BLANKS = b" " * (1 << 20)
_MEBIBYTES = 1_024
_turns = itertools.count()


def without_end(response: Response, action: str, seconds: float) -> Response:
    """Return an answer as a fault wants it.

    Args:
        response: The usual answer.
        action: One of ``ACTIONS``.
        seconds: Between two bytes that drip.
    """
    if action.startswith("pages_"):
        return _with_next(response, "again" if action == "pages_again" else str(next(_turns)))
    if action == "drip_headers":
        _drip_headers(request.environ["werkzeug.socket"], account().closing, seconds)
        return response
    start, more = response.get_data(), _drops(account().closing, seconds)
    packed = action == "huge_packed"
    if action != "drip":
        more = itertools.repeat(_packed() if packed else _BLANKS, _MEBIBYTES)
    answer = Response(
        itertools.chain([gzip.compress(start) if packed else start], more),
        response.status_code,
        content_type=response.content_type,
    )
    if packed:
        answer.headers["Content-Encoding"] = "gzip"
    return answer


@cache
def _packed() -> bytes:
    return gzip.compress(_BLANKS)


def _drops(closing: Event, seconds: float) -> Iterator[bytes]:
    while not closing.wait(seconds):
        yield b" "


def _drip_headers(connection: socket.socket, closing: Event, seconds: float) -> None:
    with contextlib.suppress(OSError):  # the other side has gone
        connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        for drop in _drops(closing, seconds):
            connection.sendall(drop)


def _with_next(response: Response, turn: str) -> Response:
    body = response.get_json() if response.is_json and request.method == "GET" else None
    if isinstance(body, dict) and "_links" in body:
        body["_links"]["next"] = {"href": f"{request.path}?turn={turn}"}
        response.set_data(json.dumps(body))
    return response
