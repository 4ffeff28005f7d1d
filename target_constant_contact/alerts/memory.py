"""What the store knows of earlier runs of an export, and what their receivers were told."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from target_constant_contact.redaction import json_text
from target_constant_contact.reports.past_run import PastRun, read_run
from target_constant_contact.store.run_row import RunRow
from target_constant_contact.store.runs import RunRows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from target_constant_contact.reports.told import Told
    from target_constant_contact.store.database import Database

_MOST_RUNS: Final = 100
"""Of one export: loads of all its taps, and its sweeps."""


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

    Args:
        database: The store; not closed with this.
        export: Key of the export.

    Raises:
        TargetError: From every method: the store cannot be used.
    """

    def __init__(self, database: Database, export: str) -> None:
        self._rows = RunRows(database)
        self._export = export

    def without_report(self) -> list[str]:
        """Names of the loads that were begun and have no report, those under way among them."""
        account, _, export = self._export.partition("-")
        return [row.run for row in self._rows.interrupted(account, export)]

    def still_without_report(self, runs: Sequence[str]) -> list[Interrupted]:
        """Those of these that have none now either."""
        found = (self._rows.read(run) for run in runs)
        past = (read_run(row) for row in found if row and row.report is None)
        return [Interrupted(one.run, one.started_at) for one in past]

    def earlier(self, run: str) -> list[PastRun]:
        """Runs of the export that have ended, without one, the newest first."""
        found = map(read_run, self._rows.of_export(self._export, _MOST_RUNS))
        return [past for past in found if past.export == self._export and past.run != run]

    def keep(self, run: str, document: Mapping[str, Any], told: Sequence[Told]) -> None:
        """Have the store know what the receivers know after a run."""
        alerts = {"alerts": [asdict(one) for one in told]}
        self._rows.report(run, f"{json_text({**document, **alerts})}\n")


def as_past(run: str, folder: str, document: Mapping[str, Any]) -> PastRun:
    """A run that has just ended, as a later one reads of it in the store.

    Args:
        run: Its name.
        folder: Its folder.
        document: Its report.
    """
    return read_run(RunRow(run, 0.0, "", folder, json_text(document)))


def latest_told(earlier: Sequence[PastRun], kind: str) -> PastRun | None:
    """The run of a kind that ended last and knows what receivers were told."""
    knowing = [past for past in earlier if past.kind == kind and past.told is not None]
    return max(knowing, key=lambda past: past.ended_at or past.started_at, default=None)
