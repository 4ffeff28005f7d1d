"""A large set of e-mail addresses in little memory."""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left
from operator import itemgetter
from typing import TYPE_CHECKING, Final, Self
from zlib import crc32

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_REVERSED: Final = itemgetter(slice(None, None, -1))


def key_of(address: str) -> str:
    """What the service matches a contact on: the address trimmed and in lower case."""
    return address.strip().lower()


def hashes(texts: Iterable[str]) -> array[int]:
    """64 bits of each text, the same in every process: its checksum, and that of it in reverse.

    32 would be too few: of a million, some would share one by chance.
    """
    encoded = list(map(str.encode, texts))
    halves = array("I", bytes(8 * len(encoded)))
    high, low = (1, 0) if sys.byteorder == "little" else (0, 1)
    halves[high::2] = array("I", list(map(crc32, encoded)))
    halves[low::2] = array("I", list(map(crc32, map(_REVERSED, encoded))))
    return array("Q", halves.tobytes())


def hashed(text: str) -> int:
    """What :func:`hashes` makes of one text."""
    encoded = text.encode()
    return crc32(encoded) << 32 | crc32(encoded[::-1])


class HashedSet:
    """Texts as sorted 64-bit hashes: 8 bytes for each.

    Args:
        hashes: Of the texts.
    """

    def __init__(self, hashes: Iterable[int]) -> None:
        self._sorted = array("Q", sorted(array("Q", hashes)))

    @classmethod
    def of(cls, texts: Iterable[str]) -> Self:
        """Hash these texts."""
        return cls(hashes(texts))

    def __contains__(self, text: str) -> bool:
        return self.has(hashed(text))

    def has(self, key: int) -> bool:
        """Whether a text with this hash is there."""
        place = bisect_left(self._sorted, key)
        return place < len(self._sorted) and self._sorted[place] == key

    def __len__(self) -> int:
        return len(self._sorted)


class GrowingSet:
    """64-bit hashes in at most 32 bytes each, however many come."""

    def __init__(self) -> None:
        # 0 marks a free place, and is never looked for.
        self._places = array("Q", bytes(8 * 1_024))
        self._count = 0

    def __contains__(self, key: int) -> bool:
        return self._places[self._place(key)] != 0

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[int]:
        return filter(None, self._places)

    def update(self, keys: Iterable[int]) -> None:
        """Put hashes in."""
        for key in keys:
            place = self._place(key)
            if not self._places[place]:
                self._places[place] = key or 1
                self._count += 1
                if 2 * self._count > len(self._places):
                    self._grow()

    def _place(self, key: int) -> int:
        """Where a hash is, or would be."""
        key, places = key or 1, self._places
        last = len(places) - 1
        place = key & last
        while places[place] not in {0, key}:
            place = (place + 1) & last
        return place

    def _grow(self) -> None:
        held, self._places = self._places, array("Q", bytes(16 * len(self._places)))
        for key in filter(None, held):
            self._places[self._place(key)] = key
