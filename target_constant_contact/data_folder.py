"""The folder ``data_dir``, and where everything lies in it."""

from __future__ import annotations

import errno
import re
import secrets
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import platformdirs

from target_constant_contact.exceptions import SettingsError, StorageError
from target_constant_contact.files import (
    PRIVATE_FOLDER,
    exposure,
    make_private_folder,
    write_private,
)
from target_constant_contact.redaction import trust

if TYPE_CHECKING:
    from collections.abc import Iterator

REPORT_FILE: Final = "report.json"
"""In the folder of a run: what came of it."""

PAGE_FILE: Final = "report.html"
"""The same, for people."""

REJECTS_FILE: Final = "rejects.singer.jsonl"
"""In the folder of a run: its rejected rows, as Singer messages."""

UNVERIFIED_FOLDER: Final = "unverified"
"""In the folder of a run: rows that have to be explained, until they are."""

_TIME_IN_NAME: Final = "%Y%m%dT%H%M%SZ"
_RUN_NAME: Final = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{6}", re.ASCII)


@dataclass(frozen=True, slots=True)
class DataFolder:
    """Where everything lies that outlives a run. Nothing is made before it is needed.

    Attributes:
        path: The folder.

    Raises:
        SettingsError: From everything that tells a place in the folder: others than its owner and
            root could change what is kept there.
    """

    path: Path

    @classmethod
    def of_setting(cls, value: object) -> DataFolder:
        """The folder that a setting ``data_dir`` means; the platform's when it is not set.

        Raises:
            SettingsError: It is no text.
        """
        if not value:
            usual = platformdirs.user_data_path("target-constant-contact", appauthor=False)
            return cls(usual)
        if not isinstance(value, str):
            raise SettingsError(["data_dir: the value is not of type 'string'; name a folder"])
        path = Path(value).expanduser()
        trust(str(path))
        return cls(path)

    def refuse_if_exposed(self) -> None:
        """Refuse a folder in which other users could change what is kept.

        Raises:
            SettingsError: They could; it says how.
        """
        with usable(self.path):
            found = exposure(self.path)
        if found:
            fault = (
                f"data_dir: {found}, who could change what is kept in {self.path}; set data_dir "
                "to a folder of your own that others cannot write, or correct owner and mode "
                "(chmod go-w)"
            )
            raise SettingsError([fault])

    @property
    def connections(self) -> Path:
        """Folder of the connections of version 0.8 and before."""
        return self._place("connections")

    @property
    def runs(self) -> Path:
        """Folder with a folder for each run, which begins with the time of its start."""
        return self._place("runs")

    @property
    def runs_mark(self) -> Path:
        """A file that is there once the runs are in a store; earlier versions made none."""
        return self._place("runs-in-store")

    @property
    def store(self) -> Path:
        """File of the store, where no other one is set."""
        return self._place("store.sqlite")

    @property
    def requests(self) -> Path:
        """File of the request counts of version 0.8 and before."""
        return self._place("requests.sqlite")

    @property
    def sandbox(self) -> Path:
        """File of the sandbox's account."""
        return self._place("sandbox.sqlite")

    @property
    def ledgers(self) -> Path:
        """Folder of the ledgers of version 0.8 and before."""
        return self._place("ledger")

    def make_runs(self) -> None:
        """Make the folder of all runs and the folders above it, for their owner only.

        Raises:
            SettingsError: The data folder cannot be written.
        """
        runs = self.runs
        with usable(runs):
            is_new = not runs.exists()
            make_private_folder(runs)
            if is_new:
                write_private(self.runs_mark, "")

    def make_run(self) -> Path:
        """Make the folder of a new run and the folders above it, for their owner only.

        Raises:
            SettingsError: The data folder cannot be written.
        """
        # Two runs may start in the same second; the time comes first, so names sort by it.
        path = self.runs / f"{time_in_name(datetime.now(UTC))}-{secrets.token_hex(3)}"
        self.make_runs()
        with usable(path):
            # Nobody can have made it: what is written there goes nowhere else.
            path.mkdir(mode=PRIVATE_FOLDER)
        return path

    def run_folders(self) -> list[tuple[float, Path]]:
        """The folders of runs, each with the time of its start as a Unix timestamp; no links.

        Raises:
            SettingsError: They cannot be listed.
        """
        runs = self.runs
        with usable(runs), suppress(FileNotFoundError):
            found = ((_begun_at(path.name), path) for path in runs.iterdir())
            return [
                (begun_at, path)
                for begun_at, path in found
                if begun_at is not None and not path.is_symlink() and path.is_dir()
            ]
        return []

    def _place(self, name: str) -> Path:
        self.refuse_if_exposed()
        return self.path / name


def time_in_name(moment: datetime) -> str:
    """What the name of a run begins with that has begun at a moment."""
    return f"{moment.astimezone(UTC):{_TIME_IN_NAME}}"


def is_run_name(name: str) -> bool:
    """Whether a run is called so, and its folder."""
    return bool(_RUN_NAME.fullmatch(name))


def _begun_at(name: str) -> float | None:
    """When the run of this name has begun; None when it is no name of a run."""
    if not is_run_name(name):
        return None
    with suppress(ValueError):
        return datetime.strptime(name[:16], _TIME_IN_NAME).replace(tzinfo=UTC).timestamp()
    return None


@contextmanager
def usable(path: Path) -> Iterator[None]:
    """Say in one line which file of the data folder cannot be used.

    Args:
        path: A file or folder that the error is of, if it does not tell itself.

    Raises:
        StorageError: In the place of every `OSError`.
    """
    try:
        yield
    except OSError as error:
        way_out = (
            "let the process open more files (ulimit -n)"
            if error.errno in {errno.EMFILE, errno.ENFILE}
            else "make room, or set data_dir to a folder that can be written"
        )
        fault = (
            f"data_dir: {error.filename or path} cannot be used ({error.strerror}); {way_out}, "
            "and run again"
        )
        raise StorageError([fault]) from error
