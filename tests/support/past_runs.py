"""Runs that are over, as the store knows them."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from target_constant_contact.commands.common import read_config
from target_constant_contact.store.opening import open_store
from target_constant_contact.store.place import StorePlace
from target_constant_contact.store.run_row import MACHINE, RunRow
from target_constant_contact.store.runs import RunRows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def run_rows(data: Path) -> Iterator[RunRows]:
    """The runs in the store that a command finds: in this folder, or as the environment says."""
    database = open_store(StorePlace.of_settings(read_config() | {"data_dir": str(data)}))
    try:
        yield RunRows(database)
    finally:
        database.close()


def run_row(data: Path, run: str, report: str | None = None, machine: str = MACHINE) -> RunRow:
    """A run that has begun when its name says."""
    begun_at = datetime.strptime(run.partition("-")[0], "%Y%m%dT%H%M%S%z").timestamp()
    return RunRow(run, begun_at, machine, str(data / "runs" / run), report)


def keep_run(data: Path, run: str, report: str | None = None, machine: str = MACHINE) -> None:
    """Have the store know of a run."""
    with run_rows(data) as rows:
        rows.put(run_row(data, run, report, machine))
