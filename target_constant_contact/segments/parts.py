"""People in parts, by the first bits of their hashes: one part at a time is in memory as objects.

A million hashes as a Python set are about 70 MB; as arrays they are 8, and the set of one part of
64 is about 1 MB.
"""

from __future__ import annotations

import sys
from array import array
from typing import TYPE_CHECKING, Final, NamedTuple, Self
from zlib import crc32

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

PARTS: Final = 64
"""In how many parts people are."""
SHIFT: Final = 58
"""How far a hash is shifted to get the number of its part."""

_VERSION: Final = b"\x01"
_CHECK_BYTES: Final = 4
_IS_SWAPPED: Final = sys.byteorder == "big"


class Person(NamedTuple):
    """What is known of one person, as one number holds it.

    Attributes:
        flags: As in `segments.memory` and `segments.load`, at most 16 bits.
        day: A day since 2020, at most 16 bits; 0 when it is not known.
        fingerprint: 32 bits of what was sent.
    """

    flags: int
    day: int = 0
    fingerprint: int = 0

    @classmethod
    def of(cls, value: int) -> Self:
        """Read a number."""
        return cls(value & 0xFFFF, value >> 16 & 0xFFFF, value >> 32)

    @property
    def value(self) -> int:
        """The number."""
        return self.fingerprint << 32 | self.day << 16 | self.flags


class People:
    """Hashes in parts, each with a number that says something of it, in the order of coming."""

    def __init__(self) -> None:
        self._hashes = [array("Q") for _ in range(PARTS)]
        self._values = [array("Q") for _ in range(PARTS)]

    def __len__(self) -> int:
        return sum(map(len, self._hashes))

    def add(self, hashes: Iterable[int], values: Iterable[int]) -> None:
        """Add people; one may come more than once."""
        keep = [each.append for each in self._hashes]
        note = [each.append for each in self._values]
        for one, value in zip(hashes, values, strict=True):
            part = one >> SHIFT
            keep[part](one)
            note[part](value)

    def part(self, number: int) -> Iterator[tuple[int, int]]:
        """The hashes of a part with their numbers."""
        return zip(self._hashes[number], self._values[number], strict=True)


def pack(people: Mapping[int, int]) -> bytes:
    """The bytes of hashes and their numbers: 16 for each, sorted, with a checksum.

    Args:
        people: The number of each hash.
    """
    hashes = array("Q", sorted(people))
    values = array("Q", map(people.__getitem__, hashes))
    return pack_rows(hashes, values)


def pack_rows(hashes: array[int], values: array[int]) -> bytes:
    """The same of columns, in the order in which they are."""
    columns = [hashes, values]
    if _IS_SWAPPED:
        columns = [array("Q", each) for each in columns]
        for each in columns:
            each.byteswap()
    body = _VERSION + b"".join(each.tobytes() for each in columns)
    return body + crc32(body).to_bytes(_CHECK_BYTES, "big")


def unpack_rows(packed: bytes) -> tuple[array[int], array[int]]:
    """Read what :func:`pack` or :func:`pack_rows` made; nothing is nobody.

    Raises:
        ValueError: It is not whole.
    """
    hashes, values = array("Q"), array("Q")
    if not packed:
        return hashes, values
    body, check = packed[:-_CHECK_BYTES], packed[-_CHECK_BYTES:]
    people, rest = divmod(len(body) - len(_VERSION), 2 * hashes.itemsize)
    if rest or not body.startswith(_VERSION) or crc32(body).to_bytes(_CHECK_BYTES, "big") != check:
        raise ValueError("damaged")
    middle = len(_VERSION) + people * hashes.itemsize
    hashes.frombytes(body[len(_VERSION) : middle])
    values.frombytes(body[middle:])
    if _IS_SWAPPED:
        hashes.byteswap()
        values.byteswap()
    return hashes, values


def unpack(packed: bytes) -> dict[int, int]:
    """Read what :func:`pack` made.

    Raises:
        ValueError: It is not whole.
    """
    return dict(zip(*unpack_rows(packed), strict=True))
