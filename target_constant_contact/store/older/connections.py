"""The connections of version 0.8 and before, which kept each of them in a file."""

from __future__ import annotations

import json
import logging
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from filelock import FileLock, Timeout

from target_constant_contact.data_folder import usable
from target_constant_contact.exceptions import SettingsError, TryLaterError
from target_constant_contact.files import PRIVATE_FILE
from target_constant_contact.store.connections import ConnectionRows
from target_constant_contact.wording import counted

if TYPE_CHECKING:
    from pathlib import Path

    from target_constant_contact.data_folder import DataFolder
    from target_constant_contact.store.database import Database

_LOCK_SECONDS: Final = 180.0
_FILE: Final = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]{0,63})\.(?:json|json\.new|lock)")
"""Others may lie there too. A new one is whole, or was being written when its process died; who is
killed here may leave the lock alone."""
_logger = logging.getLogger("target-constant-contact")


def take_over_connections(database: Database, folder: DataFolder) -> str | None:
    """Take over the connections, and delete their files: a copy of a token is a danger only.

    Raises:
        SettingsError: Others may read a file.
        TryLaterError: An earlier version has been renewing one for minutes.
        TargetError: The store or a file cannot be used.
    """
    place = folder.connections
    if not place.is_dir():
        return None
    rows = ConnectionRows(database, database.cipher)
    with usable(place):
        # A folder of such a name is none of an earlier version's.
        found = (_FILE.fullmatch(path.name) for path in place.iterdir() if not path.is_dir())
        names = sorted({match[1] for match in found if match})
        if names:
            _refuse_if_open(place, "700")
        taken = [name for name in names if _take_over(rows, place, name)]
        with suppress(OSError):
            place.rmdir()
    if not taken:
        return None
    those = counted(len(taken), "connection")
    return f"{those}: {', '.join(taken)} (nothing of that is left in {place})"


def _take_over(rows: ConnectionRows, place: Path, name: str) -> bool:
    """Take over one connection, unless the store has it; return whether it was taken over."""
    # As an earlier version holds it while it renews the connection.
    path = place / f"{name}.lock"
    lock = FileLock(path, timeout=_LOCK_SECONDS, mode=PRIVATE_FILE)
    try:
        lock.acquire()
    except Timeout:
        raise TryLaterError(
            f"A process of an earlier version has been renewing connection {name!r} for "
            f"{_LOCK_SECONDS:.0f} seconds. Run again later, or end the process that holds {path}"
        ) from None
    except FileNotFoundError:
        return False  # Another process has taken over all that was there.
    try:
        is_taken = _take_over_locked(rows, place / f"{name}.json", name)
        path.unlink(missing_ok=True)
    finally:
        lock.release()
    return is_taken


def _take_over_locked(rows: ConnectionRows, path: Path, name: str) -> bool:
    new = path.with_name(f"{path.name}.new")
    # What a process had written wholly when it died is the newest token.
    if _document(new, name):
        new.replace(path)
    else:
        new.unlink(missing_ok=True)
    document = _document(path, name)
    if document is None:
        if path.exists():
            _put_aside(path, name, "is damaged; sign in again, and delete it")
        return False
    with rows.lock(name, _LOCK_SECONDS) as is_held:
        if not is_held:
            raise TryLaterError(
                f"Another process has been renewing connection {name!r} for "
                f"{_LOCK_SECONDS:.0f} seconds. Run again later"
            )
        stored = rows.read(name)
        if stored is None:
            rows.write(name, document)
    if stored not in (None, document):
        _put_aside(path, name, "was not taken over, as the store has one of that name; delete it")
        return False
    # Only now: the store has it for good.
    path.unlink(missing_ok=True)
    return True


def _document(path: Path, name: str) -> dict[str, Any] | None:
    """The connection in a file; None when there is none, or only a part of one.

    Raises:
        SettingsError: Others may read it.
        OSError: It cannot be read.
    """
    try:
        _refuse_if_open(path, "600")
        found = json.loads(path.read_text(encoding="utf-8"))
        is_whole = isinstance(found["refresh_token"], str) and found["application"]["client_id"]
    except (FileNotFoundError, ValueError, KeyError, TypeError, RecursionError):
        return None
    # The name is that of the file, so that a file that was renamed keeps its chain.
    return {**found, "name": name} if is_whole else None


def _put_aside(path: Path, name: str, why: str) -> None:
    aside = path.replace(path.with_name(f"{path.name}.old"))
    _logger.warning("Connection %r of an earlier version in %s %s", name, aside, why)


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
