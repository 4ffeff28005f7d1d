"""A store on either database, and the machines that use it."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
from cryptography.fernet import Fernet
from psycopg.rows import dict_row

TABLES = (
    *("store", "slots", "connections", "secrets"),
    *("exports", "open_runs", "entries", "fingerprints", "runs"),
    *("segments", "members", "loads", "owners", "leavers", "scratch_lists"),
    *("suppressions", "opt_outs"),
)


class Store:
    """A store, and the data folders of those who use it.

    Args:
        folder: Where the data folders are.
        url: Of its database. Without one it is a file in the one data folder that there is.

    Attributes:
        kind: ``file`` or ``server``.
        key: What opens its secrets.
    """

    def __init__(self, folder: Path, url: str | None = None) -> None:
        self.kind = "server" if url else "file"
        self.url = url
        self.key = Fernet.generate_key().decode()
        self._folder = folder

    def data_dir(self, machine: str = "first") -> Path:
        """The data folder of a machine; with a file, the same for each."""
        return self._folder / (machine if self.url else "disk")

    def settings(self, machine: str = "first") -> dict[str, Any]:
        """What a machine sets to use the store."""
        found = {"data_dir": str(self.data_dir(machine))}
        return found | ({"store_url": self.url, "store_key": self.key} if self.url else {})

    def forget(self, machine: str = "first") -> None:
        """A machine is gone, and with it the folder that only it had."""
        if self.url:
            shutil.rmtree(self.data_dir(machine), ignore_errors=True)

    def rows(self, table: str) -> list[dict[str, Any]]:
        """What a table holds; nothing when nobody has made it."""
        query = f"SELECT * FROM {table}"
        if self.url:
            with psycopg.connect(self.url, row_factory=dict_row) as connection:
                try:
                    return connection.execute(query).fetchall()
                except psycopg.errors.UndefinedTable:
                    return []
        # A copy: to open it would repair what a crash has left, which is the next run's work.
        with tempfile.TemporaryDirectory() as folder:
            for path in self.data_dir().glob("store.sqlite*"):
                if not path.name.endswith((".lock", "-shm")):
                    shutil.copy(path, folder)
            with closing(sqlite3.connect(Path(folder) / "store.sqlite")) as connection:
                connection.row_factory = sqlite3.Row
                try:
                    return [dict(row) for row in connection.execute(query)]
                except sqlite3.OperationalError:
                    return []

    def dump(self) -> str:
        """All that is in it, as somebody sees it who can read the database."""
        return "\n".join(f"{table}: {row}" for table in TABLES for row in self.rows(table))
