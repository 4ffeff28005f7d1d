"""The store in a SQLite file, for the processes of one machine."""

from __future__ import annotations

import errno
import hashlib
import os
import sqlite3
import stat
import threading
import time
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, ClassVar, Final, cast

from filelock import FileLock, Timeout
from sqlalchemy import create_engine, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool

from target_constant_contact.exceptions import SettingsError, StorageError, TryLaterError
from target_constant_contact.files import PRIVATE_FILE, make_private_folder, open_private
from target_constant_contact.store.database import Database, Held

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path
    from typing import Literal

    from sqlalchemy import Connection

    from target_constant_contact.exceptions import TargetError
    from target_constant_contact.store.database import Change, Now

_INCREMENTAL: Final = 2
"""As SQLite counts the ways to give room back."""
_PART_PAGES: Final = 2_500
"""Of 4 KB, that are given back at once."""
_BUSY_SECONDS: Final = 30.0
_TRIES: Final = 20
"""To change how the file is written: that waits for nobody by itself."""


class SqliteFile(Database):
    """The store in a file, created readable by its owner only.

    Args:
        path: The file, on a disk of this machine; ``None`` keeps the store in memory.
        clock: Tells the time as a Unix timestamp; the processes of a machine share it.

    Raises:
        StorageError: The file cannot be used (also from every method).
        TryLaterError: Another program keeps it locked (also from every method).
        SettingsError: Others may read or write it (also from every method).
    """

    kind: ClassVar[Literal["sqlite"]] = "sqlite"

    def __init__(self, path: Path | None, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._opened: os.stat_result | None = None
        # One connection: SQLite lets one of a process write at a time, and waiting for this lock
        # is fairer than asking the file again and again.
        self._lock = threading.Lock()
        engine = create_engine(
            "sqlite://", creator=self._connect, poolclass=StaticPool, hide_parameters=True
        )
        event.listen(engine, "begin", _begin)
        super().__init__(engine, str(path or "memory"), clock=clock)

    def has_tables(self, connection: Connection) -> bool:
        """Whether anybody has made the tables of the store."""
        query = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'store'"
        return bool(connection.execute(text(query)).scalar())

    def lock_out_others(self, connection: Connection) -> None:
        """Nothing to do: each transaction has locked the file."""

    def make_schema(self, connection: Connection) -> None:
        """Nothing to do: a file is its schema."""

    @contextmanager
    def holding(self) -> Iterator[Held]:
        """What holds no lock yet, and frees at the end what it has taken."""
        with ExitStack() as stack:
            yield _FileHeld(self, self._path, self._explained, stack)

    @contextmanager
    def forgetting(self, held: Held) -> Iterator[Connection]:
        """A transaction of locks: what it deletes is overwritten, in the file and beside it."""
        with super().forgetting(held) as connection:
            # Otherwise it would stay where a row was that leaves its page empty.
            _driver(connection).execute("PRAGMA secure_delete = ON")
            yield connection
        with self._lock, self._engine.connect() as connection, suppress(sqlite3.Error):
            _driver(connection).execute("PRAGMA secure_delete = FAST")
            # Whoever reads at this moment keeps what is there until he has read.
            _driver(connection).execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def shrink(self) -> None:
        """Give the disk back what was deleted."""
        with self._lock, self._engine.connect() as connection, suppress(sqlite3.Error):
            driver = _driver(connection)
            (pages,) = driver.execute("PRAGMA freelist_count").fetchone()
            # In parts: others get in between, and the file beside this one stays small.
            for _ in range(0, pages, _PART_PAGES):
                # As a script, which is run to its end; `execute` gives back a single page.
                driver.executescript(f"PRAGMA incremental_vacuum({_PART_PAGES})")

    def close(self) -> None:
        """Close the file. What was stored stays."""
        with self._lock:
            super().close()

    @contextmanager
    def _begun(
        self, *, durable: bool, alone: bool = False, reads: bool = False
    ) -> Iterator[Connection]:
        del alone  # A step reads before it writes, so it has to be one transaction.
        with self._lock, self._engine.connect() as connection:
            self._raise_if_gone()
            level = "FULL" if durable else "NORMAL"
            # Past SQLAlchemy, which would begin a transaction.
            _driver(connection).execute(f"PRAGMA synchronous = {level}")
            with connection.execution_options(reads=reads).begin():
                yield connection

    def _explained(self, error: Exception) -> StorageError | TryLaterError:
        found = error.orig if isinstance(error, DBAPIError) and error.orig else error
        if getattr(found, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
            return TryLaterError(
                f"the store in {self.place} is kept locked by another program; nothing is sent "
                "without it. End that program, and run again"
            )
        fault = (
            f"the store in {self.place} cannot be used ({found}); check the rights and the free "
            "space there, set data_dir to a folder that can be written and lasts, or put the file "
            "aside if it is damaged"
        )
        return StorageError([fault])

    def _connect(self) -> sqlite3.Connection:
        if self._path is not None:
            make_private_folder(self._path.parent)
            _make_private(self._path)
        connection = sqlite3.connect(
            self._path or ":memory:",
            timeout=_BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            # Before anything is in the file: the room of what is deleted can be given back. Later
            # it only waits for whoever writes.
            if connection.execute("PRAGMA auto_vacuum").fetchone() != (_INCREMENTAL,):
                connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
            # What is deleted or changed is overwritten, where that costs no more writing.
            connection.execute("PRAGMA secure_delete = FAST")
            _write_ahead(connection)
            self._opened = self._path.stat() if self._path else None
        except (sqlite3.Error, OSError):
            connection.close()
            raise
        return connection

    def _raise_if_gone(self) -> None:
        """Raise when the next one who opens it would find another file, or none.

        SQLite would go on with what has no name any more, and all that is written were lost.

        Raises:
            OSError: The file was deleted or replaced.
        """
        if self._path is None or self._opened is None:
            return
        with suppress(FileNotFoundError):
            if os.path.samestat(self._path.stat(), self._opened):
                return
        raise OSError("it was deleted or replaced while it was used")


class _FileHeld(Held):
    """Locks on files of this machine are lost with the process only."""

    def __init__(
        self,
        database: SqliteFile,
        path: Path | None,
        explained: Callable[[Exception], TargetError],
        taken: ExitStack,
    ) -> None:
        self._database = database
        self._path = path
        self._explained = explained
        self._taken = taken

    def take(self, what: str, seconds: float) -> bool:
        """Keep other processes of this machine from holding the same; a crash frees it."""
        if self._path is None:
            return True
        name = f"{self._path.name}.{hashlib.sha256(what.encode()).hexdigest()[:16]}.lock"
        # Of the system: it is freed when its process dies, and the file stays where it is.
        # Whichever thread ends a run frees its lock.
        path = self._path.with_name(name)
        lock = FileLock(path, timeout=seconds, mode=PRIVATE_FILE, thread_local=False)
        try:
            lock.acquire()
        except Timeout:
            return False
        except OSError as error:
            raise self._explained(error) from None
        self._taken.callback(lock.release)
        return True

    def transaction(self, *, durable: bool = True) -> AbstractContextManager[Connection]:
        """A transaction."""
        return self._database.transaction(durable=durable)

    def write(self, changes: Callable[[Now], Sequence[Change]], *, durable: bool = True) -> float:
        """Make changes in a transaction."""
        with self.transaction(durable=durable) as connection:
            # Once the others are out: waiting for them takes some.
            now = self._database.now(connection)
            for change in changes(now):
                connection.execute(change)
        return now


def _begin(connection: Connection) -> None:
    # Locked before anything is read, if it may write: what is read then stays true until the end.
    reads = connection.get_execution_options().get("reads")
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def _driver(connection: Connection) -> sqlite3.Connection:
    return cast("sqlite3.Connection", connection.connection.dbapi_connection)


def _make_private(path: Path) -> None:
    """Make a file for its owner only, or see that one which is there is.

    It is not opened to look at it: to close it again would free the locks that other connections
    of this process hold, which is how the system's locks on files are.

    Raises:
        SettingsError: Others may read or write it.
        OSError: It cannot be made, or is a link.
    """
    try:
        os.close(open_private(path, os.O_RDWR | os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        found = path.lstat()
    else:
        return
    if stat.S_ISLNK(found.st_mode):
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
    mode = found.st_mode & 0o777
    if hasattr(os, "geteuid") and mode & 0o077:
        fault = (
            f"the store in {path} is open to other users (mode {mode:03o}); it was not read. Close "
            f"it with: chmod 600 {path}, and sign in again if somebody may have read it"
        )
        raise SettingsError([fault])


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Have changes written to a file beside it first: one sync for each, and readers go on."""
    for attempt in range(1, _TRIES + 1):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or attempt == _TRIES:
                raise
            time.sleep(0.02 * attempt)
        else:
            return
