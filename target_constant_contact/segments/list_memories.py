"""What all streams remember of one list, when people are taken off it.

Whoever is taken off for one stream has not departed from the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_constant_contact.segments.memory import Memory
from target_constant_contact.segments.stored import parts_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from target_constant_contact.store.segments import SegmentRows


class ListMemories:
    """The memories of one list.

    Args:
        segments: The segments of the account.
        list_id: The list.

    Raises:
        TargetError: From every method: the store cannot be used.
    """

    def __init__(self, segments: SegmentRows, list_id: str) -> None:
        self._segments = segments
        self._list_id = list_id

    def leaving(self, people: Iterable[int]) -> None:
        """Note whom we are going to take off, before it is done; for good when this returns.

        Args:
            people: Their hashes.
        """
        self._each(lambda memory: memory.leaving(people))

    def took_off(self, people: Iterable[int]) -> None:
        """Note whom we have taken off."""
        self._each(lambda memory: memory.took_off(people))

    def _each(self, change: Callable[[Memory], object]) -> None:
        for members in self._segments.memories(self._list_id):
            with parts_of(members) as parts:
                change(Memory(parts))
