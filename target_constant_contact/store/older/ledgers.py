"""The ledgers of version 0.8 and before, which kept each in a folder of files."""

from __future__ import annotations

import json
import logging
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from filelock import FileLock, Timeout
from sqlalchemy import delete, insert, select

from target_constant_contact.data_folder import usable
from target_constant_contact.exceptions import TryLaterError
from target_constant_contact.files import PRIVATE_FILE
from target_constant_contact.store.schema import ENTRIES, EXPORTS, FINGERPRINTS, OPEN_RUNS
from target_constant_contact.store.secrets import LEDGER_KEY, secret
from target_constant_contact.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from sqlalchemy import Connection

    from target_constant_contact.data_folder import DataFolder
    from target_constant_contact.store.database import Database

_KEY_BYTES: Final = 64
_TOO_MANY: Final = 2**63
_DAMAGED: Final = (ValueError, KeyError, TypeError, AttributeError, RecursionError)
_logger = logging.getLogger("target-constant-contact")


def take_over_ledgers(database: Database, folder: DataFolder) -> str | None:
    """Take over what runs have left that did not end well, and put their files aside.

    Raises:
        TryLaterError: A run of an earlier version is under way.
        TargetError: The store or a file cannot be used.
    """
    place = folder.ledgers
    if place.is_symlink() or not place.is_dir():
        return None
    interrupted = 0
    with usable(place):
        journals = sorted(place.glob("*/*/journal.jsonl"))
        # First all of them: what is taken over while another run goes on would be out of date.
        # A run that has just begun has a lock, and no journal yet.
        for export in sorted({path.parent for path in (*place.glob("*/*/lock"), *journals)}):
            with _locked(export / "lock"):
                pass
        if key := _key(place / "key"):
            # That of the store stays; what another one hides is sent again.
            secret(database, LEDGER_KEY, lambda: key)
        for journal in journals:
            interrupted += _take_over(database, journal)
        aside = _put_aside(place)
    if not interrupted:
        return None
    return f"what {counted(interrupted, 'interrupted export')} had sent ({aside})"


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock of an export, as a run of an earlier version does."""
    lock = FileLock(path, timeout=0, mode=PRIVATE_FILE)
    try:
        lock.acquire()
    except Timeout:
        raise TryLaterError(
            "A run of an earlier version is under way. Run again when it has ended, or end the "
            f"process that holds {lock.lock_file}"
        ) from None
    try:
        yield
    finally:
        lock.release()


def _take_over(database: Database, journal: Path) -> bool:
    """Take over one journal; return whether there is something to take up."""
    with _locked(journal.with_name("lock")):
        own = {"account": journal.parent.parent.name, "export": journal.parent.name}
        found = _Journal(journal)
        return database.run(lambda connection: found.store(connection, own, database))


class _Journal:
    """What the lines of a journal tell, as rows.

    Attributes:
        runs: Rows of its runs; none when the last one has ended well.
        entries: Rows of what these have sent, by number.
        written_at: When the last line was written; None when that cannot be told.
    """

    def __init__(self, path: Path) -> None:
        self.runs: list[dict[str, Any]] = []
        self.entries: dict[int, dict[str, Any]] = {}
        self.written_at: float | None = None
        self._folder = path.parent
        self._newest: float | None = None
        # What a crash has left of a last line does not count.
        *whole, _torn = path.read_bytes().split(b"\n")
        try:
            self._replay(json.loads(line) for line in whole)
        except _DAMAGED:
            self.runs, self.entries, self.written_at = [], {}, None
            _logger.warning(
                "The journal of an interrupted run is damaged (%s), so what it has sent is sent "
                "again",
                path,
            )

    def store(self, connection: Connection, own: dict[str, str], database: Database) -> bool:
        """Put its rows into the store, unless that knows the export; return whether it has some."""
        is_own = (EXPORTS.c.account == own["account"]) & (EXPORTS.c.export == own["export"])
        known = connection.scalar(select(EXPORTS.c.written_at).where(is_own))
        # Where that cannot be told, nothing that others have sent before may stand.
        at = database.now(connection) if self.written_at is None else self.written_at
        if known is not None:
            if at > known:
                _overtake(connection, own, at)
            return False
        connection.execute(insert(EXPORTS).values(own | {"written_at": at}))
        for run in self.runs:
            connection.execute(insert(OPEN_RUNS).values(own | run))
        for number, entry in self.entries.items():
            connection.execute(insert(ENTRIES).values(own | entry))
            with suppress(FileNotFoundError):
                said = (self._folder / f"{number}.fingerprints").read_bytes()
                connection.execute(
                    insert(FINGERPRINTS).values(own | {"number": number, "said": said})
                )
        return bool(self.runs)

    def _replay(self, lines: Iterator[Mapping[str, Any]]) -> None:
        for line in lines:
            self.written_at = _moment(line["at"])
            if line["line"] == "end":
                self.runs, self.entries = [], {}
            elif line["line"] == "run":
                key = _text(line["key"]) if "key" in line else None
                run = {"run": _text(line["run"]), "key": key, "begun_at": self.written_at}
                self.runs = [*(each for each in self.runs if each["run"] != run["run"]), run]
            elif line["line"] == "sent":
                self._sent(line)
            elif line["line"] == "accepted":
                self._accepted(self.entries[line["number"]], line)
            elif line["line"] in {"not taken", "lost", "settled"}:
                self.entries[line["number"]]["state"] = line["line"]

    def _sent(self, line: Mapping[str, Any]) -> None:
        number = _count(line["number"])
        self.entries[number] = {
            "number": number,
            "content": _text(line["content"]),
            "stream": _text(line["stream"]),
            "rows": _count(line["rows"]),
            "began_at": self.written_at,
            "newest_before": self._newest,
            # Versions before 0.5 wrote none.
            "file_name": _text(line.get("file_name", "")),
            "state": "sent",
            "activity_id": "",
            "created_at": None,
        }

    def _accepted(self, entry: dict[str, Any], line: Mapping[str, Any]) -> None:
        made = _moment(line["created_at"]) if line["created_at"] else None
        self._newest = max(filter(None, (self._newest, made)), default=None)
        entry |= {"state": "accepted", "created_at": made}
        entry["activity_id"] = _text(line["activity_id"])


def _overtake(connection: Connection, own: dict[str, str], at: float) -> None:
    """Note that an earlier version has gone on with an export that the store knows.

    As another export to the account: nothing that the store knows to be sent before may stand.
    """
    other = own | {"export": f"{own['export']} of an earlier version"}
    connection.execute(delete(EXPORTS).filter_by(**other))
    connection.execute(insert(EXPORTS).values(other | {"written_at": at}))


def _put_aside(place: Path) -> str:
    """Rename the folder, without the key: what is left tells nobody whom it is about."""
    (place / "key").unlink(missing_ok=True)
    names: Iterable[str] = (f"{place.name}.old{number or ''}" for number in range(1_000))
    aside = next(path for name in names if not (path := place.with_name(name)).exists())
    place.rename(aside)
    return f"{place.name} is now {aside.name}"


def _key(path: Path) -> str:
    """The key in a file; empty when there is none."""
    with suppress(FileNotFoundError, ValueError):
        text = path.read_text(encoding="ascii").strip()
        if len(bytes.fromhex(text)) == _KEY_BYTES:
            return text
    return ""


def _text(value: object) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise ValueError(value)
    value.encode()
    return value


def _count(value: object) -> int:
    if not isinstance(value, int) or not 0 <= value < _TOO_MANY:
        raise ValueError(value)
    return value


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
