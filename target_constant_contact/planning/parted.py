"""Lines about people in parts, by the first bits of their hashes, in a file that lasts no longer.

So a million people can be joined with a million others while a 64th of them is in memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from target_constant_contact.imports.spool import Spool
from target_constant_contact.segments.parts import PARTS, SHIFT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from target_constant_contact.imports.spool import Place

_MOST: Final = 8_000_000
"""Bytes that wait in memory: then each part fills about a block of the file."""


class PartedLines:
    """Lines, each of one person.

    Args:
        folder: Where the file is made, which nobody else can open.

    Raises:
        StorageError: From every method but ``close``: the file cannot be used.
    """

    def __init__(self, folder: Path) -> None:
        self._spool = Spool(folder)
        self._waiting: list[list[bytes]] = [[] for _ in range(PARTS)]
        self._places: list[list[Place]] = [[] for _ in range(PARTS)]
        self._size = 0

    def add(self, hashes: Iterable[int], lines: Iterable[bytes]) -> None:
        """Put lines in, without line ends in them, in the order in which they come out.

        Args:
            hashes: The person of each.
            lines: The lines.
        """
        for one, line in zip(hashes, lines, strict=True):
            self._waiting[one >> SHIFT].append(line)
            self._size += len(line)
        if self._size > _MOST:
            self._put_aside()

    def part(self, number: int) -> Iterator[bytes]:
        """The lines of a part; some megabytes of a million people."""
        for place in self._places[number]:
            yield from self._spool.fetch(place).split(b"\n")
        yield from self._waiting[number]

    def close(self) -> None:
        """Delete the file."""
        self._spool.close()

    def _put_aside(self) -> None:
        for number, lines in enumerate(self._waiting):
            if lines:
                self._places[number].append(self._spool.put(b"\n".join(lines)))
                lines.clear()
        self._size = 0
