"""Who would be taken off lists because a tap has named them as leavers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_constant_contact.exceptions import TryLaterError
from target_constant_contact.reports.swept import SweptList
from target_constant_contact.segments.leavers import LeaverSweep
from target_constant_contact.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from target_constant_contact.planning.pretended_removal import PretendedRemoval
    from target_constant_contact.reports.report import Report
    from target_constant_contact.segments.leavers import Leave, Leavers
    from target_constant_contact.store.segments import SegmentRows


def plan_leaves(
    leaves: Iterable[Leave],
    taking: PretendedRemoval,
    leavers: Leavers,
    segments: SegmentRows,
    report: Report,
) -> None:
    """Say who would be taken off; nobody is.

    Args:
        leaves: Who leaves which list.
        taking: Tells who would be on the lists.
        leavers: Where leavers are remembered.
        segments: What is remembered of the lists.
        report: Gets what would become of each list.
    """
    sweep = LeaverSweep(taking, leavers, segments, plan=True)
    for leave in leaves:
        try:
            report.swept.append(found := sweep.sweep(leave))
            if found.outcome == "planned":
                taking.note(leave.list_id, leave.people)
        except TryLaterError:
            people = counted(len(leave.people), "person", "people")
            reason = f"{leave}: {people} would be taken off, as far as they are on the list"
            streams = ", ".join(sorted(leave.streams))
            report.swept.append(
                SweptList(streams, leave.list_id, leave.list_name, "unknown", reason=reason)
            )
