"""People are erased: suppressed for good, and every trace of them removed that is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from target_constant_contact.data_folder import REJECTS_FILE
from target_constant_contact.exceptions import StorageError
from target_constant_contact.reports.erased_rows import erase_rows
from target_constant_contact.segments.hash_set import HashSet
from target_constant_contact.segments.memory import Memory
from target_constant_contact.segments.people import PeopleKey
from target_constant_contact.segments.stream_load import absorb
from target_constant_contact.store.ledger import living_runs
from target_constant_contact.store.opening import open_store
from target_constant_contact.store.segments import all_members
from target_constant_contact.store.suppressions import Suppressions

if TYPE_CHECKING:
    from collections.abc import Collection

    from target_constant_contact.store.database import Database
    from target_constant_contact.store.place import StorePlace


@dataclass(frozen=True, slots=True)
class Erasure:
    """What an erasure has changed.

    Attributes:
        people: How many were named.
        suppressed: Those of them who were not suppressed before.
        traces: How often one of them was remembered: as a member of a segment, as somebody who
            is to leave a list, or as one who has unsubscribed.
        rows: Rejected rows of theirs that were cut out of files of this machine.
        files: How many files that were.
        under_way: Names of runs that go on: they may know these people yet.
    """

    people: int
    suppressed: int
    traces: int
    rows: int
    files: int
    under_way: tuple[str, ...]


def erase(place: StorePlace, keys: Collection[str]) -> Erasure:
    """Suppress people, then remove what is kept of them. It can be done again.

    The files of runs that are under way stay as they are.

    Args:
        place: The store, and the data folder of this machine.
        keys: E-mail keys of the people.

    Raises:
        TargetError: The store or a file cannot be used, or what is remembered is damaged.
    """
    database = open_store(place)
    try:
        people, rows = PeopleKey.of(database), Suppressions(database)
        # First: who is interrupted now has them suppressed at least.
        suppressed = rows.add(map(people.person, keys))
        living = living_runs(database)
        files = [
            erased
            for _, folder in place.folder.run_folders()
            if folder.name not in living and (erased := erase_rows(folder / REJECTS_FILE, keys))
        ]
        traces = _forget(database, {*people.hashes(keys)}, living)
    finally:
        database.close()
    return Erasure(len(keys), suppressed, traces, sum(files), len(files), tuple(sorted(living)))


def _forget(database: Database, gone: Collection[int], living: Collection[str]) -> int:
    """Remove people from all that is remembered; return how often there was something."""
    traces = Suppressions(database).change_people(lambda packed: _without(packed, gone))
    for members in all_members(database):
        for run in {*members.runs()}.difference(living):
            # As the next run of the stream would do: what it has noted is in the memory then.
            absorb(members, run)
        memory = Memory(members)
        traces += sum(memory.forget(one) for one in gone)
    return traces


def _without(packed: bytes, gone: Collection[int]) -> tuple[bytes, int]:
    """Packed hashes without some of them, and how many of these were there."""
    try:
        kept = HashSet.unpacked(packed)
    except ValueError:
        fault = (
            "what the store remembers of people who left or unsubscribed is damaged; restore it "
            "from a backup, or put the store aside and sign in again"
        )
        raise StorageError([fault]) from None
    found = [one for one in gone if one in kept]
    for one in found:
        kept.discard(one)
    return (kept.packed() if found else packed), len(found)
