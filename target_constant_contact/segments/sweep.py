"""Takes people off the lists who have left the segments that these lists follow."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from target_constant_contact.exceptions import DataError, TryLaterError
from target_constant_contact.reports.swept import SweptList
from target_constant_contact.segments.decision import (
    Crowd,
    Export,
    Verdict,
    by_crowd,
    by_load,
    never_loaded,
)
from target_constant_contact.segments.flags import IN_SEGMENT, PUT
from target_constant_contact.segments.hash_set import HashSet
from target_constant_contact.segments.leavers import LeaverSweep
from target_constant_contact.segments.list_memories import ListMemories
from target_constant_contact.segments.memory import Memory
from target_constant_contact.segments.seals import REACHED, SWEPT, may_sweep
from target_constant_contact.segments.stored import parts_of
from target_constant_contact.segments.ways import plans

if TYPE_CHECKING:
    from collections.abc import Iterator

    from target_constant_contact.segments.following import Following
    from target_constant_contact.segments.leavers import Leavers
    from target_constant_contact.segments.memory import Judgement
    from target_constant_contact.segments.on_list import OnList
    from target_constant_contact.segments.taking_off import TakingOff
    from target_constant_contact.settings.streams import StreamSettings
    from target_constant_contact.store.segment_row import SegmentRow
    from target_constant_contact.store.segments import MemberRows, SegmentRows


@dataclass(frozen=True, slots=True)
class Consent:
    """What a sweep may do.

    Attributes:
        plan: Nothing: it only says what would happen.
        allowed: Number of leavers of a list that a person has agreed to; None for no number.
    """

    plan: bool = False
    allowed: int | None = None


class Sweep:
    """Sweeps the lists of some settings: those that follow segments, and those with leavers.

    Args:
        rows: What the store knows of segments.
        leavers: Whom taps have named as leavers, and a brake has held.
        following: The exports of the settings.
        taking: Takes people off lists.
        consent: What it may do.
    """

    def __init__(
        self,
        rows: SegmentRows,
        leavers: Leavers,
        following: Following,
        taking: TakingOff,
        consent: Consent,
    ) -> None:
        self._rows = rows
        self._leavers = leavers
        self._following = following
        self._taking = taking
        self._consent = consent

    def lists(self) -> Iterator[SweptList]:
        """Sweep one list after the other; what keeps one from it does not keep the others.

        Raises:
            DataError: The sums of a list do not add up.
            TargetError: The service or the store cannot be used.
        """
        plan, allowed = self._consent.plan, self._consent.allowed
        sweep = LeaverSweep(self._taking, self._leavers, self._rows, allowed=allowed, plan=plan)
        for leave in self._following.leaves(self._leavers):
            yield sweep.sweep(leave)
        owners, entry_for = self._rows.owners(), self._following.entry_for
        found = [
            (row, entry)
            for row in self._rows.all()
            if (entry := entry_for(row.stream, row.list_id))
        ]
        latest = max((row for row, _ in found), key=lambda row: row.loaded_at, default=None)
        for row, entry in found:
            owner = owners.get(row.list_id, "")
            yield self.one(row, entry, owner, latest.run if latest else "")
        used = [entry for _, entry in found]
        for entry in self._following.entries:
            if entry not in used:
                yield SweptList(entry.stream, "", "", "idle", reason=never_loaded(entry).line)

    def one(self, row: SegmentRow, entry: StreamSettings, owner: str, latest_run: str) -> SweptList:
        """Sweep one list.

        Args:
            row: The latest load of its export.
            entry: The settings of its stream.
            owner: Stream that the list follows; empty when it follows none.
            latest_run: Name of the latest run that has loaded any list of the settings.

        Raises:
            DataError: The sums do not add up.
            TryLaterError: A load of it has begun.
            TargetError: The service or the store cannot be used.
        """
        name = self._following.name_of(row.list_id)
        export = Export(row.stream, row.list_id, name or "")
        verdict = by_load(export, row, owner, latest_run)
        if verdict.outcome == "sweep" and name is None:
            self._conclude(row, SWEPT)
            verdict = Verdict("idle", f"{export}: there is no such list any more")
        if verdict.outcome != "sweep":
            return _left_alone(export, verdict)
        # Whatever a brake or a fault does now, and whatever is loaded before the next sweep.
        self._conclude(row, REACHED)
        members = self._rows.members(row.stream, row.list_id, export.name)
        with self._taking.read(row.list_id, self._at_most(members, export, entry)) as on_list:
            found, verdict = self._judged(members, export, entry, on_list)
            if verdict.outcome != "sweep":
                return _left_alone(export, verdict, found)
            if self._consent.plan:
                return _planned(export, found)
            with self._taking.removing():
                self._check_still(row, export)
                swept = self._taken_off(export, on_list, found)
        self._conclude(row, SWEPT)
        return swept

    def _check_still(self, row: SegmentRow, export: Export) -> None:
        latest = self._rows.of(row.stream, row.list_id)
        if latest is None or latest.run != row.run or not may_sweep(latest):
            raise TryLaterError(
                f"{export}: a load has begun since, so nobody was taken off. Sweep when it has "
                "ended"
            )

    def _judged(
        self, members: MemberRows, export: Export, entry: StreamSettings, on_list: OnList
    ) -> tuple[Judgement, Verdict]:
        """Who leaves, and whether so many may."""
        there = on_list.hashes
        with parts_of(members) as parts:
            memory = Memory(parts)
            if not self._consent.plan:
                memory.see(there)
            found = memory.judge(there, entry.overwrite_scope)
            crowd = Crowd(found.in_scope, len(found.leavers), memory.counts().in_segment)
            percent, allowed = entry.max_removed_percent, self._consent.allowed
            verdict = by_crowd(export, crowd, max_removed_percent=percent, allowed=allowed)
        return found, verdict

    def _taken_off(self, export: Export, on_list: OnList, found: Judgement) -> SweptList:
        memories = ListMemories(self._rows, export.list_id)
        # Before they are off: if this is the last that is done here, they have not departed.
        memories.leaving(found.leavers)
        taken = self._taking.take_off(on_list, HashSet(found.leavers))
        memories.took_off(found.leavers)
        swept = SweptList(
            export.stream,
            export.list_id,
            export.name,
            "swept",
            before=taken.before,
            stay=taken.stay - found.not_ours,
            taken_off=taken.taken_off,
            not_ours=found.not_ours,
            left_by_themselves=taken.left_by_themselves,
            way=taken.way,
            requests=taken.requests,
        )
        if not swept.adds_up or (taken.before, taken.taken_off) != (
            found.before,
            len(found.leavers),
        ):
            raise DataError(
                f"{export}: the sums of the sweep do not add up: {swept.sums}. Look at the list, "
                "and sweep again"
            )
        return swept

    def _at_most(self, members: MemberRows, export: Export, entry: StreamSettings) -> int:
        """How many people may have to leave, as far as it is known before the list is read."""
        with parts_of(members) as parts:
            memory = Memory(parts)
            if entry.overwrite_scope == "all":
                on_list = self._following.count_of(export.list_id)
                return max(0, on_list - memory.counts().in_segment)
            return sum(
                value & PUT > 0 and not value & IN_SEGMENT
                for _, values in memory.columns()
                for value in values
            )

    def _conclude(self, row: SegmentRow, state: str) -> None:
        """Note how far a seal was swept; each is swept once."""
        if not self._consent.plan:
            self._rows.conclude([replace(row, state=state, reason="")])


def _left_alone(export: Export, verdict: Verdict, found: Judgement | None = None) -> SweptList:
    before = found.before if found else 0
    return SweptList(
        export.stream,
        export.list_id,
        export.name,
        verdict.outcome,
        before=before,
        stay=before,
        reason=verdict.line,
    )


def _planned(export: Export, found: Judgement) -> SweptList:
    leavers = len(found.leavers)
    plan = plans(found.before, leavers)[0]
    return SweptList(
        export.stream,
        export.list_id,
        export.name,
        "planned",
        before=found.before,
        stay=found.stay,
        taken_off=leavers,
        not_ours=found.not_ours,
        way=plan.way if leavers else "",
        requests=plan.requests if leavers else 0,
    )
