"""Rows that stand at the end of a terminal, below whatever else is written to it.

The cursor rests on an empty row above them, and only what is below the cursor is ever erased. So
what others write to the same terminal, such as the tap of a pipeline, lands there and stays; and it
does no harm when the window changes its width, when the process is stopped and goes on, or when it
is killed.
"""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Final, TextIO, TypeVar

from target_constant_contact.terminal.writing import write_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Render = Callable[[int], Sequence[str]]
    """Makes the rows, none of them wider than a number of columns."""

    Written = TypeVar("Written")

_ERASE: Final = "\x1b[J"
"""All that is behind and below the cursor."""
_UNABLE: Final = frozenset({"", "dumb", "unknown"})
"""Terminals on which a row cannot be taken back."""
_USUAL_SIZE: Final = os.terminal_size((80, 24))


def can_show(stream: TextIO | None) -> bool:
    """Whether a stream leads to a terminal on which rows can be taken back."""
    # A stream that was closed raises.
    with suppress(ValueError, AttributeError):
        return (
            stream is not None
            and stream.isatty()
            and os.environ.get("TERM", "").lower() not in _UNABLE
        )
    return False


class LiveRows:
    """Rows at the end of a terminal; nothing as long as :meth:`begin` was not called."""

    def __init__(self) -> None:
        # A signal may interrupt whoever holds it, and have a line logged.
        self._lock = threading.RLock()
        self._render: Render | None = None
        self._descriptor = -1
        self._encoding = "ascii"
        self._is_drawn = False
        self._in_line = False

    def begin(self, stream: TextIO, render: Render) -> None:
        """Have rows stand at the end of a terminal from the next :meth:`draw` on.

        Args:
            stream: Leads to the terminal.
            render: Makes them, each time they are drawn.
        """
        with self._lock:
            self._descriptor, self._encoding = stream.fileno(), stream.encoding
            self._render, self._in_line = render, False

    def draw(self) -> bool:
        """Draw the rows anew.

        Returns:
            Whether somebody sees them: not when the terminal is gone, or another program's.
        """
        with self._lock:
            if self._render is None or not _is_in_front(self._descriptor):
                return False
            if self._in_line:
                return True
            width, height = _size(self._descriptor)
            # The cursor has a row of its own, and the last column is left alone: some terminals
            # begin a new row there.
            rows = self._render(width - 1)[: max(0, height - 1)]
            back = f"\x1b[{len(rows)}A\r" if rows else ""
            self._send(_ERASE + "".join(f"\r\n{row}" for row in rows) + back)
            self._is_drawn = bool(rows)
            return self._render is not None

    def end(self) -> None:
        """Take the rows away; nothing of them is left."""
        with self._lock:
            self._erase()
            self._render = None

    def above(self, content: bytes, write: Callable[[bytes], Written]) -> Written:
        """Write something else to the terminal, above the rows.

        Args:
            content: What.
            write: Writes it.

        Returns:
            What `write` returns.
        """
        if self._render is None:
            return write(content)
        with self._lock:
            self._erase()
            try:
                return write(content)
            finally:
                # What is no whole line goes on in the row where the cursor is.
                self._in_line = not content.endswith(b"\n")
                self.draw()

    def _erase(self) -> None:
        if self._is_drawn and _is_in_front(self._descriptor):
            self._send(_ERASE)
        self._is_drawn = False

    def _send(self, text: str) -> None:
        """Write without waiting: a terminal that was halted, or is busy, gets the next picture."""
        try:
            write_whole(self._descriptor, text.encode(self._encoding, "replace"), lambda: True)
        except OSError:
            # Nobody is there to see anything any more.
            self._render = None


LIVE: Final = LiveRows()
"""A process has one terminal, and everybody who writes to it has to know."""


def _is_in_front(descriptor: int) -> bool:
    """Whether the terminal is this program's, and not of the shell that it runs behind."""
    try:
        return os.tcgetpgrp(descriptor) == os.getpgrp()
    except OSError:
        # It is not the terminal of the session, and nobody's else.
        return True


def _size(descriptor: int) -> tuple[int, int]:
    size = _USUAL_SIZE
    with suppress(OSError):
        size = os.get_terminal_size(descriptor)
    return size.columns or _USUAL_SIZE.columns, size.lines or _USUAL_SIZE.lines
