"""What a sweep does with one list: take leavers off, leave it alone, or refuse.

A list follows its segment only when the latest load has proven the segment whole. All rules about
that are here, and nothing here asks anybody.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from target_constant_contact.segments.brake import holds
from target_constant_contact.segments.seals import KEPT, REACHED, SWEPT, may_sweep, words_of
from target_constant_contact.wording import counted

if TYPE_CHECKING:
    from target_constant_contact.settings.streams import StreamSettings
    from target_constant_contact.store.segment_row import SegmentRow

Outcome: TypeAlias = Literal["sweep", "idle", "refused"]


@dataclass(frozen=True, slots=True)
class Export:
    """A stream's way to one list.

    Attributes:
        stream: Name of the stream, after stream maps.
        list_id: The list.
        name: Name of the list; empty when it is not known.
    """

    stream: str
    list_id: str
    name: str = ""

    def __str__(self) -> str:
        return f"{self.stream} -> {self.name or self.list_id}"


@dataclass(frozen=True, slots=True)
class Crowd:
    """How many people a sweep is about.

    Attributes:
        within: People on the list within the scope, before anybody is taken off.
        leavers: Those of them who are not in the segment.
        members: People in the segment.
    """

    within: int
    leavers: int
    members: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be done with a list.

    Attributes:
        outcome: ``sweep``: go on. ``idle``: there is nothing to do. ``refused``: nobody may be
            taken off, and a person has to look.
        line: What to tell; empty for ``sweep``.
    """

    outcome: Outcome
    line: str = ""


GO_ON: Final = Verdict("sweep")


def by_load(export: Export, latest: SegmentRow, owner: str, latest_run: str) -> Verdict:
    """What the latest load of an export says, before the account is asked anything.

    Args:
        export: The export.
        latest: Its latest load.
        owner: Stream of the export that the list follows; empty when it follows none.
        latest_run: Name of the latest run that has loaded any list of the settings.
    """
    if owner and owner != export.stream:
        return Verdict(
            "refused",
            f"{export}: the list follows stream {owner!r}, and no list follows two. Nobody was "
            "taken off. Let go of it with: target-constant-contact release "
            f"{export.name or export.list_id!r}",
        )
    words = f"{export}: {words_of(latest)} (run {latest.run})"
    if latest.state in {KEPT, SWEPT}:
        return Verdict("idle", f"{words}; the list stays as it is")
    if not may_sweep(latest):
        return Verdict(
            "refused", f"{words}. Nobody was taken off. Load the segment again, and sweep then"
        )
    if latest.state != REACHED and latest.run != latest_run:
        # Its tap may have died, so that no sweep came after it: then it proves nothing.
        return Verdict(
            "refused",
            f"{export}: the stream did not come in the latest load (run {latest_run}), and was not "
            f"swept after its own (run {latest.run}). Nobody was taken off. Load the segment "
            "again, and sweep before anything else is loaded",
        )
    return GO_ON


def by_crowd(
    export: Export, crowd: Crowd, *, max_removed_percent: float, allowed: int | None
) -> Verdict:
    """Whether so many people may leave.

    Args:
        export: The export.
        crowd: How many people it is about.
        max_removed_percent: The setting.
        allowed: Number of leavers that a person has agreed to; None for no such number.
    """
    if not crowd.members:
        return Verdict(
            "refused",
            f"{export}: the segment is empty, so everybody would leave the list. Nobody was taken "
            "off. If that is right, delete the list, or its members, in Constant Contact",
        )
    share = 100 * crowd.leavers / crowd.within if crowd.within else 0.0
    if crowd.leavers == allowed or not holds(crowd.leavers, crowd.within, max_removed_percent):
        return GO_ON
    return Verdict(
        "refused",
        f"{export}: {counted(crowd.leavers, 'person', 'people')} would leave the list, "
        f"{share:.0f} % of {crowd.within:,}, and max_removed_percent is {max_removed_percent:g}. "
        "Nobody was taken off. If that is right: target-constant-contact sweep --yes-remove "
        f"{crowd.leavers}",
    )


def never_loaded(entry: StreamSettings) -> Verdict:
    """What is said of settings by which no load has come yet that a list could follow."""
    # An entry of segments names its streams by itself.
    place = entry.place or "load_method"
    return Verdict("idle", f"{place}: nothing was loaded yet that a list could follow")
