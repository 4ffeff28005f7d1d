"""How far a stream has come: which runs it has told, and which it still waits for.

A time alone would lose runs. A run that takes an hour ends after ten that began later, on another
machine whose clock is slow; and two end in the same second. So a bookmark names runs. It stays
short: all runs up to a position in the order of names are known, so that only those are named that
had not ended, and those of the last hour.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from target_constant_contact.data_folder import is_run_name
from target_constant_contact.exceptions import SettingsError
from target_constant_contact.reports.past_run import UNFINISHED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from target_constant_contact.reports.past_run import PastRun

REPLICATION_KEY: Final = "ended_at"
LATE: Final = timedelta(hours=1)
"""By how much clocks may differ, that of the store and those of all machines: a run may come to be
known so much later than its name says that it has begun."""

_POSITION: Final = re.compile(r"(\d{8}T\d{6}Z(-[0-9a-f]{6})?)?", re.ASCII)


@dataclass(slots=True)
class Bookmark:
    """What a stream has told.

    Attributes:
        position: Name of a run, or the beginning of one: all runs up to it are known.
        told: Those after it that were told.
        awaited: Those that had not ended when they were seen.
        since: Nothing that had ended before is told; None: everything is.
        newest: The latest end of a run that was told.
    """

    position: str = ""
    told: frozenset[str] = frozenset()
    awaited: frozenset[str] = frozenset()
    since: datetime | None = None
    newest: datetime | None = None

    @classmethod
    def read(cls, stream: str, state: Mapping[str, Any]) -> Bookmark:
        """The bookmark in the state of a stream; a new one where there is none.

        A state that has only a value of the replication key, such as one that a person has
        written, means the runs that have ended since.

        Raises:
            SettingsError: It is none of this tap's.
        """
        position = state.get("position")
        told, awaited = state.get("told", []), state.get("awaited", [])
        try:
            value = state.get("replication_key_value")
            newest = moment(value) if value else None
            is_ours = bool(_POSITION.fullmatch(position or "")) and all(
                map(is_run_name, [*told, *awaited])
            )
        except (TypeError, ValueError, OverflowError):
            is_ours = False
        if not is_ours:
            fault = (
                f"--state: the bookmark of stream {stream!r} is none that this tap has written; "
                "correct it, or start without it to read all runs again"
            )
            raise SettingsError([fault])
        if position is None:
            return cls(since=newest, newest=newest)
        return cls(position, frozenset(told), frozenset(awaited), None, newest)

    def write(self, state: dict[str, Any]) -> None:
        """Put it into the state of a stream, in the place of what was there."""
        # In this order: a signal may have the state written in between, which then loses nothing.
        state["awaited"], state["told"] = sorted(self.awaited), sorted(self.told)
        state["position"] = self.position
        if self.newest:
            state["replication_key"] = REPLICATION_KEY
            state["replication_key_value"] = self.newest.isoformat()

    def is_news(self, run: PastRun) -> bool:
        """Whether a run is to be told: it is new, or has ended since it was."""
        if run.run in self.told or (run.run in self.awaited and run.status == UNFINISHED):
            return False
        return self.since is None or (run.ended_at or run.started_at) >= self.since

    def note(self, runs: Iterable[PastRun]) -> None:
        """Note that runs were told, or seen under way."""
        told, awaited = set(self.told), set(self.awaited)
        for run in runs:
            if run.status == UNFINISHED:
                awaited.add(run.run)
                continue
            awaited.discard(run.run)
            if run.run > self.position:
                told.add(run.run)
            if run.ended_at:
                self.newest = max(run.ended_at, self.newest or run.ended_at)
        self.told, self.awaited = frozenset(told), frozenset(awaited)

    def pass_by(self, runs: Sequence[PastRun], until: str) -> None:
        """Note runs, all that come next after the position.

        Args:
            runs: The runs in their order.
            until: Name of the earliest run that others may still come before.
        """
        self.note(runs)
        last = max((run.run for run in runs), default="")
        self.position = max(self.position, min(last, until))
        self.told = frozenset(name for name in self.told if name > self.position)

    def give_up(self, names: Iterable[str]) -> None:
        """Wait no longer for runs that the store does not have any more."""
        self.awaited = self.awaited.difference(names)


def moment(value: Any) -> datetime:
    """The time that a text in ISO 8601 means; without a zone it is UTC.

    Raises:
        ValueError: It is none.
        TypeError: It is no text.
    """
    found = datetime.fromisoformat(value)
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
