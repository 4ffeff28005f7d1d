"""The account's data in one SQLite file, which several processes may use at once."""

from __future__ import annotations

import json
import os
import sqlite3
import tempfile
import time
import weakref
from collections import deque
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from target_constant_contact.sandbox.data.redirect_uris import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SCHEMA = """
CREATE TABLE lists (
    seq INTEGER PRIMARY KEY,
    list_id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '',
    favorite INTEGER NOT NULL DEFAULT 0,
    created_at REAL NOT NULL,
    updated_at REAL NOT NULL,
    deleted_at REAL
);
CREATE TABLE custom_fields (
    seq INTEGER PRIMARY KEY,
    custom_field_id TEXT NOT NULL UNIQUE,
    label TEXT NOT NULL,
    name TEXT NOT NULL UNIQUE,
    type TEXT NOT NULL,
    metadata TEXT NOT NULL DEFAULT '{}',
    choices TEXT NOT NULL DEFAULT '[]',
    created_at REAL NOT NULL,
    updated_at REAL NOT NULL
);
CREATE TABLE contacts (
    seq INTEGER PRIMARY KEY,
    contact_id TEXT NOT NULL UNIQUE,
    email_key TEXT UNIQUE,
    email TEXT,
    sms_key TEXT,
    permission TEXT,
    opt_out_source TEXT,
    opt_out_at REAL,
    properties TEXT NOT NULL,
    history TEXT NOT NULL,
    created_at REAL NOT NULL,
    updated_at REAL NOT NULL,
    deleted_at REAL
);
CREATE INDEX contacts_by_sms ON contacts (sms_key) WHERE sms_key IS NOT NULL;
CREATE TABLE memberships (
    list_seq INTEGER NOT NULL,
    contact_seq INTEGER NOT NULL,
    joined_at REAL NOT NULL DEFAULT 0,
    PRIMARY KEY (list_seq, contact_seq)
) WITHOUT ROWID;
CREATE INDEX memberships_by_contact ON memberships (contact_seq);
CREATE TABLE activities (
    seq INTEGER PRIMARY KEY,
    activity_id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    outcome TEXT NOT NULL,
    settled INTEGER NOT NULL DEFAULT 0,
    created_at REAL NOT NULL,
    starts_at REAL NOT NULL,
    ends_at REAL NOT NULL,
    source_file_name TEXT,
    rows INTEGER NOT NULL DEFAULT 0,
    list_ids TEXT NOT NULL DEFAULT '[]',
    counters TEXT NOT NULL DEFAULT '{}',
    errors TEXT NOT NULL DEFAULT '[]',
    faults TEXT NOT NULL DEFAULT '[]',
    payload BLOB,
    results_id TEXT,
    results TEXT
);
CREATE INDEX activities_unsettled ON activities (ends_at) WHERE settled = 0;
CREATE INDEX activities_by_results ON activities (results_id) WHERE results_id IS NOT NULL;
CREATE TABLE applications (
    client_id TEXT PRIMARY KEY,
    client_secret TEXT,
    redirect_uris TEXT NOT NULL
);
CREATE TABLE grants (
    value TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    client_id TEXT NOT NULL,
    scope TEXT NOT NULL,
    expires_at REAL NOT NULL,
    details TEXT NOT NULL DEFAULT '{}'
);
CREATE INDEX grants_by_family ON grants (json_extract(details, '$.family'));
CREATE TABLE requests (
    seq INTEGER PRIMARY KEY,
    at REAL NOT NULL,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    status INTEGER NOT NULL,
    body_bytes INTEGER NOT NULL,
    seconds REAL NOT NULL
);
"""
VERSION = 4
_CHANGES = (
    ("ALTER TABLE memberships ADD COLUMN joined_at REAL NOT NULL DEFAULT 0", ()),
    # They were patterns.
    (
        "UPDATE applications SET redirect_uris = ? WHERE redirect_uris LIKE '%localhost*%'",
        (json.dumps(LOOPBACK),),
    ),
    ("ALTER TABLE activities ADD COLUMN faults TEXT NOT NULL DEFAULT '[]'", ()),
)
"""What leads from each version to the next one."""
_BUSY_SECONDS = 60
_MOST_IDLE = 4


class Store:
    """A SQLite file and how to open it.

    Args:
        path: The file; created readable by its owner only, with the folders above it. None: a
            temporary file that :meth:`close` removes.
        fill: Puts the first rows into a new file, in the transaction that creates the tables, so
            that of several processes starting at once only one does it.

    Raises:
        ValueError: The file holds an account of another version of the sandbox.
    """

    def __init__(self, path: Path | None, fill: Callable[[sqlite3.Connection], None]) -> None:
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        if path is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="sandbox-account-")
            path = Path(self._temporary.name) / "account.sqlite"
        self.path = path
        self._idle: deque[sqlite3.Connection] = deque()
        self._is_open = True
        weakref.finalize(self, _close_all, self._idle)
        _create_private(path)
        self._prepare(fill)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection for reading what has been committed."""
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._connect()
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        # To open one, which reads the schema, takes longer than most of what is asked.
        if self._is_open and len(self._idle) < _MOST_IDLE:
            connection.execute("PRAGMA shrink_memory")
            self._idle.append(connection)
        else:
            connection.close()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA synchronous = NORMAL")
        # Too small a cache is written to the disk, and read again, in the middle of an import.
        connection.execute("PRAGMA cache_size = -64000")
        return connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Open a transaction that owns the file for writing; commit it, or undo it on an error."""
        with self.reading() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def close(self) -> None:
        """Close what is idle, and remove the file if it was temporary."""
        self._is_open = False
        _close_all(self._idle)
        if self._temporary is not None:
            self._temporary.cleanup()

    def _prepare(self, fill: Callable[[sqlite3.Connection], None]) -> None:
        with self.reading() as connection:
            use_write_ahead_log(connection)
        with self.writing() as connection:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version == VERSION:
                return
            if not 0 <= version < VERSION:
                raise ValueError(
                    f"{self.path} holds a sandbox account of another version ({version});"
                    " delete the file to start afresh"
                )
            new = ((statement, ()) for statement in SCHEMA.split(";"))
            for statement, values in _CHANGES[version - 1 :] if version else new:
                connection.execute(statement, values)
            connection.execute(f"PRAGMA user_version = {VERSION}")
            if not version:
                fill(connection)


def _close_all(idle: deque[sqlite3.Connection]) -> None:
    with suppress(IndexError):
        while True:
            idle.pop().close()


def _create_private(path: Path) -> None:
    for folder in reversed([p for p in path.absolute().parents if not p.exists()]):
        folder.mkdir(mode=0o700, exist_ok=True)
    # Windows has no such flag.
    os.close(os.open(path, os.O_CREAT | os.O_RDWR | getattr(os, "O_NOFOLLOW", 0), 0o600))


def use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Let readers go on while one process writes."""
    # Changing the journal mode does not wait for the busy timeout when two processes start at once.
    for attempt in range(20):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            time.sleep(0.02 * (attempt + 1))
        else:
            return
    connection.execute("PRAGMA journal_mode = WAL")
