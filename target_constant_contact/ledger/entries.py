"""The entries of a ledger in memory; no store, no lock."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from target_constant_contact.ledger.entry import Entry, State


class Entries:
    """What the runs of an export have sent, by number.

    The numbers go on from run to run, until one has ended well.
    """

    def __init__(self) -> None:
        self._by_number: dict[int, Entry] = {}
        self._activity_ids: set[str] = set()
        self._last_of_interrupted_runs = 0
        self._newest: datetime | None = None

    @property
    def next_number(self) -> int:
        """What the next entry is called."""
        return max(self._by_number, default=0) + 1

    @property
    def newest(self) -> datetime | None:
        """Creation of the newest activity that was accepted, as far as the service told."""
        return self._newest

    def has_activity(self, activity_id: str) -> bool:
        """Whether an activity belongs to an entry."""
        return activity_id in self._activity_ids

    def of_interrupted_runs(self, *states: str) -> tuple[Entry, ...]:
        """What was sent before this run, in the order of sending.

        Args:
            *states: Of the entries that are wanted.
        """
        return tuple(
            entry
            for entry in self._by_number.values()
            if entry.number <= self._last_of_interrupted_runs and entry.state in states
        )

    def of_this_run(self) -> Iterator[Entry]:
        """What this run has sent."""
        return (
            entry
            for entry in self._by_number.values()
            if entry.number > self._last_of_interrupted_runs
        )

    def add(self, entry: Entry) -> None:
        """Take an entry that is going to be sent."""
        self._by_number[entry.number] = entry

    def take_up(self, entries: Iterable[Entry]) -> None:
        """Take what interrupted runs have sent, in the order of sending."""
        for entry in entries:
            self._by_number[entry.number] = entry
            self._know(entry)
        self._last_of_interrupted_runs = max(self._by_number, default=0)

    def accept(self, number: int, activity_id: str, created_at: datetime | None) -> None:
        """The service has accepted an entry."""
        entry = self._by_number[number] = replace(
            self._by_number[number],
            state="accepted",
            activity_id=activity_id,
            created_at=created_at,
        )
        self._know(entry)

    def set_state(self, number: int, state: State) -> None:
        """Something else has become of an entry."""
        self._by_number[number] = replace(self._by_number[number], state=state)

    def _know(self, entry: Entry) -> None:
        if entry.activity_id:
            self._activity_ids.add(entry.activity_id)
            self._newest = max(filter(None, (self._newest, entry.created_at)), default=None)
