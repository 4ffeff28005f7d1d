"""Keeps the rows of imports that have to be explained, on disk until they are."""

from __future__ import annotations

import csv
import io
import json
import shutil
import threading
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from target_constant_contact.data_folder import UNVERIFIED_FOLDER, usable
from target_constant_contact.exceptions import TargetError
from target_constant_contact.files import make_private_folder, write_private_bytes

if TYPE_CHECKING:
    from pathlib import Path

    from target_constant_contact.api.models import Activity
    from target_constant_contact.batches.batch import Destination, ImportBatch, ImportFormat
    from target_constant_contact.contacts.contact import Properties
    from target_constant_contact.ledger.settlement import Settlement
    from target_constant_contact.store.place import StorePlace


@dataclass(frozen=True, slots=True)
class KeptImport:
    """An import that has to be explained.

    Attributes:
        number: Number of its batch.
        destination: Stream and lists of its rows.
        settlement: What its counters say.
        errors: What its activity says.
        path: Where its rows are.
        since: When it was kept, in seconds on the run's clock.
    """

    number: int
    destination: Destination
    settlement: Settlement
    errors: tuple[str, ...]
    path: Path
    since: float


class KeptImports:
    """The imports of a run that have to be explained; their rows are on disk, not in memory.

    One thread may keep imports while another one explains them.

    Args:
        run: Folder of the run; the rows are kept below it, readable by their owner only.
        import_format: How batches are encoded.
    """

    def __init__(self, run: Path, import_format: ImportFormat) -> None:
        self._run = run
        self._import_format = import_format
        self._imports: dict[int, KeptImport] = {}
        self._lock = threading.Lock()

    @property
    def oldest(self) -> KeptImport | None:
        """The import that was kept first of those that are left."""
        with self._lock:
            return next(iter(self._imports.values()), None)

    def add(
        self, batch: ImportBatch, activity: Activity, settlement: Settlement, since: float
    ) -> None:
        """Keep an import.

        Raises:
            StorageError: Its rows cannot be written.
        """
        folder = self._run / UNVERIFIED_FOLDER
        path = folder / str(batch.number)
        with usable(path):
            make_private_folder(folder)
            write_private_bytes(path, batch.body)
        kept = KeptImport(batch.number, batch.destination, settlement, activity.errors, path, since)
        with self._lock:
            self._imports[batch.number] = kept

    def remove(self, kept: KeptImport) -> None:
        """Forget an import that is explained."""
        with self._lock:
            del self._imports[kept.number]
        kept.path.unlink(missing_ok=True)

    def all(self) -> list[KeptImport]:
        """The imports, those first that were kept first."""
        with self._lock:
            return list(self._imports.values())

    def by_destination(self) -> dict[Destination, list[KeptImport]]:
        """The imports of each destination, in the same order."""
        found = defaultdict(list)
        for kept in self.all():
            found[kept.destination].append(kept)
        return found

    def rows(self, kept: KeptImport) -> list[Properties]:
        """The rows of an import as they were sent."""
        return rows_of(kept.path.read_bytes(), self._import_format)

    def close(self) -> None:
        """Delete the rows."""
        forget_rows(self._run)


def rows_of(body: bytes, import_format: ImportFormat) -> list[Properties]:
    """The rows of an encoded batch.

    Args:
        body: What was sent.
        import_format: How it is encoded.
    """
    if import_format == "json":
        rows: list[Properties] = json.loads(body)["import_data"]
        return rows
    table = csv.DictReader(io.StringIO(body.decode(), newline=""))
    return [{name: value for name, value in row.items() if value} for row in table]


def forget_rows(run: Path) -> None:
    """Delete the rows that a run, or one that was interrupted, has kept to explain them.

    Args:
        run: Folder of the run.
    """
    shutil.rmtree(run / UNVERIFIED_FOLDER, ignore_errors=True)


def forget_rows_of_dead_runs(place: StorePlace) -> None:
    """Delete the rows that killed runs have kept to explain them, whatever was exported.

    Those of runs that are under way stay; all do where that cannot be told.

    Args:
        place: The store, and the folder that the runs lie in.
    """
    with suppress(OSError, TargetError):
        # First: a run that begins later keeps its rows somewhere else.
        found = [path.parent for path in place.folder.runs.glob(f"*/{UNVERIFIED_FOLDER}")]
        living = _living_runs(place) if found else ()
        for run in found:
            if run.name not in living:
                forget_rows(run)


def _living_runs(place: StorePlace) -> set[str]:
    """Names of the runs that are under way, and of those that they take up.

    Raises:
        TargetError: It cannot be told.
    """
    # Hardly ever needed, and long to load.
    from target_constant_contact.store.ledger import living_runs  # noqa: PLC0415
    from target_constant_contact.store.opening import open_store  # noqa: PLC0415

    found: set[str] = set()
    # Those into the sandbox are in the data folder, whatever else is set.
    for each in {place, place.on_this_machine}:
        database = open_store(each)
        try:
            found |= living_runs(database)
        finally:
            database.close()
    return found
