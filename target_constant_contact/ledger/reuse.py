"""Decides which imports of an interrupted run may stand, so that they need not be repeated."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from target_constant_contact.batches.fingerprints import contradicted
from target_constant_contact.ledger.fingerprint_files import FingerprintFiles
from target_constant_contact.ledger.journal import DamagedJournalError, Journal
from target_constant_contact.ledger.settlement import settle

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from target_constant_contact.api.models import Activity
    from target_constant_contact.batches.batch import ImportBatch
    from target_constant_contact.ledger.entry import Entry


def what_may_stand(
    folder: Path, entries: Iterable[Entry], completed: Mapping[int, Activity]
) -> dict[str, list[int]]:
    """Find the imports that need not be repeated.

    An import may stand when all of its rows have landed or belong to people who unsubscribed, and
    no later entry says something else about one of its people.

    Args:
        folder: Folder of the export.
        entries: The entries of interrupted runs, in the order of sending.
        completed: Their completed activities, by the number of the entry.

    Returns:
        Numbers of entries by their content, in the order of sending.
    """
    if not completed:
        return {}
    sent = [entry for entry in entries if entry.may_have_landed]
    files = FingerprintFiles(folder)
    overruled = contradicted([files.load(entry) for entry in sent])
    found: dict[str, list[int]] = defaultdict(list)
    for place, entry in enumerate(sent):
        activity = completed.get(entry.number)
        if activity and place not in overruled:
            settlement = settle(entry.rows, activity.counters)
            if not settlement.refused and not settlement.unexplained:
                found[entry.content].append(entry.number)
    return found


def contradict(folder: Path, entries: Iterable[Entry], batch: ImportBatch) -> bool:
    """Whether one of these entries says something else about a person in a batch."""
    for entry in entries:
        if entry.may_have_landed:
            said = FingerprintFiles(folder).load(entry)
            if said is None or said.contradict(batch.fingerprints):
                return True
    return False


def is_overtaken(folder: Path, entry: Entry) -> bool:
    """Whether another export to the account has sent anything since an entry.

    What this export says again belongs on top of that.

    Args:
        folder: Folder of the export; those of others are beside it.
        entry: What may stand otherwise.
    """
    return entry.began_at <= _last_trace_of_others(folder)


def _last_trace_of_others(own: Path) -> datetime:
    """When another export to the account has last written to its journal."""
    last = datetime.min.replace(tzinfo=UTC)
    for folder in own.parent.iterdir():
        if folder == own or not folder.is_dir():
            continue
        try:
            for line in Journal(folder / "journal.jsonl").read():
                last = max(last, datetime.fromisoformat(line["at"]))
        except (OSError, DamagedJournalError, KeyError, TypeError, ValueError):
            # Nobody knows what it has sent.
            return datetime.max.replace(tzinfo=UTC)
    return last
