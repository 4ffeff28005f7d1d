"""How many people may be taken off a list at once."""

from __future__ import annotations

from typing import Final

ALWAYS: Final = 5
"""So many may always leave: a share of a list of ten people says nothing."""


def holds(leavers: int, before: int, max_removed_percent: float) -> bool:
    """Whether so many people are more than may leave without somebody's consent.

    Args:
        leavers: People who are on the list and would be taken off.
        before: People who are on it, before anybody is taken off.
        max_removed_percent: Share of them that may leave; 0: nobody.
    """
    if not max_removed_percent:
        return leavers > 0
    return leavers > ALWAYS and 100 * leavers > max_removed_percent * before
