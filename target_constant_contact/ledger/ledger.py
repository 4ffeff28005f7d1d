"""The ledger of what was sent: how an interrupted run is taken up.

Every batch that is sent has an entry, written before it is sent and again when the service has
answered. A run that is interrupted leaves its entries behind; the next run of the same export
goes on where it stopped: a batch with the same content that has been imported already is settled
by that import instead of being sent again. A run that ends well ends the journal too, so the
repetition of the same data on the next night is really sent.

It is kept in a journal, which holds keyed hashes, counts, times, random names and the service's
ids; no personal data.
"""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from target_constant_contact.data_folder import JOURNAL_FILE, KEY_FILE, usable
from target_constant_contact.files import make_private_folder
from target_constant_contact.ledger.entries import Entries
from target_constant_contact.ledger.entry import Entry, content_of, new_file_name
from target_constant_contact.ledger.fingerprint_files import FingerprintFiles
from target_constant_contact.ledger.installation_key import InstallationKey
from target_constant_contact.ledger.journal import DamagedJournalError, Journal
from target_constant_contact.ledger.reuse import Reuse
from target_constant_contact.ledger.run_lock import RunLock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from target_constant_contact.api.models import Activity
    from target_constant_contact.batches.batch import ImportBatch, ImportFormat
    from target_constant_contact.waiting import Waiting

_logger = logging.getLogger("target-constant-contact")


def export_key(facts: Mapping[str, Any]) -> str:
    """A name for what these facts describe: 16 hexadecimal digits."""
    text = json.dumps(facts, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:16]


class Ledger:
    """What the runs of one export have sent, on disk.

    Only one run of an export has the ledger open at a time. Its methods may be called from
    several threads.

    Args:
        folder: Folder of the export; those of other exports to the same account are beside it, and
            beside their folder is the key of the installation.
        run: Name of this run.
        now: Returns the time, with its zone.

    Attributes:
        interrupted_runs: Names of the runs that are taken up, the latest last.

    Raises:
        StorageError: From every method that writes: a file cannot be used.
        ClosedJournalError: From every method that writes, once it is closed.
    """

    def __init__(
        self, folder: Path, run: str, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._run = run
        self._now = now
        self._journal = Journal(folder / JOURNAL_FILE)
        self._run_lock = RunLock(folder, self._journal)
        key = InstallationKey(folder.parents[1] / KEY_FILE)
        self._fingerprints = FingerprintFiles(folder, key)
        self._entries = Entries()
        self._reuse = Reuse(folder, self._fingerprints)
        self._lock = threading.RLock()
        self._is_old = False
        """Whether version 0.5 has written to the journal."""
        self.interrupted_runs: tuple[str, ...] = ()

    def open(self, waiting: Waiting) -> None:
        """Keep other runs of the export out, and read what an interrupted one has left.

        Args:
            waiting: How another run is waited for.

        Raises:
            TryLaterError: Another run has not ended in time.
        """
        with usable(self._journal.path):
            make_private_folder(self._journal.path.parent)
            self._run_lock.acquire(waiting)
            line = self._line("run", run=self._run, key=self._fingerprints.key.name)
            if self._recall():
                self._journal.append(line, durable=True)
            else:
                # First the files: once the journal has begun, the next run would keep them.
                self._fingerprints.delete()
                self._journal.begin(line)

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
        """Note that a batch is going to be sent; on disk when this returns."""
        with self._lock, usable(self._journal.path):
            # Its files may be those of the next run by now.
            self._journal.raise_if_closed()
            entry = Entry(
                number=self._entries.next_number,
                content=content_of(batch, import_format, self._fingerprints.key),
                stream=batch.destination.stream,
                rows=batch.rows,
                began_at=self._now().astimezone(UTC),
                file_name=new_file_name(import_format),
            )
            # First the file: an entry of which nothing is known keeps all before it from
            # standing.
            self._fingerprints.save(entry, batch.fingerprints)
            entry = self._entries.add(entry)
            line = self._line(
                "sent",
                number=entry.number,
                content=entry.content,
                stream=entry.stream,
                rows=entry.rows,
                file_name=entry.file_name,
            )
            at = entry.began_at.isoformat(timespec="microseconds")
            self._journal.append(line | {"at": at}, durable=True)
            return entry

    def accept(self, entry: Entry, activity: Activity) -> None:
        """Note that the service has accepted a batch; on disk when this returns."""
        made = activity.created_at
        line = self._line(
            "accepted",
            number=entry.number,
            activity_id=activity.activity_id,
            created_at=made.isoformat() if made else None,
        )
        self._note(line, durable=True)

    def not_taken(self, entry: Entry) -> None:
        """Note that the service has surely not accepted a batch."""
        self._note(self._line("not taken", number=entry.number))

    def lose(self, entry: Entry) -> None:
        """Note that no import was found of a batch that got no answer."""
        self._note(self._line("lost", number=entry.number))

    def settle(self, entry: Entry, activity: Activity) -> None:
        """Note that an import has been completed and counted."""
        line = self._line("settled", number=entry.number, counters=dict(activity.counters))
        self._note(line)

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
            for key in (
                (self._fingerprints.key, None) if self._is_old else (self._fingerprints.key,)
            ):
                content = content_of(batch, import_format, key)
                if found := self._reuse.take(content, batch.fingerprints, self._entries):
                    entry, activity = found
                    self._note(self._line("taken up", number=entry.number))
                    return activity
            return None

    def finish(self) -> None:
        """End the journal: nothing in it is to be taken up by a later run."""
        with self._lock, usable(self._journal.path):
            end = self._line("end")
            if self._is_old:
                # With nothing before it: the hashes of version 0.5 have no key.
                self._journal.begin(end)
            else:
                self._journal.append(end, durable=True)
            # After the line: as long as a run may be taken up, they are needed.
            self._fingerprints.delete()

    def close(self) -> None:
        """Let the next run of the export go on."""
        with self._lock:
            self._journal.close()
            self._run_lock.release()

    def _recall(self) -> bool:
        """Read what an interrupted run has left; False when there is nothing to take up."""
        try:
            lines = self._journal.read()
            if not lines or lines[-1].get("line") == "end":
                return False
            self._entries.replay(lines)
            runs = [line for line in lines if line.get("line") == "run"]
            self.interrupted_runs = tuple(str(line["run"]) for line in runs)
            keys = {line.get("key") for line in runs}
            self._is_old = None in keys
            if keys - {None, self._fingerprints.key.name}:
                _logger.warning(
                    "%s is not the key of the interrupted run, so what that has sent cannot be "
                    "recognised; it is sent again",
                    self._fingerprints.key.path,
                )
        except (DamagedJournalError, KeyError, TypeError, ValueError):
            self._put_aside()
            return False
        return True

    def _put_aside(self) -> None:
        aside = self._journal.path.parent / f"journal.damaged-{self._run}.jsonl"
        self._journal.path.rename(aside)
        self._entries = Entries()
        _logger.warning(
            "The journal of an interrupted run is damaged, so what it has sent is sent again; it "
            "is kept as %s",
            aside,
        )

    def _note(self, line: Mapping[str, Any], *, durable: bool = False) -> None:
        """Write a line; the loss of one that is not durable costs a question to the service."""
        with self._lock, usable(self._journal.path):
            self._entries.apply(line)
            self._journal.append(line, durable=durable)

    def _line(self, kind: str, **members: Any) -> dict[str, Any]:
        at = self._now().astimezone(UTC).isoformat(timespec="microseconds")
        return {"line": kind, "at": at, **members}
