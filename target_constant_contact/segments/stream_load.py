"""What one stream of a run brings, list by list."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from target_constant_contact.segments import seals
from target_constant_contact.segments.flags import IN_SEGMENT
from target_constant_contact.segments.memory import Memory, damaged
from target_constant_contact.segments.parts import People, pack_rows, unpack_rows
from target_constant_contact.segments.stored import parts_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from target_constant_contact.store.segments import MemberRows

MOST_IN_MEMORY: Final = 50_000
"""Rows of one list that are noted in the store when they are so many, though none is sent yet."""


@dataclass(slots=True)
class ListLoad:
    """What has come for one list.

    Attributes:
        members: The memory of the list.
        run: Name of the run.
        is_named: Whether the settings name the list; otherwise rows do.
        hashes: Of rows that are not noted in the store yet.
        values: With each of them what is known of it.
        pieces: How many times rows were noted in the store.
        inside: Rows of people who are in the segment.
    """

    members: MemberRows
    run: str
    is_named: bool
    hashes: array[int] = field(default_factory=lambda: array("Q"))
    values: array[int] = field(default_factory=lambda: array("Q"))
    pieces: int = 0
    inside: int = 0

    def add(self, hashes: array[int], values: array[int]) -> None:
        """Take rows, with what is known of each."""
        self.hashes += hashes
        self.values += values
        self.inside += sum(map(IN_SEGMENT.__and__, values))
        if len(self.hashes) > MOST_IN_MEMORY:
            self.put()

    def put(self) -> None:
        """Note them in the store, for good when this returns."""
        if self.hashes:
            self.pieces += 1
            self.members.add_load(self.run, self.pieces, pack_rows(self.hashes, self.values))
            self.hashes, self.values = array("Q"), array("Q")


@dataclass(slots=True)
class StreamLoad:
    """What has come of one stream.

    Attributes:
        overwrites: Whether its lists follow it.
        lists: What has come for each list.
        elsewhere: Hashes of people who are in the segment, of whom it is not known on which lists.
        doubtful: Lists of which it is not known which rows have landed.
        fault: Why the segment is not proven whole; empty when that is not so.
    """

    overwrites: bool
    lists: dict[str, ListLoad] = field(default_factory=dict)
    elsewhere: array[int] = field(default_factory=lambda: array("Q"))
    doubtful: set[str] = field(default_factory=set)
    fault: str = ""

    def merge(self, list_id: str, today: int, refused: Collection[int]) -> tuple[str, str]:
        """Merge what has come for a list into its memory.

        Args:
            list_id: The list.
            today: As in `Memory.merge`.
            refused: As in `Memory.merge`.

        Returns:
            What that has proven, as `seals.seal_of` returns it.
        """
        load, brought, pieces = self.lists[list_id], People(), 0
        # Before all rows of the list, which know better.
        brought.add(self.elsewhere, [IN_SEGMENT] * len(self.elsewhere))
        for hashes, values in _pieces(load.members, load.run):
            brought.add(hashes, values)
            pieces += 1
        brought.add(load.hashes, load.values)
        # Another run with the same lists may have taken some for those of an interrupted one.
        is_whole = pieces == load.pieces
        if len(brought):
            with parts_of(load.members) as parts:
                Memory(parts).merge(
                    brought,
                    today=0 if list_id in self.doubtful else today,
                    whole=self.overwrites and is_whole,
                    refused=refused,
                )
        if not is_whole:
            return seals.VOID, seals.DISTURBED
        return seals.seal_of(load.inside + len(self.elsewhere), is_named=load.is_named)


def absorb(members: MemberRows, run: str) -> None:
    """Take into a memory what an interrupted run may have put on its list.

    Args:
        members: The memory.
        run: Name of that run.
    """
    brought = People()
    for hashes, values in _pieces(members, run):
        brought.add(hashes, values)
    with parts_of(members) as parts:
        Memory(parts).absorb(brought)
    members.forget_load(run)


def _pieces(members: MemberRows, run: str) -> Iterator[tuple[array[int], array[int]]]:
    for piece in members.load(run):
        try:
            yield unpack_rows(piece)
        except ValueError:
            raise damaged(members) from None
