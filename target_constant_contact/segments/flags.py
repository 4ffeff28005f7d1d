"""What is known of one person in the memory of an export, as bits of one number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

IN_SEGMENT: Final = 1
"""The newest load has brought them."""
PUT: Final = 2
"""This export has put them on the list, as far as is known."""
SEEN: Final = 4
"""They were read on the list after that: who is not there any more has left it."""
LEFT: Final = 8
"""They have left the list by themselves, or by an administrator's hand."""
LEAVING: Final = 16
"""They are being taken off: if they are gone, that is why."""

SENT: Final = PUT
"""In a load: the row was handed over to be sent."""

DAY: Final = 16
"""Where the day begins among the bits, and"""
FINGERPRINT: Final = 32
"""the fingerprint."""
DAYS: Final = 0xFFFF << DAY
"""Bits of the day on which they were sent last; none when what has landed is not known."""
FINGERPRINTS: Final = 0xFFFFFFFF << FINGERPRINT
"""Bits of the fingerprint of what was sent."""


def merging(
    came: dict[int, int], refused: Collection[int], today: int, *, whole: bool
) -> Callable[[dict[int, int]], None]:
    """What a load does to a part.

    Args:
        came: What came of the part, with its flags and fingerprint.
        refused: As in `Memory.merge`.
        today: As in `Memory.merge`.
        whole: As in `Memory.merge`.
    """

    def merge(people: dict[int, int]) -> None:
        if whole:
            for one in people:
                people[one] &= ~IN_SEGMENT
        for one, value in came.items():
            before = people.get(one, 0) & ~IN_SEGMENT | value & IN_SEGMENT
            if not value & SENT:
                people[one] = before
            elif one in refused:
                # What the account has of them is not what was sent.
                people[one] = before & ~DAYS
            else:
                # Who was being taken off may be off the list, and was not seen on it since.
                was_off = before & (LEFT | LEAVING)
                kept = before & (IN_SEGMENT if was_off else IN_SEGMENT | SEEN)
                people[one] = value & FINGERPRINTS | today << DAY | PUT | kept

    return merge
