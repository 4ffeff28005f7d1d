"""The journal of what was sent: how an interrupted run is taken up.

Every batch that is sent has an entry, written before it is sent and again when the service has
answered. A run that is interrupted leaves its entries behind; the next run of the same export
goes on where it stopped: a batch with the same content that has been imported already is settled
by that import instead of being sent again. A run that ends well ends the journal too, so the
repetition of the same data on the next night is really sent.

The journal holds hashes, counts, times and the service's ids; no personal data.
"""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from target_constant_contact.exceptions import SettingsError, TryLaterError
from target_constant_contact.files import PRIVATE_FILE, make_private_folder
from target_constant_contact.ledger.entry import Entry
from target_constant_contact.ledger.fingerprint_files import FingerprintFiles
from target_constant_contact.ledger.journal import DamagedJournalError, Journal
from target_constant_contact.ledger.reuse import contradict, is_overtaken, what_may_stand
from target_constant_contact.waiting import SLICE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from target_constant_contact.api.models import Activity
    from target_constant_contact.batches.batch import ImportBatch, ImportFormat
    from target_constant_contact.waiting import Waiting

_logger = logging.getLogger("target-constant-contact")


def export_key(facts: Mapping[str, Any]) -> str:
    """A name for what these facts describe: 16 hexadecimal digits."""
    text = json.dumps(facts, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class Ledger:
    """What the runs of one export have sent, on disk.

    Only one run of an export has the ledger open at a time. Its methods may be called from
    several threads.

    Args:
        folder: Folder of the export; those of other exports to the same account are beside it.
        run: Name of this run.
        now: Returns the time, with its zone.

    Attributes:
        interrupted_runs: Names of the runs that are taken up, the latest last.

    Raises:
        SettingsError: From every method that writes: the folder cannot be written.
    """

    def __init__(
        self, folder: Path, run: str, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._folder = folder
        self._run = run
        self._now = now
        self._journal = Journal(folder / "journal.jsonl")
        self._file_lock = FileLock(folder / "lock", mode=PRIVATE_FILE, thread_local=False)
        self._lock = threading.RLock()
        self._fingerprints = FingerprintFiles(folder)
        self._entries: dict[int, Entry] = {}
        self._ids: set[str] = set()
        self._earlier = 0
        self._completed: dict[int, Activity] = {}
        self._to_take_up: dict[str, list[int]] | None = None
        self._told_of_others = False
        self.interrupted_runs: tuple[str, ...] = ()

    def open(self, waiting: Waiting) -> None:
        """Keep other runs of the export out, and read what an interrupted one has left.

        Args:
            waiting: How another run is waited for.

        Raises:
            TryLaterError: Another run has not ended in this time.
        """
        with self._errors_explained():
            make_private_folder(self._folder)
            self._wait_for_lock(waiting)
            if self._recall():
                self._journal.append(self._line("run", run=self._run), durable=True)
            else:
                self._fingerprints.delete()
                self._journal.begin(self._line("run", run=self._run))

    @property
    def accepted(self) -> tuple[Entry, ...]:
        """What interrupted runs have sent and the service has accepted."""
        return self._left("accepted", "settled")

    @property
    def in_doubt(self) -> tuple[Entry, ...]:
        """What interrupted runs have sent without seeing an answer."""
        return self._left("sent")

    def knows(self, activity_id: str) -> bool:
        """Whether an activity belongs to an entry."""
        return activity_id in self._ids

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
                self._completed[entry.number] = activity

    def begin(self, batch: ImportBatch, import_format: ImportFormat) -> Entry:
        """Note that a batch is going to be sent; on disk when this returns."""
        with self._lock, self._errors_explained():
            entry = Entry(
                number=max(self._entries, default=0) + 1,
                content=_content(batch, import_format),
                stream=batch.destination.stream,
                rows=batch.rows,
                began_at=self._now().astimezone(UTC),
            )
            self._fingerprints.save(entry, batch.fingerprints)
            self._entries[entry.number] = entry
            line = self._line(
                "sent",
                number=entry.number,
                content=entry.content,
                stream=entry.stream,
                rows=entry.rows,
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
        with self._lock, self._errors_explained():
            self._apply(line)
            self._journal.append(line, durable=True)

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
        return self._to_take_up is not None and not self._to_take_up

    def take_up(self, batch: ImportBatch, import_format: ImportFormat) -> Activity | None:
        """The completed import of an interrupted run that has sent just this batch.

        It counts once, and only when nothing that was sent after it says something else about
        one of its people, and all of its rows have landed or belong to people who unsubscribed.
        """
        with self._lock:
            if self._to_take_up is None:
                self._to_take_up = self._what_may_stand()
            numbers = self._to_take_up.get(_content(batch, import_format), [])
            while numbers and is_overtaken(self._folder, self._entries[numbers[0]]):
                self._tell_of_others()
                numbers.pop(0)
            if not numbers or contradict(self._folder, self._sent_by_this_run(), batch):
                return None
            number = numbers.pop(0)
            self._note(self._line("taken up", number=number))
            return self._completed[number]

    def finish(self) -> None:
        """End the journal: nothing in it is to be taken up by a later run."""
        with self._lock, self._errors_explained():
            self._journal.append(self._line("end"), durable=True)
            self._fingerprints.delete()

    def close(self) -> None:
        """Let the next run of the export go on."""
        with self._lock:
            self._journal.close()
            self._file_lock.release()

    def _wait_for_lock(self, waiting: Waiting) -> None:
        deadline = waiting.clock() + waiting.timeout_seconds
        told = False
        while True:
            try:
                self._file_lock.acquire(timeout=0)
            except Timeout:
                pass
            else:
                return
            if waiting.clock() >= deadline:
                raise TryLaterError(
                    f"{self._holder()} of the same export has not ended in "
                    f"{waiting.timeout_minutes:g} minutes (import_timeout_minutes). Start the "
                    "run again when it has, or end it"
                )
            if not told:
                _logger.info("%s of the same export is under way; waiting", self._holder())
                told = True
            waiting.raise_if_stopped()
            waiting.sleep(SLICE_SECONDS)

    def _holder(self) -> str:
        """What to call the run that has begun last."""
        with suppress(OSError, DamagedJournalError):
            names = [line.get("run") for line in self._journal.read() if line.get("line") == "run"]
            if names and names[-1]:
                return f"Run {names[-1]}"
        return "Another run"

    def _recall(self) -> bool:
        """Read what an interrupted run has left; False when there is nothing to take up."""
        try:
            lines = self._journal.read()
            if not lines or lines[-1].get("line") == "end":
                return False
            self._replay(lines)
        except (DamagedJournalError, KeyError, TypeError, ValueError):
            self._put_aside()
            return False
        return True

    def _put_aside(self) -> None:
        aside = self._folder / f"journal.damaged-{self._run}.jsonl"
        self._journal.path.rename(aside)
        self._entries.clear()
        self._ids.clear()
        _logger.warning(
            "The journal of an interrupted run is damaged, so what it has sent is sent again; it "
            "is kept as %s",
            aside,
        )

    def _replay(self, lines: list[dict[str, Any]]) -> None:
        for line in lines:
            self._apply(line)
        self._earlier = max(self._entries, default=0)
        self.interrupted_runs = tuple(
            str(line["run"]) for line in lines if line.get("line") == "run"
        )

    def _apply(self, line: Mapping[str, Any]) -> None:
        """Change the entries as a line says."""
        kind, number = line.get("line"), line.get("number")
        if kind == "sent":
            self._entries[line["number"]] = Entry(
                number=line["number"],
                content=line["content"],
                stream=line["stream"],
                rows=line["rows"],
                began_at=datetime.fromisoformat(line["at"]),
            )
        elif kind == "accepted":
            made = line["created_at"]
            self._ids.add(line["activity_id"])
            self._entries[line["number"]] = replace(
                self._entries[line["number"]],
                state="accepted",
                activity_id=line["activity_id"],
                created_at=datetime.fromisoformat(made) if made else None,
            )
        elif kind in {"not taken", "lost", "settled"} and number is not None:
            self._entries[number] = replace(self._entries[number], state=kind)

    def _note(self, line: Mapping[str, Any]) -> None:
        """Write a line whose loss costs a question to the service and nothing else."""
        with self._lock, self._errors_explained():
            self._apply(line)
            self._journal.append(line, durable=False)

    def _left(self, *states: str) -> tuple[Entry, ...]:
        with self._lock:
            return tuple(
                entry
                for entry in self._entries.values()
                if entry.number <= self._earlier and entry.state in states
            )

    def _tell_of_others(self) -> None:
        if not self._told_of_others:
            _logger.info("Another export has sent since; what was sent before it is sent again")
        self._told_of_others = True

    def _what_may_stand(self) -> dict[str, list[int]]:
        earlier = [entry for entry in self._entries.values() if entry.number <= self._earlier]
        return what_may_stand(self._folder, earlier, self._completed)

    def _sent_by_this_run(self) -> Iterator[Entry]:
        return (entry for entry in self._entries.values() if entry.number > self._earlier)

    def _line(self, kind: str, **members: Any) -> dict[str, Any]:
        at = self._now().astimezone(UTC).isoformat(timespec="microseconds")
        return {"line": kind, "at": at, **members}

    @contextmanager
    def _errors_explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            fault = (
                f"data_dir: the journal in {self._folder} cannot be used ({error.strerror}); make "
                "room, or set data_dir to a folder that can be written, and run again"
            )
            raise SettingsError([fault]) from None


def _content(batch: ImportBatch, import_format: ImportFormat) -> str:
    """A hash of everything that makes two requests the same."""
    head = json.dumps([import_format, batch.destination.list_ids, batch.sms_permission])
    content = hashlib.sha256(head.encode() + b"\n")
    content.update(batch.body)
    return content.hexdigest()
