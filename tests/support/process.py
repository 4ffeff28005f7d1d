"""The target as a process of its own, as Meltano starts it."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from tests.support import forks
from tests.support.target import Message, lines

if TYPE_CHECKING:
    from collections.abc import Mapping

COMMAND = [sys.executable, "-c", "from target_constant_contact.cli import main; main()"]


class TargetProcess:
    """A running target whose input the test writes bit by bit.

    Args:
        config: Its settings.
        folder: Its home.
        arguments: More of its command line.
        stdout: As for `subprocess.Popen`.
        stderr: As for `subprocess.Popen`.
        command: The program.
        start: How it is started.
        variables: More of its environment.

    Attributes:
        states: Bookmarks of the STATE lines, each with the time at which it came.
        stderr: What was logged, once the process has ended.
    """

    def __init__(
        self,
        config: dict[str, Any],
        folder: Path,
        *arguments: str,
        stdout: int = subprocess.PIPE,
        stderr: int = subprocess.PIPE,
        command: list[str] = COMMAND,
        start: Any = forks.started,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        path = folder / "config.json"
        path.write_text(json.dumps(config))
        self._process = start(
            [*command, "--config", str(path), *arguments],
            stdin=subprocess.PIPE,
            stdout=stdout,
            stderr=stderr,
            text=True,
            env=environment(folder) | dict(variables or {}),
        )
        self.states: list[Any] = []
        self.other_output: list[str] = []
        self.stderr = ""
        self.peak_kilobytes = 0
        self._on_state: Any = lambda _bookmark: None
        self._readers = [
            threading.Thread(target=read, args=[stream])
            for read, stream in (
                (self._read_stdout, self._process.stdout),
                (self._read_stderr, self._process.stderr),
            )
            if stream
        ]

    def start(self, on_state: Any = None) -> TargetProcess:
        self._on_state = on_state or self._on_state
        for reader in self._readers:
            reader.start()
        return self

    def write(self, *messages: Message) -> None:
        assert self._process.stdin
        self._process.stdin.write(lines(*messages))
        self._process.stdin.flush()

    def close_input(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()

    def send_signal(self, number: int) -> None:
        self._process.send_signal(number)

    def wait_for_log(self, text: str, seconds: float = 15) -> None:
        deadline = time.monotonic() + seconds
        while text not in self.stderr:
            assert time.monotonic() < deadline, f"{text!r} not in {self.stderr}"
            time.sleep(0.02)

    def wait_for_states(self, *states: Any, seconds: float = 15) -> None:
        """Wait until just these have come; the log is another pipe, and may be ahead of them."""
        deadline = time.monotonic() + seconds
        while self.states != [*states]:
            assert time.monotonic() < deadline, f"{self.states} came"
            time.sleep(0.02)

    def wait(self, seconds: float = 30) -> int:
        """Wait for the end; kill the process when it takes too long."""
        deadline = time.monotonic() + seconds
        while self._process.poll() is None:
            if time.monotonic() > deadline:
                self._process.kill()
            self.peak_kilobytes = max(self.peak_kilobytes, peak_kilobytes(self._process.pid))
            time.sleep(0.02)
        for reader in self._readers:
            reader.join()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream and not stream.closed:
                _close(stream)
        return self._process.returncode

    def _read_stdout(self, stream: IO[str]) -> None:
        for line in stream:
            try:
                bookmark = json.loads(line)["bookmark"]
            except (ValueError, KeyError, TypeError):
                self.other_output.append(line)
            else:
                self._on_state(bookmark)
                self.states.append(bookmark)

    def _read_stderr(self, stream: IO[str]) -> None:
        for line in stream:
            self.stderr += line


def peak_kilobytes(pid: int) -> int:
    """The most memory that a process has held; without /proc, what it holds now.

    What `wait4` tells also counts the process that this one was forked from.
    """
    status = Path(f"/proc/{pid}/status")
    with contextlib.suppress(OSError, ValueError):
        if not status.parent.parent.is_dir():
            command = ["ps", "-o", "rss=", "-p", str(pid)]
            return int(subprocess.run(command, capture_output=True, check=False).stdout)
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    return 0


def _close(stream: IO[str]) -> None:
    try:
        stream.close()
    except BrokenPipeError:
        return


def environment(home: Path) -> dict[str, str]:
    """A bare environment."""
    path = os.environ.get("PATH", os.defpath)
    return {"PATH": path, "HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"}


def cli(home: Path, *arguments: str, stdin: str = "", **variables: str) -> Any:
    """Run the command line to its end."""
    return forks.run(
        [*COMMAND, *arguments],
        environment(home) | variables,
        input=stdin,
        text=True,
        cwd=home,
    )


def started_cli(home: Path, *arguments: str, stdin: str = "", **variables: str) -> Any:
    """The same, in a Python that is started for it."""
    return subprocess.run(
        [*COMMAND, *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=home,
        env=environment(home) | variables,
    )
