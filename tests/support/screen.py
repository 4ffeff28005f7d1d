"""A terminal as a person sees it: what stands on it, row by row."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import termios
from typing import Self, TextIO

import pyte


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
