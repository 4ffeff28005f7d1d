"""A terminal as a person sees it: what stands on it, row by row."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Self, TextIO

import pyte

from tests.support import forks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Screen:
    """A terminal with its picture; what scrolls off it is kept.

    Args:
        columns: Its width.
        lines: Its height.

    Attributes:
        name: Path of the device.
        raw: All bytes that came.
    """

    def __init__(self, columns: int = 80, lines: int = 24) -> None:
        self._side, self.descriptor = pty.openpty()
        self.name = os.ttyname(self.descriptor)
        self.raw = b""
        self._screen = pyte.HistoryScreen(columns, lines, history=10_000, ratio=1.0)
        self._stream = pyte.ByteStream(self._screen)
        self.resize(columns, lines)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.descriptor)
        if self._side >= 0:
            self.hang_up()

    def open(self, encoding: str = "utf-8") -> TextIO:
        """A stream that leads to the terminal; whoever opens it closes it."""
        return os.fdopen(os.dup(self.descriptor), "w", encoding=encoding)

    def resize(self, columns: int, lines: int) -> None:
        """Give the window another size, once all that was written is on it."""
        self._look()
        size = struct.pack("HHHH", lines, columns, 0, 0)
        fcntl.ioctl(self._side, termios.TIOCSWINSZ, size)
        self._screen.resize(lines, columns)

    def type(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self._side, keys)

    def hang_up(self) -> None:
        """Close the window."""
        os.close(self._side)
        self._side = -1

    def rows(self) -> list[str]:
        """All rows that ever came, without the empty ones at the end."""
        if self._side >= 0:
            self._look()
        above = [
            "".join(row[x].data for x in sorted(row)).rstrip() for row in self._screen.history.top
        ]
        rows = above + [row.rstrip() for row in self._screen.display]
        while rows and not rows[-1]:
            rows.pop()
        return rows

    @property
    def cursor(self) -> tuple[int, int]:
        """Column and row of the cursor, from 0."""
        self._look()
        return self._screen.cursor.x, self._screen.cursor.y

    def _look(self) -> None:
        while select.select([self._side], [], [], 0)[0]:
            piece = os.read(self._side, 1 << 16)
            self.raw += piece
            self._stream.feed(piece)


_IN_FRONT = """
import os
os.setsid()
terminal = os.open({name!r}, os.O_RDWR)
for descriptor in {descriptors!r}:
    os.dup2(terminal, descriptor)
os.close(terminal)
{code}
"""
"""Gives a process a terminal of its own, and has some standard streams lead to it."""


class Shown:
    """A command whose stderr a person sees.

    Args:
        screen: The terminal.
        command: A Python program that is given as text, and its arguments.
        env: Its environment.
        descriptors: The standard streams that lead to the terminal; the others are pipes.

    Attributes:
        process: The command.
    """

    def __init__(
        self,
        screen: Screen,
        command: Sequence[object],
        env: Mapping[str, str],
        descriptors: Sequence[int] = (2,),
    ) -> None:
        self.screen = screen
        program, option, code, *arguments = map(str, command)
        code = _IN_FRONT.format(name=screen.name, descriptors=descriptors, code=code)
        self.process = forks.started(
            [program, option, code, *arguments],
            {"TERM": "xterm-256color"} | dict(env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
        for stream in (self.process.stdin, self.process.stdout):
            with suppress(OSError):
                stream.close()

    def write(self, text: str) -> None:
        """Write to its stdin."""
        assert self.process.stdin
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def see(self, text: str, seconds: float = 60) -> list[str]:
        """Wait until a text is on the terminal; return all rows."""
        deadline = time.monotonic() + seconds
        while text not in "\n".join(rows := self.screen.rows()):
            assert self.process.poll() is None, f"ended without {text!r}: {rows}"
            assert time.monotonic() < deadline, f"no {text!r} in time: {rows}"
            time.sleep(0.02)
        return rows

    def wait(self, seconds: float = 60) -> int:
        """Close its stdin, wait for its end, and return the exit code."""
        deadline = time.monotonic() + seconds
        assert self.process.stdin
        with suppress(OSError):
            self.process.stdin.close()
        while self.process.poll() is None:
            assert time.monotonic() < deadline, f"not at its end: {self.screen.rows()}"
            # A terminal that nobody reads from holds up whoever writes to it.
            self.screen.rows()
            time.sleep(0.02)
        return self.process.returncode

    def stdout(self) -> str:
        """What it has written to stdout, once it has ended."""
        assert self.process.stdout
        return self.process.stdout.read().decode()
