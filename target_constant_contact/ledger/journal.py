"""An append-only file of JSON lines that survives being cut off in the middle of a line."""

from __future__ import annotations

import errno
import json
import os
from typing import TYPE_CHECKING, Any

from target_constant_contact.files import naming, open_private, replace_durably, write_private

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class DamagedJournalError(Exception):
    """A line that is not the last one cannot be read."""


class ClosedJournalError(Exception):
    """A line came after the end of the run: the file may be that of the next one by now."""


class Journal:
    """The lines of a file, readable by its owner only.

    Args:
        path: The file.

    Raises:
        OSError: From every method, when the file cannot be used.
        ClosedJournalError: From every method that writes, once it is closed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None
        self._closed = False

    def read(self) -> list[dict[str, Any]]:
        """The lines; what a crash has left of a last one is not among them.

        Raises:
            DamagedJournalError: It is not a journal from end to end.
        """
        try:
            text = self.path.read_bytes()
        except FileNotFoundError:
            return []
        *whole, _torn = text.split(b"\n")
        try:
            lines = [json.loads(line) for line in whole]
        except (ValueError, RecursionError) as error:
            raise DamagedJournalError(str(self.path)) from error
        if not all(isinstance(line, dict) for line in lines):
            raise DamagedJournalError(str(self.path))
        return lines

    def begin(self, line: Mapping[str, Any]) -> None:
        """Put a journal with this one line in the place of the old one, all or nothing."""
        self.raise_if_closed()
        self._release()
        new = self.path.with_suffix(".new")
        write_private(new, _written(line), durable=True)
        replace_durably(new, self.path)

    def append(self, line: Mapping[str, Any], *, durable: bool) -> None:
        """Add a line.

        Args:
            line: What it holds.
            durable: Return only when it would outlive a crash of the machine.
        """
        self.raise_if_closed()
        if self._descriptor is None:
            self._descriptor = self._open()
        text = _written(line).encode()
        with naming(self.path):
            if (done := os.write(self._descriptor, text)) < len(text):
                # The disk is full: nothing may be glued to half a line.
                os.ftruncate(self._descriptor, os.fstat(self._descriptor).st_size - done)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            if durable:
                os.fsync(self._descriptor)

    def raise_if_closed(self) -> None:
        """Raise if nothing may be written any more."""
        if self._closed:
            raise ClosedJournalError(str(self.path))

    def close(self) -> None:
        """Close the file; it is never opened again."""
        self._closed = True
        self._release()

    def _release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _open(self) -> int:
        """Open the file behind its last whole line."""
        descriptor = open_private(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
        text = self.path.read_bytes()
        os.ftruncate(descriptor, text.rfind(b"\n") + 1)
        return descriptor


def _written(line: Mapping[str, Any]) -> str:
    return json.dumps(line, separators=(",", ":")) + "\n"
