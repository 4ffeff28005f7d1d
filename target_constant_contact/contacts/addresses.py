"""A large set of e-mail addresses in little memory."""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left
from operator import itemgetter
from typing import TYPE_CHECKING, Final, Self
from zlib import crc32

if TYPE_CHECKING:
    from collections.abc import Iterable

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
