"""Seals: the proof that the newest load of an export has brought the whole segment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from target_constant_contact.store.segment_row import SegmentRow

LOADING: Final = "loading"
SEALED: Final = "sealed"
REACHED: Final = "reached"
VOID: Final = "void"
KEPT: Final = "kept"
SWEPT: Final = "swept"

WORDS: Final[dict[str, str]] = {
    LOADING: "the latest load has not ended well",
    SEALED: "the latest load has brought the whole segment",
    REACHED: "the latest load has brought the whole segment, and a sweep was begun",
    VOID: "the latest load did not prove the segment whole",
    KEPT: "no row of the latest load has named the list",
    SWEPT: "nothing was loaded since the last sweep",
}
"""What each state of a segment means, in words."""

EMPTY: Final = "the latest load brought nobody, and an empty segment takes nobody off"
ADDED_TO: Final = "the latest load only added to the list (load_method: upsert)"
UNREADABLE: Final = "rows were rejected of which it is not known whose they are"
NO_VERSION: Final = "no ACTIVATE_VERSION came after the last record"
DISTURBED: Final = "another run has loaded it at the same time"


def may_sweep(segment: SegmentRow) -> bool:
    """Whether people may be taken off by the newest load of a segment."""
    return segment.state in {SEALED, REACHED}


def words_of(segment: SegmentRow) -> str:
    """What the newest load of a segment has proven, or why nobody may be taken off by it."""
    return segment.reason or WORDS.get(segment.state, WORDS[VOID])


def seal_of(members: int, *, is_named: bool = True) -> tuple[str, str]:
    """What a load that has ended well has proven of a list.

    Args:
        members: Rows that it has brought for the list, or people who are in the segment.
        is_named: Whether the settings name the list; otherwise rows do.

    Returns:
        The state, and why nobody may be taken off by it.
    """
    if members:
        return SEALED, ""
    return (VOID, EMPTY) if is_named else (KEPT, "")
