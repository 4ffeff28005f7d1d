"""The parts of a memory in the store: those of a small one are read and written at once."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from target_constant_contact.segments.memory import Parts
    from target_constant_contact.store.segments import MemberRows

SMALL: Final = 1_000_000
"""Bytes of a memory that is small: 60,000 people."""


@contextmanager
def parts_of(members: MemberRows) -> Iterator[Parts]:
    """The parts of a memory, which are all written when this ends well.

    Args:
        members: Where they are.
    """
    found = members.read_all(SMALL)
    if found is None:
        yield members
        return
    parts = _AtOnce(members.name, found)
    yield parts
    members.write_all(parts.changed)


class _AtOnce:
    """The parts of a small memory.

    Args:
        name: What it is of.
        parts: All of them.

    Attributes:
        name: As above.
        changed: Those that were written.
    """

    def __init__(self, name: str, parts: Mapping[int, bytes]) -> None:
        self.name = name
        self.changed: dict[int, bytes] = {}
        self._parts = parts

    def read(self, number: int) -> bytes:
        """A part; nothing when it was never written."""
        return self.changed.get(number) or self._parts.get(number, b"")

    def write(self, number: int, people: bytes) -> None:
        """Put a part in the place of the one that is there."""
        self.changed[number] = people
