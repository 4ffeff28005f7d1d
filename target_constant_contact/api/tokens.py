"""The token store: connections on disk, each with the newest refresh token of its chain.

A refresh token of Constant Contact serves once; the answer to its use brings the next one, and
whoever loses that answer has to sign in again. So the rules are: one process at a time renews a
connection (:meth:`TokenStore.lock`); that a token is going to be used is on disk before it is
sent; and the next token is on disk, synchronously written, before it is used.

Source: https://developer.constantcontact.com/api_guide/auth_overview.html
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Final

from filelock import FileLock, Timeout

from target_constant_contact.exceptions import SettingsError, SignInError, TryLaterError
from target_constant_contact.files import (
    PRIVATE_FILE,
    make_private_folder,
    replace_durably,
    write_private,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REFRESH_TOKEN_DAYS: Final = 180
"""Days after which an unused refresh token dies. Source: OAuth guide, refresh tokens."""

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_LOCK_SECONDS: Final = 180.0
_MARGIN_SECONDS: Final = 60.0
_MARGIN_SHARE: Final = 0.1
_NUMBERS: Final = frozenset({"expires_at", "lifetime", "refreshed_at"})
_DAMAGED: Final = (ValueError, KeyError, TypeError, AttributeError)
"""What reading a document of another shape raises."""


@dataclass(frozen=True, slots=True)
class Application:
    """An application of the developer portal, which is also the API key that requests count for.

    Attributes:
        client_id: Its id.
        client_secret: Its secret; None for a public application (PKCE or device flow).
        auth_url: Base URL of the authorization server that knows it.
    """

    client_id: str
    client_secret: str | None = field(repr=False)
    auth_url: str


@dataclass(frozen=True, slots=True)
class Agreement:
    """Who agreed to personal data leaving, to what, and when.

    Attributes:
        by: The person, as they called themselves or as the machine knows them.
        at: Moment in ISO 8601, UTC.
        text: What they agreed to.
    """

    by: str
    at: str
    text: str


@dataclass(frozen=True, slots=True)
class Connection:
    """A connection to one account: what ``login`` made, or what the settings seeded.

    Attributes:
        name: Its name.
        application: The application that it was made with.
        refresh_token: The newest refresh token.
        access_token: The newest access token; empty before the first renewal of a seed.
        expires_at: When the access token expires, in seconds since the epoch.
        lifetime: Life of the access token in seconds, as the service said.
        refreshed_at: When the refresh token was issued or last used, in seconds since the epoch.
        scope: Space-separated scopes that were granted.
        rotating: Whether the last renewal replaced the refresh token; None before the first one.
        account_id: The service's id of the account; empty when it is not known.
        account_name: The account's name; empty when it is not known.
        agreement: What was agreed to when it was made; None for a seeded connection.
        seed: Fingerprint of the seed in the settings that this chain stems from or supersedes.
        sent: Fingerprint of a refresh token that was sent and whose answer is not known.
    """

    name: str
    application: Application
    refresh_token: str = field(repr=False)
    access_token: str = field(default="", repr=False)
    expires_at: float = 0.0
    lifetime: float = 0.0
    refreshed_at: float = 0.0
    scope: str = ""
    rotating: bool | None = None
    account_id: str = ""
    account_name: str = ""
    agreement: Agreement | None = None
    seed: str = ""
    sent: str = ""

    @property
    def scopes(self) -> frozenset[str]:
        """The scopes as a set."""
        return frozenset(self.scope.split())

    @property
    def refresh_token_expires_at(self) -> float:
        """When the refresh token dies unless it is used, in seconds since the epoch."""
        return self.refreshed_at + REFRESH_TOKEN_DAYS * 86_400

    def is_fresh(self, now: float) -> bool:
        """Whether the access token is good for another minute (a tenth of a shorter life)."""
        margin = min(_MARGIN_SECONDS, self.lifetime * _MARGIN_SHARE)
        return bool(self.access_token) and now < self.expires_at - margin


def fingerprint(*secrets: str) -> str:
    """A text that tells secrets apart and does not give them away."""
    return hashlib.sha256("\0".join(secrets).encode()).hexdigest()


def name_fault(name: str) -> str:
    """What is wrong with the name of a connection; empty when nothing is."""
    if _NAME.fullmatch(name):
        return ""
    return (
        f"connection: {name!r} cannot be a name; take up to 64 letters, digits, dots, dashes and "
        "underscores"
    )


class TokenStore:
    """Connections in a folder, one file each, readable by its owner only.

    Args:
        folder: The folder; made with mode 0700 when the first connection is stored.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

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
        found = (path.stem for path in self.folder.glob("*.json"))
        return sorted(name for name in found if _NAME.fullmatch(name))

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

    def prove(self, name: str) -> None:
        """Make sure that a connection could be stored, and read again.

        Raises:
            SettingsError: Others may read the folder.
            OSError: It cannot be written.
        """
        make_private_folder(self.folder)
        _refuse_if_open(self.folder, "700")
        probe = self.path(name).with_suffix(f".probe-{os.getpid()}")
        try:
            write_private(probe, "This file can be deleted.\n", durable=True)
        finally:
            with suppress(OSError):
                probe.unlink()

    def write(self, connection: Connection) -> None:
        """Store a connection, on disk when this returns. Call it with the lock held.

        Raises:
            OSError: It cannot be written; what was stored before is as it was.
        """
        path = self.path(connection.name)
        make_private_folder(self.folder)
        new = self._unfinished(connection.name)
        write_private(new, json.dumps(asdict(connection), indent=2) + "\n", durable=True)
        replace_durably(new, path)

    def delete(self, name: str) -> bool:
        """Remove a connection and its tokens; return whether there was one. Lock held.

        Raises:
            OSError: It cannot be removed.
        """
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
    """Read what :meth:`TokenStore.write` wrote; members of later versions are passed over.

    Raises:
        SettingsError: Others may read it.
        OSError: It does not exist, or cannot be read.
    """
    _refuse_if_open(path, "600")
    _refuse_if_open(path.parent, "700")
    values = _known(Connection, json.loads(path.read_text(encoding="utf-8")))
    application = Application(**_known(Application, values.pop("application")))
    agreement = values.pop("agreement", None)
    for name in _NUMBERS & values.keys():
        values[name] = float(values[name])
    if not isinstance(values["refresh_token"], str):
        raise TypeError("a connection has a refresh token")
    connection = Connection(application=application, **values)
    return replace(
        connection, agreement=Agreement(**_known(Agreement, agreement)) if agreement else None
    )


def _is_whole(path: Path) -> bool:
    """Whether a file holds a connection, and not only the beginning of one."""
    try:
        _read(path)
    except _DAMAGED:
        return False
    return True


def _known(kind: type, document: dict[str, Any]) -> dict[str, Any]:
    """The members of a document that a dataclass has."""
    names = {item.name for item in fields(kind)}
    return {name: value for name, value in document.items() if name in names}


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
