"""The token store: connections on disk, each with the newest refresh token of its chain.

A refresh token of Constant Contact serves once; the answer to its use brings the next one, and
whoever loses that answer has to sign in again. So the rules are: one process at a time renews a
connection (:meth:`TokenStore.lock`); that a token is going to be used is on disk before it is
sent; and the next token is on disk, synchronously written, before it is used.

Source: https://developer.constantcontact.com/api_guide/auth_overview.html
"""

from __future__ import annotations

import json
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Final, Protocol

from filelock import FileLock, Timeout

from target_constant_contact.api.oauth.connection import Connection, is_name, name_fault
from target_constant_contact.exceptions import SettingsError, SignInError, TryLaterError
from target_constant_contact.files import (
    PRIVATE_FILE,
    make_private_folder,
    prove_writable,
    replace_durably,
    write_private,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from target_constant_contact.exceptions import TargetError

_LOCK_SECONDS: Final = 180.0
_DAMAGED: Final = (ValueError, KeyError, TypeError, AttributeError, RecursionError)
"""What reading a document of another shape raises."""


class ConnectionStore(Protocol):
    """Where connections are kept: in a folder, or in a database.

    Attributes:
        kind: The word for it.
    """

    kind: str

    @property
    def place(self) -> str:
        """Where it is, as it may be shown."""

    def place_of(self, name: str) -> str:
        """Where a connection is, as it may be shown."""

    def has(self, name: str) -> bool:
        """Whether there is such a connection, readable or not."""

    def names(self) -> list[str]:
        """The names of the stored connections, sorted."""

    def read(self, name: str) -> Connection | None:
        """The connection as it was last stored; None when there is none."""

    def prove(self) -> None:
        """Make sure that a connection could be stored, and read again."""

    def write(self, connection: Connection) -> None:
        """Store a connection, for good when this returns. Lock held."""

    def remove(self, name: str) -> bool:
        """Remove a connection and its tokens; a renewal that is under way is waited for."""

    def lock(self, name: str) -> AbstractContextManager[None]:
        """Keep everyone else from renewing or changing a connection."""

    def unwritable(self, name: str, error: OSError) -> TargetError:
        """The error for a place in which no token can be kept; none was used."""


class TokenStore:
    """Connections in a folder, one file each, readable by its owner only.

    Args:
        folder: The folder; made with mode 0700 when the first connection is stored.
    """

    kind = "folder"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def place(self) -> str:
        """The folder."""
        return str(self.folder)

    def place_of(self, name: str) -> str:
        """The file of a connection."""
        return str(self.path(name))

    def has(self, name: str) -> bool:
        """Whether there is such a connection, readable or not."""
        return self.path(name).exists()

    def remove(self, name: str) -> bool:
        """Remove a connection and its tokens; a renewal that is under way is waited for.

        Raises:
            OSError: It cannot be removed.
        """
        # Otherwise the lock would tell that no token was used, which is not the point here.
        make_private_folder(self.folder)
        with self.lock(name):
            return self.delete(name)

    def path(self, name: str) -> Path:
        """The file of a connection.

        Raises:
            SettingsError: The name cannot be that of a connection.
        """
        if fault := name_fault(name):
            raise SettingsError([fault])
        return self.folder / f"{name}.json"

    def names(self) -> list[str]:
        """The names of the stored connections, sorted."""
        # Other people's files may lie there too, with names that no connection can have.
        found = (path.stem for path in self.folder.glob("*.json"))
        return sorted(name for name in found if is_name(name))

    def read(self, name: str) -> Connection | None:
        """The connection as it was last stored; None when there is none.

        Raises:
            SettingsError: Others may read the file, or it cannot be read.
            SignInError: The file is damaged.
        """
        path = self.path(name)
        try:
            # The name is that of the file, so that a file that was renamed keeps its chain.
            return replace(_read(path), name=name)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            fault = f"connection {name!r}: {path} cannot be read ({error.strerror})"
            raise SettingsError([fault]) from None
        except _DAMAGED:
            raise SignInError(
                f"The file of connection {name!r} is damaged ({path}). Sign in again: "
                f"target-constant-contact login --connection {name}"
            ) from None

    def prove(self) -> None:
        """Make sure that a connection could be stored, and read again.

        Raises:
            SettingsError: Others may read the folder.
            OSError: It cannot be written.
        """
        prove_writable(self.folder)
        _refuse_if_open(self.folder, "700")

    def write(self, connection: Connection) -> None:
        """Store a connection, on disk when this returns. Call it with the lock held.

        Raises:
            OSError: It cannot be written; what was stored before is as it was.
        """
        path = self.path(connection.name)
        make_private_folder(self.folder)
        # All or nothing: half a file would be a token that nobody can get back.
        new = self._unfinished(connection.name)
        write_private(new, json.dumps(asdict(connection), indent=2) + "\n", durable=True)
        replace_durably(new, path)

    def delete(self, name: str) -> bool:
        """Remove a connection and its tokens; return whether there was one. Lock held.

        Raises:
            OSError: It cannot be removed.
        """
        # First: what is left of it would be taken up as the connection by the next lock.
        self._unfinished(name).unlink(missing_ok=True)
        path = self.path(name)
        existed = path.exists()
        path.unlink(missing_ok=True)
        return existed

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Keep every other thread and process from renewing or changing a connection.

        A process that dies frees the lock, and what it had written and not put in its place is
        taken up.

        Raises:
            SettingsError: The folder cannot be written, or is open to others.
            TryLaterError: Another process has held the lock for minutes.
        """
        path = self.path(name).with_suffix(".lock")
        try:
            make_private_folder(self.folder)
            _refuse_if_open(self.folder, "700")
            # Of the system: it is freed when its process dies, and the file stays where it is.
            lock = FileLock(path, timeout=_LOCK_SECONDS, mode=PRIVATE_FILE)
            lock.acquire()
        except Timeout:
            raise TryLaterError(
                f"Another process has been renewing connection {name!r} for {_LOCK_SECONDS:.0f} "
                f"seconds. Run again later, or end the process that holds {path}"
            ) from None
        except OSError as error:
            raise self.unwritable(name, error) from None
        try:
            self._take_up(name)
            yield
        finally:
            lock.release()

    def unwritable(self, name: str, error: OSError) -> SettingsError:
        """The error for a folder in which no token can be kept."""
        fault = (
            f"data_dir: connection {name!r} cannot be stored in {self.folder} "
            f"({error.strerror}), so its refresh token was not used: each serves once, and the "
            "next one would be lost. Set data_dir to a folder that can be written and lasts; "
            "with long-lived refresh tokens (a choice of the application in the developer "
            "portal), any folder will do"
        )
        return SettingsError([fault])

    def _unfinished(self, name: str) -> Path:
        return self.path(name).with_suffix(".json.new")

    def _take_up(self, name: str) -> None:
        """Put in its place what a process had written wholly when it died."""
        new = self._unfinished(name)
        try:
            with suppress(FileNotFoundError):
                if _is_whole(new):
                    replace_durably(new, self.path(name))
                else:
                    new.unlink()
        except OSError as error:
            raise self.unwritable(name, error) from None


def _read(path: Path) -> Connection:
    """Read what :meth:`TokenStore.write` wrote.

    Raises:
        SettingsError: Others may read it.
        OSError: It does not exist, or cannot be read.
    """
    _refuse_if_open(path, "600")
    _refuse_if_open(path.parent, "700")
    return Connection.from_json(json.loads(path.read_text(encoding="utf-8")))


def _is_whole(path: Path) -> bool:
    """Whether a file holds a connection, and not only the beginning of one."""
    try:
        _read(path)
    except _DAMAGED:
        return False
    return True


def _refuse_if_open(place: Path, mode: str) -> None:
    """Refuse a file or folder that other users of the machine may read or change.

    Raises:
        SettingsError: With the command that closes it.
        OSError: It does not exist, or cannot be looked at.
    """
    found = place.stat().st_mode & 0o777
    if found & 0o077:
        fault = (
            f"{place} holds tokens and is open to other users (mode {found:03o}); it was not "
            f"read. Close it with: chmod {mode} {place}, and sign in again if somebody may have "
            "read it"
        )
        raise SettingsError([fault])
