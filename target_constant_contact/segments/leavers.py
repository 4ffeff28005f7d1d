"""People whom a tap has named as leavers: remembered until they are off their lists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from target_constant_contact.exceptions import StorageError
from target_constant_contact.reports.swept import SweptList
from target_constant_contact.segments.brake import holds
from target_constant_contact.segments.hash_set import HashSet
from target_constant_contact.segments.list_memories import ListMemories
from target_constant_contact.wording import counted, were

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from target_constant_contact.segments.on_list import OnList
    from target_constant_contact.segments.taking_off import TakenOff, TakingOff
    from target_constant_contact.store.leavers import LeaverRows
    from target_constant_contact.store.segments import SegmentRows


class Leavers:
    """The leavers of an account, in the store.

    Args:
        rows: Where they are.

    Raises:
        TargetError: From every method: the store cannot be used.
    """

    def __init__(self, rows: LeaverRows) -> None:
        self._rows = rows

    def of(self, stream: str) -> dict[str, HashSet]:
        """The leavers of a stream by list.

        Raises:
            StorageError: They are damaged.
        """
        rows = self._rows.read(stream)
        try:
            return {list_id: HashSet.unpacked(people) for list_id, people in rows.items()}
        except ValueError:
            fault = (
                "what the store remembers of people who left is damaged; restore it from a backup, "
                "or put the store aside and sign in again"
            )
            raise StorageError([fault]) from None

    def streams(self) -> list[str]:
        """Names of the streams that have leavers."""
        return self._rows.streams()

    def keep(self, people: Mapping[tuple[str, str], HashSet]) -> None:
        """Remember leavers, in the place of those who were; for good when this returns.

        Args:
            people: By stream and list.
        """
        if people:
            self._rows.put({place: hashes.packed() for place, hashes in people.items()})


@dataclass(frozen=True, slots=True)
class Leave:
    """Who leaves one list.

    Attributes:
        list_id: The list.
        list_name: Its name.
        streams: The leavers that each stream has named.
        max_removed_percent: The setting.
        keys: E-mail keys of all of them; None when they are not known.
    """

    list_id: str
    list_name: str
    streams: Mapping[str, HashSet]
    max_removed_percent: float
    keys: Sequence[str] | None = None

    def __str__(self) -> str:
        return f"{', '.join(sorted(self.streams))} -> {self.list_name or self.list_id}"

    @property
    def people(self) -> HashSet:
        """All of them, each once."""
        everybody = HashSet()
        for hashes in self.streams.values():
            everybody.update(hashes)
        return everybody


class LeaverSweep:
    """Takes leavers off lists, as far as the brake lets them go.

    Args:
        taking_off: Takes them off.
        leavers: Where they are remembered.
        segments: What is remembered of the lists.
        allowed: Number of leavers of a list that a person has agreed to.
        plan: Change nothing.
    """

    def __init__(
        self,
        taking_off: TakingOff,
        leavers: Leavers,
        segments: SegmentRows,
        *,
        allowed: int | None = None,
        plan: bool = False,
    ) -> None:
        self._taking_off = taking_off
        self._leavers = leavers
        self._segments = segments
        self._allowed = allowed
        self._plan = plan

    def sweep(self, leave: Leave) -> SweptList:
        """Take the leavers of one list off it, within `TakingOff.alone`.

        Who was taken off, or was not on the list, is forgotten; whom the brake holds is remembered.

        Raises:
            QuotaExceededError: The requests of the day are too few; nobody was taken off.
            DataError: The sums of the list do not add up.
            TargetError: The service cannot be used. The same may be done again.
        """
        everybody = leave.people
        reading = (
            self._taking_off.read(leave.list_id, len(everybody))
            if leave.keys is None
            else self._taking_off.look_up(leave.list_id, leave.keys)
        )
        with reading as on_list:
            present = on_list.hashes.both(everybody)
            number, before = len(present), on_list.count
            is_held = number != self._allowed and holds(number, before, leave.max_removed_percent)
            if self._plan or is_held:
                found = _kept(leave, on_list, number, is_held=is_held)
            else:
                off = self._take_off(on_list, present)
                found = SweptList(
                    *_place(leave),
                    "swept",
                    before=off.before,
                    stay=off.stay,
                    taken_off=off.taken_off,
                    left_by_themselves=off.left_by_themselves,
                    way=off.way,
                    requests=off.requests,
                )
        if not self._plan:
            self._forget(leave, present if is_held else HashSet())
        return found

    def _take_off(self, on_list: OnList, people: HashSet) -> TakenOff:
        memories = ListMemories(self._segments, on_list.list_id)
        with self._taking_off.removing():
            memories.leaving(people)
            off = self._taking_off.take_off(on_list, people)
        memories.took_off(people)
        return off

    def _forget(self, leave: Leave, held: HashSet) -> None:
        rest = {stream: hashes.both(held) for stream, hashes in leave.streams.items()}
        self._leavers.keep({(stream, leave.list_id): left for stream, left in rest.items()})


def _kept(leave: Leave, on_list: OnList, number: int, *, is_held: bool) -> SweptList:
    before = on_list.count
    reason = ""
    if is_held:
        reason = (
            f"{leave}: {counted(number, 'person', 'people')} {were(number)} named as leavers, "
            f"{100 * number / before:.0f} % of {before:,} on the list, and max_removed_percent is "
            f"{leave.max_removed_percent:g}. Nobody was taken off, and they are remembered. If "
            f"that is right: target-constant-contact sweep --yes-remove {number}"
        )
    outcome = "refused" if is_held else "planned"
    off = 0 if is_held else number
    return SweptList(
        *_place(leave), outcome, before=before, stay=before - off, taken_off=off, reason=reason
    )


def _place(leave: Leave) -> tuple[str, str, str]:
    return ", ".join(sorted(leave.streams)), leave.list_id, leave.list_name
