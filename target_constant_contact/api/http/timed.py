"""Connections whose answers have a time by which they must be there.

A timeout of a socket begins anew with every byte, so a server that drips them is never late.
"""

from __future__ import annotations

import io
import math
import threading
import time
from functools import cache
from http.client import HTTPResponse
from typing import TYPE_CHECKING, Any, Final

from typing_extensions import override

if TYPE_CHECKING:
    import socket

    from urllib3 import HTTPConnectionPool, PoolManager


class Deadline:
    """The time within which an answer must be there, from now on.

    Args:
        seconds: How long it may take; may be changed later.
    """

    def __init__(self, seconds: float = math.inf) -> None:
        self.seconds = seconds
        self._began = time.monotonic()

    def left(self) -> float:
        """Seconds that are left; zero or less when it is too late."""
        return self._began + self.seconds - time.monotonic()


class _OfThread(threading.local):
    deadline = Deadline()


under_way: Final = _OfThread()
"""Of the answer that this thread is about to read: ``http.client`` hands on nothing but sockets."""


class _TimedFile(io.RawIOBase):
    """What a socket receives, never waiting beyond the deadline."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._file = sock.makefile("rb", buffering=0)
        self._usual = sock.gettimeout() or math.inf
        self._deadline = under_way.deadline

    @override
    def readable(self) -> bool:
        return True

    @override
    def readinto(self, buffer: Any) -> int | None:
        left = self._deadline.left()
        if left <= 0:
            raise TimeoutError
        self._socket.settimeout(min(left, self._usual, threading.TIMEOUT_MAX))
        return self._file.readinto(buffer)

    @override
    def close(self) -> None:
        self._file.close()
        super().close()


class _TimedSocket:
    """What an answer needs of a socket."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_TimedFile(self._socket))


class _TimedResponse(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(_TimedSocket(sock), *args, **options)  # type: ignore[arg-type]


@cache
def _timed(pool: type[HTTPConnectionPool]) -> type[HTTPConnectionPool]:
    connection = type("TimedConnection", (pool.ConnectionCls,), {"response_class": _TimedResponse})
    return type("TimedPool", (pool,), {"ConnectionCls": connection})


def time_answers(manager: PoolManager) -> None:
    """Let all connections that a manager will make keep to the deadline of their thread."""
    # Its own classes stay below: those of a manager for SOCKS know how to reach the proxy.
    pools = manager.pool_classes_by_scheme.items()
    manager.pool_classes_by_scheme = {scheme: _timed(pool) for scheme, pool in pools}
