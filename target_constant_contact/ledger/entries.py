"""The entries of a ledger, as the lines of its journal tell them; no file, no lock."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from target_constant_contact.ledger.entry import Entry

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


class Entries:
    """What the runs of an export have sent, by number.

    The numbers go on from run to run, as long as the journal is not ended.
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

    def add(self, entry: Entry) -> Entry:
        """Take an entry that is going to be sent; it is returned with what was accepted before."""
        found = self._by_number[entry.number] = replace(entry, newest_before=self._newest)
        return found

    def replay(self, lines: Iterable[Mapping[str, Any]]) -> None:
        """Take the lines that interrupted runs have left.

        Raises:
            KeyError, TypeError, ValueError: A line is none of a ledger.
        """
        for line in lines:
            self.apply(line)
        self._last_of_interrupted_runs = max(self._by_number, default=0)

    def apply(self, line: Mapping[str, Any]) -> None:
        """Change the entries as a line says.

        Raises:
            KeyError, TypeError, ValueError: It is no line of a ledger.
        """
        kind, number = line.get("line"), line.get("number")
        if kind == "sent":
            self.add(
                Entry(
                    number=line["number"],
                    content=line["content"],
                    stream=line["stream"],
                    rows=line["rows"],
                    began_at=datetime.fromisoformat(line["at"]),
                    # Versions before 0.5 wrote none.
                    file_name=line.get("file_name", ""),
                )
            )
        elif kind == "accepted":
            made = line["created_at"] and datetime.fromisoformat(line["created_at"])
            self._newest = max(filter(None, (self._newest, made)), default=None)
            self._activity_ids.add(line["activity_id"])
            self._by_number[line["number"]] = replace(
                self._by_number[line["number"]],
                state="accepted",
                activity_id=line["activity_id"],
                created_at=made or None,
            )
        elif kind in {"not taken", "lost", "settled"} and number is not None:
            self._by_number[number] = replace(self._by_number[number], state=kind)
