"""Finds hashes among many, in little memory."""

from __future__ import annotations

import sys
from array import array
from itertools import compress
from typing import Final

_SLOTS: Final = 1 << 21
_IS_LITTLE: Final = sys.byteorder == "little"
# Octets of a hash that make its slot, and the one that is its tag.
_OF_KEY: Final = (0, 1, 2, 7) if _IS_LITTLE else (7, 6, 5, 0)
_OF_SLOT: Final = (0, 1, 2) if _IS_LITTLE else (3, 2, 1)
_TOP: Final = bytes(octet & (_SLOTS - 1) >> 16 for octet in range(256))


class Chains:
    """Rows by the hashes of their addresses; 5 bytes a row.

    As in a compressor, a table leads from a part of a hash to the newest row with it, and each row
    to the one before. A tag, of another part, tells nearly all of them apart that are of others.
    """

    def __init__(self) -> None:
        # Row 0 stands for none. The table is made with the first row: it has 8 MB.
        self._heads = array("I")
        self._previous, self._tags = array("I", [0]), bytearray(1)

    def __len__(self) -> int:
        """The number of the next row."""
        return len(self._previous)

    def add(self, keys: array[int]) -> list[tuple[int, int]]:
        """Add rows.

        Returns:
            Rows that may have the same hash as one that is added, with the place of this one.
        """
        slots, tags = _parts(keys)
        self._heads = heads = self._heads or array("I", [0]) * _SLOTS
        before: list[int] = []
        append = before.append
        # Once for both: most of the time goes to what is not in the processor's cache.
        for row, slot in enumerate(slots, len(self)):
            append(heads[slot])
            heads[slot] = row
        self._previous.fromlist(before)
        self._tags += tags
        past, all_tags = self._previous, self._tags
        found = []
        for place in compress(range(len(before)), before):
            row, tag = before[place], tags[place]
            while row:
                if all_tags[row] == tag:
                    found.append((row, place))
                row = past[row]
        return found


def _parts(keys: array[int]) -> tuple[array[int], bytes]:
    """The slot and the tag of each hash."""
    octets, slots = keys.tobytes(), bytearray(4 * len(keys))
    for of_slot, of_key in zip(_OF_SLOT, _OF_KEY, strict=False):
        slots[of_slot::4] = octets[of_key::8]
    slots[_OF_SLOT[-1] :: 4] = slots[_OF_SLOT[-1] :: 4].translate(_TOP)
    return array("I", bytes(slots)), octets[_OF_KEY[-1] :: 8]
