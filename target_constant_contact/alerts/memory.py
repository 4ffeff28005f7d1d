"""What the store knows of earlier runs of an export, and what their receivers were told."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

from target_constant_contact.exceptions import TargetError
from target_constant_contact.redaction import json_text
from target_constant_contact.reports.past_run import PastRun, read_run
from target_constant_contact.store.run_row import RunRow
from target_constant_contact.store.runs import RunRows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from target_constant_contact.reports.told import Told
    from target_constant_contact.store.database import Database

_MOST_RUNS: Final = 100
"""Of one export and kind: loads of all its taps, or its sweeps."""

Found = TypeVar("Found")

_logger = logging.getLogger("target-constant-contact")


@dataclass(frozen=True, slots=True)
class Interrupted:
    """A run that has no report.

    Attributes:
        run: Its name.
        started_at: When it has started.
    """

    run: str
    started_at: datetime


class AlertMemory:
    """What of the store alerts need.

    Where it cannot be used, as on a full disk, somebody has to be told all the more: nothing is
    known then, and nothing kept. At the end of a run, each step is tried once: its record was just
    written, or cannot be.

    Args:
        database: The store; not closed with this.
        export: Key of the export.
    """

    def __init__(self, database: Database, export: str) -> None:
        self._rows = RunRows(database)
        self._export = export
        self._is_lost = False

    def without_report(self) -> list[str]:
        """Names of the loads that were begun and have no report, those under way among them."""
        account, _, export = self._export.partition("-")
        found = self._ask(lambda: self._rows.interrupted(account, export)) or []
        return [row.run for row in found]

    def still_without_report(self, runs: Sequence[str]) -> list[Interrupted]:
        """Those of these that have none now either."""
        found = (self._read(run) for run in runs)
        past = (read_run(row) for row in found if row and row.report is None)
        return [Interrupted(one.run, one.started_at) for one in past]

    def earlier(self, run: str, kind: str) -> list[PastRun]:
        """What alerts need of the runs of a kind that have ended, without one, the newest first."""
        names = self._ask(lambda: self._rows.names_of_export(self._export, kind, _MOST_RUNS)) or []
        # One by one: a report may have thousands of lists.
        rows = map(self._read, names)
        found = (read_run(row) for row in rows if row)
        own = (past for past in found if (past.export, past.kind) == (self._export, kind))
        return [*_needed(past for past in own if past.run != run)]

    def keep(self, run: str, document: Mapping[str, Any], told: Sequence[Told]) -> None:
        """Have the store know what the receivers know after a run."""
        alerts = {"alerts": [asdict(one) for one in told]}
        text = f"{json_text({**document, **alerts})}\n"
        self._ask(lambda: self._rows.report(run, text))

    def _read(self, run: str) -> RunRow | None:
        return self._ask(lambda: self._rows.read(run, longest=0))

    def _ask(self, step: Callable[[], Found]) -> Found | None:
        """Use the store, unless that has failed before: to fail may take long."""
        if not self._is_lost:
            try:
                return step()
            except TargetError as error:
                self._is_lost = True
                _logger.warning(
                    "Alerts: what was told before is not known, or what is told now is not kept, "
                    "so it may be told again: %s",
                    error,
                )
        return None


def _needed(found: Iterable[PastRun]) -> Iterator[PastRun]:
    """Runs without what alerts do not ask for: a stream's places only in its last whole load."""
    seen: set[str] = set()
    for past in found:
        come = set(past.streams) - set(past.replayed) if past.status == "completed" else set()
        yield PastRun(
            past.run,
            past.status,
            past.started_at,
            past.machine,
            past.folder,
            ended_at=past.ended_at,
            destinations=tuple(one for one in past.destinations if one.stream in come - seen),
            kind=past.kind,
            export=past.export,
            streams=past.streams,
            replayed=past.replayed,
            told=past.told,
        )
        seen |= come


def as_past(run: str, folder: str, document: Mapping[str, Any]) -> PastRun:
    """A run that has just ended, as a later one reads of it in the store: with masked names.

    Args:
        run: Its name.
        folder: Its folder.
        document: Its report.
    """
    return read_run(RunRow(run, 0.0, "", folder, json_text(document)))


def latest_told(earlier: Sequence[PastRun]) -> PastRun | None:
    """The run that was the last to tell."""

    def when(past: PastRun) -> tuple[int, datetime]:
        turn = max((told.turn for told in past.told or ()), default=0)
        return turn, past.ended_at or past.started_at

    knowing = [past for past in earlier if past.told is not None]
    return max(knowing, key=when, default=None)
