"""A person at a terminal, who starts a command whose output somebody else reads."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import threading
import time
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from target_constant_contact.sandbox import Sandbox

_AT_TERMINAL = """
import fcntl, os, sys, termios
os.dup2(os.open(sys.argv[1], os.O_RDWR), 0)
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execvpe(sys.argv[2], sys.argv[2:], os.environ)
"""
"""Makes a terminal that of the session, and its stdin; stdout and stderr stay pipes."""


class Terminal:
    """A terminal and the command that was started at it; its stdout and stderr are pipes.

    Attributes:
        shown: What the terminal has shown, what was typed in included.
        stdout: What was written to stdout.
        stderr: What was written to stderr.
    """

    def __init__(self, words: Sequence[object], cwd: Path, env: Mapping[str, str]) -> None:
        self.shown = self.stdout = self.stderr = ""
        self._side, slave = pty.openpty()
        self._process = subprocess.Popen(
            [sys.executable, "-c", _AT_TERMINAL, os.ttyname(slave), *map(str, words)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=cwd,
            env=dict(env),
            start_new_session=True,
        )
        # Kept open until the end: a terminal that nobody has open is at its end.
        self._slave = slave
        self._readers = [
            threading.Thread(target=self._read, args=(name, getattr(self._process, name)))
            for name in ("stdout", "stderr")
        ]
        for reader in self._readers:
            reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait(10)
        for reader in self._readers:
            reader.join(10)
        os.close(self._slave)
        os.close(self._side)

    def see(self, text: str, seconds: float = 30) -> str:
        """Wait until a text is on the terminal; return all that was shown."""
        deadline = time.monotonic() + seconds
        while text not in self.shown:
            ended = self._process.poll() is not None
            self._look(0 if ended else 0.05)
            if text in self.shown:
                break
            assert not ended, f"ended without {text!r}: {self.everything}"
            assert time.monotonic() < deadline, f"no {text!r} in time: {self.everything}"
        return self.shown

    def type(self, text: str) -> None:
        """Type a line in."""
        os.write(self._side, f"{text}\n".encode())

    def wait(self, seconds: float = 60) -> int:
        """Wait for the end, and return the exit code."""
        deadline = time.monotonic() + seconds
        while self._process.poll() is None:
            assert time.monotonic() < deadline, f"not at its end: {self.everything}"
            self._look(0.05)
        for reader in self._readers:
            reader.join(10)
        self._look(0)
        return self._process.returncode

    @property
    def everything(self) -> str:
        """All that was shown and written, for a test that fails."""
        return f"\nterminal: {self.shown}\nstdout: {self.stdout}\nstderr: {self.stderr}"

    def _look(self, seconds: float) -> None:
        while select.select([self._side], [], [], seconds)[0]:
            with suppress(OSError):
                self.shown += os.read(self._side, 1 << 16).decode().replace("\r\n", "\n")
            seconds = 0

    def _read(self, name: str, stream: IO[str]) -> None:
        with stream:
            for line in stream:
                setattr(self, name, getattr(self, name) + line)


def sign_in(terminal: Terminal, account: Sandbox) -> None:
    """Answer what `login --device --client-id sandbox-app` asks, and approve the device."""
    terminal.see("Client secret (blank for a public application): ")
    terminal.type("sandbox-secret")
    terminal.see("Do you agree? [y/N]: ")
    terminal.type("y")
    code = re.search(r"type in the code (\S+)\. Waiting", terminal.see("Waiting ..."))
    assert code
    account.approve_device(code[1])
    terminal.see("Connect to this account? [Y/n]: ")
    terminal.type("")
