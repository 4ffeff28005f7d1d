"""stderr of a process that has to end when it is asked to, also if nobody reads it."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING, Any, TextIO

from typing_extensions import override

from target_constant_contact.terminal.live import LIVE
from target_constant_contact.terminal.writing import write_whole

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

    from target_constant_contact.terminal.writing import Overdue


class _Stderr(io.RawIOBase):
    """Writes to a descriptor; what nobody reads in time is dropped."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self.overdue: Overdue = lambda: False

    @override
    def fileno(self) -> int:
        return self._descriptor

    @override
    def isatty(self) -> bool:
        return os.isatty(self._descriptor)

    @override
    def writable(self) -> bool:
        return True

    @override
    def write(self, content: ReadableBuffer, /) -> int:
        whole = bytes(content)
        LIVE.above(whole, self._write)
        return len(whole)

    def _write(self, content: bytes) -> None:
        write_whole(self._descriptor, content, self.overdue)


def patient(stderr: TextIO) -> TextIO:
    """The same stderr, which :func:`drop_when` can keep from blocking."""
    raw: Any = _Stderr(stderr.fileno())
    # Unbuffered: Python would write what is left in a buffer at its end, and block there.
    return io.TextIOWrapper(raw, encoding=stderr.encoding, errors=stderr.errors, write_through=True)


def drop_when(overdue: Overdue, stderr: TextIO) -> None:
    """Have a :func:`patient` stderr drop what nobody reads when it is overdue; others stay."""
    raw = getattr(stderr, "buffer", None)
    if isinstance(raw, _Stderr):
        raw.overdue = overdue
