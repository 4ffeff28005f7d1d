"""What a sweep does with one list: take leavers off, leave it alone, or refuse.

A list follows its segment only when the latest load has proven the segment whole. All rules about
that are here, and nothing here asks anybody.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, Protocol, TypeAlias

from target_constant_contact.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from target_constant_contact.settings.streams import StreamSettings

SMALL: Final = 5
"""So many people may always leave: a share of a list of ten says nothing."""

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


class Latest(Protocol):
    """The latest load of an export, as `segments.seals` describes it."""

    @property
    def run(self) -> str:
        """Name of its run."""

    @property
    def state(self) -> str:
        """How far it has come."""

    @property
    def words(self) -> str:
        """Why nobody may be taken off by it."""


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


def by_load(export: Export, latest: Latest, owner: str) -> Verdict:
    """What the latest load of an export says, before the account is asked anything.

    Args:
        export: The export.
        latest: Its latest load.
        owner: Stream of the export that the list follows; empty when it follows none.
    """
    if owner and owner != export.stream:
        return Verdict(
            "refused",
            f"{export}: the list follows stream {owner!r}, and no list follows two. Nobody was "
            f"taken off. Let go of it with: release {export.name or export.list_id!r}",
        )
    if latest.state == "swept":
        return Verdict(
            "idle",
            f"{export}: nothing was loaded since the last sweep; the list stays as it is (latest "
            f"load: run {latest.run})",
        )
    if latest.state != "sealed":
        return Verdict(
            "refused",
            f"{export}: {latest.words} (run {latest.run}). Nobody was taken off. Load the segment "
            "again, and sweep then",
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
    if crowd.leavers <= SMALL or share <= max_removed_percent or crowd.leavers == allowed:
        return GO_ON
    return Verdict(
        "refused",
        f"{export}: {counted(crowd.leavers, 'person', 'people')} would leave the list, "
        f"{share:.0f} % of {crowd.within:,}, and max_removed_percent is {max_removed_percent:g}. "
        "Nobody was taken off. If that is right: target-constant-contact sweep --yes-remove "
        f"{crowd.leavers}",
    )


def not_loaded(
    entries: Sequence[StreamSettings], streams: Iterable[str], chosen: Mapping[str, StreamSettings]
) -> list[str]:
    """A line for each setting by which nothing was ever loaded.

    Args:
        entries: The settings of streams whose lists follow segments.
        streams: Names of the streams that the store knows.
        chosen: The settings of each of these streams.
    """
    used = [chosen[stream] for stream in streams]
    return [
        f"{entry.place or 'lists'}: nothing was loaded yet that a list could follow"
        + (f" (stream {entry.stream!r})" if entry.place else "")
        for entry in entries
        if entry not in used
    ]
