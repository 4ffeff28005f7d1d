"""A large set of e-mail addresses in little memory."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from hashlib import blake2b
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterable


def key_of(address: str) -> str:
    """What the service matches a contact on: the address trimmed and in lower case."""
    return address.strip().lower()


def hashed(text: str) -> int:
    """64 bits of a text; a million of them share one by chance once in 30 million runs."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")


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
        return cls(map(hashed, texts))

    def __contains__(self, text: str) -> bool:
        return self.has(hashed(text))

    def has(self, key: int) -> bool:
        """Whether a text with this hash is there."""
        place = bisect_left(self._sorted, key)
        return place < len(self._sorted) and self._sorted[place] == key

    def __len__(self) -> int:
        return len(self._sorted)
