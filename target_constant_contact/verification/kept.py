"""Keeps the rows of imports that have to be explained, on disk until they are."""

from __future__ import annotations

import csv
import json
import shutil
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from target_constant_contact.data_folder import UNVERIFIED_FOLDER, usable
from target_constant_contact.files import make_private_folder, write_private_bytes
from target_constant_contact.ledger.journal import DamagedJournalError
from target_constant_contact.ledger.run_lock import living_runs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from target_constant_contact.api.models import Activity
    from target_constant_contact.batches.batch import Destination, ImportBatch, ImportFormat
    from target_constant_contact.contacts.contact import Properties
    from target_constant_contact.data_folder import DataFolder
    from target_constant_contact.ledger.settlement import Settlement


@dataclass(frozen=True, slots=True)
class KeptImport:
    """An import that has to be explained.

    Attributes:
        number: Number of its batch.
        destination: Stream and lists of its rows.
        settlement: What its counters say.
        errors: What its activity says.
        path: Where its rows are.
    """

    number: int
    destination: Destination
    settlement: Settlement
    errors: tuple[str, ...]
    path: Path


class KeptImports:
    """The imports of a run that have to be explained; their rows are on disk, not in memory.

    Args:
        run: Folder of the run; the rows are kept below it, readable by their owner only.
        import_format: How batches are encoded.
    """

    def __init__(self, run: Path, import_format: ImportFormat) -> None:
        self._run = run
        self._import_format = import_format
        self._imports: dict[Destination, list[KeptImport]] = defaultdict(list)

    def add(self, batch: ImportBatch, activity: Activity, settlement: Settlement) -> None:
        """Keep an import.

        Raises:
            StorageError: Its rows cannot be written.
        """
        folder = self._run / UNVERIFIED_FOLDER
        path = folder / str(batch.number)
        with usable(path):
            make_private_folder(folder)
            write_private_bytes(path, batch.body)
        self._imports[batch.destination].append(
            KeptImport(batch.number, batch.destination, settlement, activity.errors, path)
        )

    def by_destination(self) -> list[tuple[Destination, list[KeptImport]]]:
        """The imports, worst destinations first."""
        return sorted(
            self._imports.items(),
            key=lambda item: -sum(kept.settlement.not_landed for kept in item[1]),
        )

    def rows(self, kept: KeptImport) -> Iterator[Properties]:
        """The rows of an import as they were sent."""
        if self._import_format == "json":
            yield from json.loads(kept.path.read_bytes())["import_data"]
            return
        with kept.path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                yield {name: value for name, value in row.items() if value}

    def close(self) -> None:
        """Delete the rows."""
        forget_rows(self._run)


def forget_rows(run: Path) -> None:
    """Delete the rows that a run, or one that was interrupted, has kept to explain them.

    Args:
        run: Folder of the run.
    """
    shutil.rmtree(run / UNVERIFIED_FOLDER, ignore_errors=True)


def forget_rows_of_dead_runs(data_folder: DataFolder) -> None:
    """Delete the rows that killed runs have kept to explain them, whatever was exported.

    Those of runs that are under way stay; all do where that cannot be told.

    Args:
        data_folder: Where the runs lie.
    """
    with suppress(OSError, DamagedJournalError):
        # First: a run that begins later keeps its rows somewhere else.
        found = [path.parent for path in data_folder.runs.glob(f"*/{UNVERIFIED_FOLDER}")]
        living = living_runs(data_folder.ledgers) if found else ()
        for run in found:
            if run.name not in living:
                forget_rows(run)
