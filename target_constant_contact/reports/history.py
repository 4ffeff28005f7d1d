"""The runs that the store knows."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from target_constant_contact.data_folder import is_run_name
from target_constant_contact.reports.past_run import read_run
from target_constant_contact.reports.run_names import LATEST, find_run
from target_constant_contact.settings.schema import PROPERTIES
from target_constant_contact.settings.texts import without_texts
from target_constant_contact.store.address import place_of
from target_constant_contact.store.opening import open_store
from target_constant_contact.store.place import StorePlace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from target_constant_contact.reports.past_run import PastRun
    from target_constant_contact.store.runs import RunRows

_SCHEMA: Final[dict[str, Any]] = PROPERTIES.to_dict()


class History:
    """Past runs, of all machines that share the store.

    Args:
        rows: Where they are; None: there is no store yet, so there are none.
        place: What is said of that place.

    Attributes:
        place: As above.

    Raises:
        TargetError: From every method: the store cannot be used.
    """

    def __init__(self, rows: RunRows | None, place: str) -> None:
        self.place = place
        self._rows = rows

    def newest(self, limit: int | None = None) -> list[PastRun]:
        """The newest runs, the newest one first."""
        rows = self._rows.newest(limit) if self._rows else []
        return [read_run(row) for row in rows if is_run_name(row.run)]

    def find(self, wanted: str) -> PastRun | None:
        """The run that is meant by its name, the beginning of it, or ``latest``.

        Returns:
            None when there are no runs at all.

        Raises:
            SettingsError: There is no such run, or more than one.
        """
        # Who can write to a database can write anything, and a name is that of a folder.
        names = [*filter(is_run_name, self._rows.names() if self._rows else ())]
        # Asked for by name, a run that is not there is an error; the newest of none is not.
        if wanted == LATEST and not names:
            return None
        return self.named(find_run(wanted, names, self.place))

    def named(self, run: str) -> PastRun | None:
        """The run of this name; None when there is none."""
        row = self._rows.read(run) if self._rows and is_run_name(run) else None
        return read_run(row) if row else None


def store_of_runs(values: Mapping[str, Any]) -> StorePlace:
    """The store of runs with settings that are not checked.

    Raises:
        SettingsError: One of those that say where it is is no text.
    """
    place = StorePlace.of_settings(values)
    # Runs of the sandbox are where its account is.
    is_sandbox = without_texts({"sandbox": values.get("sandbox")}, _SCHEMA).get("sandbox") is True
    return place.on_this_machine if is_sandbox else place


@contextmanager
def past_runs(values: Mapping[str, Any]) -> Iterator[History]:
    """The runs of settings that are not checked: only where the store is matters.

    No store is made for it.

    Raises:
        TargetError: The store cannot be used.
    """
    place = store_of_runs(values)
    words = f"the store at {place_of(place.url)}" if place.url else str(place.folder.runs)
    # Without the mark, an earlier version has left its runs in their folders.
    is_older = place.folder.runs.exists() and not place.folder.runs_mark.exists()
    if not (place.url or place.folder.store.exists() or is_older):
        yield History(None, words)
        return
    # Not before: what is imported for the help of a command need not load SQLAlchemy.
    from target_constant_contact.store.runs import RunRows  # noqa: PLC0415

    database = open_store(place)
    try:
        yield History(RunRows(database), words)
    finally:
        database.close()
