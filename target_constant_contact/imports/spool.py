"""Bytes that are needed later: in memory up to a limit, beyond that in a file without a name."""

from __future__ import annotations

import tempfile
import threading
from typing import IO, TYPE_CHECKING, Final, TypeAlias

from target_constant_contact.data_folder import usable

if TYPE_CHECKING:
    from pathlib import Path

IN_MEMORY: Final = 1 << 20
"""Bytes in all."""

_BLOCK: Final = 128 << 10
"""Bytes; the file is written in blocks of this size, which are used again."""

Place: TypeAlias = bytes | int | tuple[int, tuple[int, ...]]
"""What was put in: itself, or its length and the blocks that hold it. Of a single block, there
may be very many: both are in one number."""


class Spool:
    """Keeps what is put in until it is taken out; nobody else can open its file.

    Its methods may be called from several threads.

    Args:
        folder: Where the file is made, once one is needed. The system deletes it with the process,
            however that ends.
        in_memory: Bytes that may be kept in memory.

    Raises:
        StorageError: From every method but ``close``: the file cannot be used.
    """

    def __init__(self, folder: Path, in_memory: int = IN_MEMORY) -> None:
        self._folder = folder
        self._left = in_memory
        self._file: IO[bytes] | None = None
        self._blocks = 0
        self._free: list[int] = []
        self._lock = threading.Lock()

    def put(self, content: bytes) -> Place:
        """Keep something; the way to it is returned."""
        with self._lock:
            if len(content) <= self._left:
                self._left -= len(content)
                return content
            blocks = tuple(self._new_block() for _ in range(0, len(content), _BLOCK))
            with usable(self._folder):
                self._write(content, blocks)
            return _place(len(content), blocks)

    def fetch(self, place: Place) -> bytes:
        """Read what was put in."""
        if isinstance(place, bytes):
            return place
        size, blocks = _size_and_blocks(place)
        parts = []
        with self._lock, usable(self._folder):
            file = self._open()
            for index, block in enumerate(blocks):
                file.seek(block * _BLOCK)
                parts.append(file.read(min(_BLOCK, size - index * _BLOCK)))
        return b"".join(parts)

    def forget(self, place: Place) -> None:
        """Let its room be used again."""
        with self._lock:
            if isinstance(place, bytes):
                self._left += len(place)
            else:
                self._free += _size_and_blocks(place)[1]

    def close(self) -> None:
        """Delete the file; nothing that is in it can be read any more."""
        with self._lock:
            if self._file:
                self._file.close()

    def _new_block(self) -> int:
        if self._free:
            return self._free.pop()
        self._blocks += 1
        return self._blocks - 1

    def _write(self, content: bytes, blocks: tuple[int, ...]) -> None:
        file, view = self._open(), memoryview(content)
        for index, block in enumerate(blocks):
            file.seek(block * _BLOCK)
            part = view[index * _BLOCK : (index + 1) * _BLOCK]
            # A nearly full disk takes a part; the next try tells that it is full.
            while part:
                part = part[file.write(part) :]

    def _open(self) -> IO[bytes]:
        if self._file is None:
            # As long as the run, which closes it.
            self._file = tempfile.TemporaryFile(dir=self._folder, buffering=0)  # noqa: SIM115
        return self._file


def _place(size: int, blocks: tuple[int, ...]) -> int | tuple[int, tuple[int, ...]]:
    return blocks[0] * 2 * _BLOCK + size if len(blocks) == 1 else (size, blocks)


def _size_and_blocks(place: int | tuple[int, tuple[int, ...]]) -> tuple[int, tuple[int, ...]]:
    if isinstance(place, int):
        block, size = divmod(place, 2 * _BLOCK)
        return size, (block,)
    return place
