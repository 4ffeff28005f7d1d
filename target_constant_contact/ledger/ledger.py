"""The ledger of what was sent: how an interrupted run is taken up.

Every batch that is sent has an entry, written before it is sent and again when the service has
answered. A run that is interrupted leaves its entries behind; the next run of the same export
goes on where it stopped: a batch with the same content that has been imported already is settled
by that import instead of being sent again. A run that ends well removes its entries, so the
repetition of the same data on the next night is really sent.

It is kept in the store: keyed hashes, counts, times, random names and the service's ids; no
personal data.
"""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from target_constant_contact.ledger.entries import Entries
from target_constant_contact.ledger.entry import Entry, content_of, new_file_name
from target_constant_contact.ledger.hidden_fingerprints import HiddenFingerprints
from target_constant_contact.ledger.installation_key import InstallationKey, new_key
from target_constant_contact.ledger.reuse import Reuse
from target_constant_contact.ledger.run_lock import take_run_lock

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_constant_contact.api.models import Activity
    from target_constant_contact.batches.batch import ImportBatch, ImportFormat
    from target_constant_contact.ledger.entry import State
    from target_constant_contact.store.database import Database
    from target_constant_contact.waiting import Waiting

_logger = logging.getLogger("target-constant-contact")


class ClosedLedgerError(Exception):
    """Something came after the end of the run: the ledger may be that of the next one by now."""


class Ledger:
    """What the runs of one export have sent, in the store.

    Only one run of an export has the ledger open at a time, over all machines that share the
    store. Its methods may be called from several threads.

    Args:
        database: The store; not closed with this.
        export: Keys of the account, and of the export among those to it.
        run: Name of this run.

    Attributes:
        interrupted_runs: Names of the runs that are taken up, the latest last.

    Raises:
        TargetError: From every method that writes: the store cannot be used, or another machine
            may be running the export by now.
        ClosedLedgerError: From every method that writes, once it is closed.
    """

    def __init__(self, database: Database, export: tuple[str, str], run: str) -> None:
        # Not before: what is imported for the help of a command need not load SQLAlchemy.
        from target_constant_contact.store.ledger import LedgerRows  # noqa: PLC0415
        from target_constant_contact.store.secrets import LEDGER_KEY, secret  # noqa: PLC0415

        self._run = run
        self._rows = LedgerRows(database, *export)
        key = InstallationKey(lambda: secret(database, LEDGER_KEY, new_key))
        self._fingerprints = HiddenFingerprints(self._rows, key)
        self._entries = Entries()
        self._reuse = Reuse(self._rows, self._fingerprints)
        self._lock = threading.RLock()
        self._is_closed = False
        self._is_old = False
        """Whether version 0.5 has sent some of it."""
        self.interrupted_runs: tuple[str, ...] = ()

    def open(self, waiting: Waiting) -> None:
        """Keep other runs of the export out, and read what an interrupted one has left.

        Args:
            waiting: How another run is waited for.

        Raises:
            TryLaterError: Another run has not ended in time.
        """
        take_run_lock(self._rows, waiting)
        self._recall()
        self._rows.begin(self._run, self._fingerprints.key.name)

    @property
    def accepted(self) -> tuple[Entry, ...]:
        """What interrupted runs have sent and the service has accepted."""
        with self._lock:
            return self._entries.of_interrupted_runs("accepted", "settled")

    @property
    def in_doubt(self) -> tuple[Entry, ...]:
        """What interrupted runs have sent without seeing an answer."""
        with self._lock:
            return self._entries.of_interrupted_runs("sent")

    @property
    def unsettled(self) -> tuple[Entry, ...]:
        """What this run has sent and the service has accepted, and that is not settled."""
        with self._lock:
            return tuple(one for one in self._entries.of_this_run() if one.state == "accepted")

    def has_activity(self, activity_id: str) -> bool:
        """Whether an activity belongs to an entry."""
        return self._entries.has_activity(activity_id)

    def confirm(self, entry: Entry, activity: Activity | None) -> None:
        """Note what the service says of an entry of an interrupted run.

        Args:
            entry: The entry.
            activity: Its activity, ended; None when the service does not know it, or has not
                taken the batch.
        """
        with self._lock:
            if activity and not entry.activity_id:
                self.accept(entry, activity)
            elif not entry.activity_id:
                self.lose(entry)
            if activity and activity.state == "completed":
                self._reuse.add(entry, activity)

    def begin(self, batch: ImportBatch, import_format: ImportFormat) -> Entry:
        """Note that a batch is going to be sent; stored for good when this returns."""
        with self._lock:
            self._raise_if_closed()
            newest = self._entries.newest
            row = {
                "number": self._entries.next_number,
                "content": content_of(batch, import_format, self._fingerprints.key),
                "stream": batch.destination.stream,
                "rows": batch.rows,
                "file_name": new_file_name(import_format),
                "state": "sent",
                "activity_id": "",
                "newest_before": newest.timestamp() if newest else None,
            }
            said = self._fingerprints.hide(batch.fingerprints)
            entry = _entry(row | {"created_at": None, "began_at": self._rows.add(row, said)})
            self._entries.add(entry)
            return entry

    def raise_if_lost(self) -> None:
        """Let nothing be sent any more when another machine may be running the export by now."""
        # Not with a file: its lock stays, and a write of another thread would be waited for.
        if self._rows.can_lose_lock:
            with self._lock:
                self._raise_if_closed()
                self._rows.raise_if_lost()

    def accept(self, entry: Entry, activity: Activity) -> None:
        """Note that the service has accepted a batch; stored for good when this returns."""
        made = activity.created_at
        with self._lock:
            self._raise_if_closed()
            self._entries.accept(entry.number, activity.activity_id, made)
            self._rows.change(
                entry.number,
                durable=True,
                state="accepted",
                activity_id=activity.activity_id,
                created_at=made.timestamp() if made else None,
            )

    def not_taken(self, entry: Entry) -> None:
        """Note that the service has surely not accepted a batch."""
        self._note(entry, "not taken")

    def lose(self, entry: Entry) -> None:
        """Note that no import was found of a batch that got no answer."""
        self._note(entry, "lost")

    def settle(self, entry: Entry) -> None:
        """Note that an import has been completed and counted."""
        self._note(entry, "settled")

    @property
    def has_nothing_to_take_up(self) -> bool:
        """Whether :meth:`take_up` is not worth asking, now or later."""
        # Nothing is ever added. No lock: another thread may be writing, which takes its time.
        return self._reuse.is_over

    def take_up(self, batch: ImportBatch, import_format: ImportFormat) -> Activity | None:
        """The completed import of an interrupted run that has sent just this batch.

        It counts once, and only when nothing that was sent after it says something else about
        one of its people, and all of its rows have landed or belong to people who unsubscribed.
        """
        with self._lock:
            self._raise_if_closed()
            for key in (
                (self._fingerprints.key, None) if self._is_old else (self._fingerprints.key,)
            ):
                content = content_of(batch, import_format, key)
                if found := self._reuse.take(content, batch.fingerprints, self._entries):
                    return found[1]
            return None

    def finish(self) -> None:
        """End the run well: nothing of it is to be taken up by a later one."""
        with self._lock:
            self._raise_if_closed()
            self._rows.end()

    def close(self) -> None:
        """Let the next run of the export go on."""
        with self._lock:
            self._is_closed = True
            self._rows.release()

    def _recall(self) -> None:
        """Read what interrupted runs have left."""
        runs = self._rows.open_runs()
        self.interrupted_runs = tuple(run for run, _ in runs)
        self._entries.take_up(map(_entry, self._rows.entries()))
        keys = {key for _, key in runs}
        self._is_old = None in keys
        if keys - {None, self._fingerprints.key.name}:
            _logger.warning(
                "The store's ledger key is not that of the interrupted run, so what that has sent "
                "cannot be recognised; it is sent again"
            )

    def _note(self, entry: Entry, state: State) -> None:
        """Note a state; the loss of it in a crash costs a question to the service."""
        with self._lock:
            self._raise_if_closed()
            self._entries.set_state(entry.number, state)
            self._rows.change(entry.number, durable=False, state=state)

    def _raise_if_closed(self) -> None:
        if self._is_closed:
            raise ClosedLedgerError(self._run)


def _entry(row: Mapping[str, Any]) -> Entry:
    """The entry of a row of the store."""
    names = ("number", "content", "stream", "rows", "file_name", "state", "activity_id")
    moments = ("began_at", "newest_before", "created_at")
    found: dict[str, Any] = {name: row[name] for name in names}
    return Entry(**found, **{name: _moment(row[name]) for name in moments})


def _moment(timestamp: float | None) -> Any:
    return None if timestamp is None else datetime.fromtimestamp(timestamp, UTC)
