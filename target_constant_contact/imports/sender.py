"""Sends batches, and notes whether the service has taken them."""

from __future__ import annotations

import logging
from collections import Counter
from typing import TYPE_CHECKING, Final, Protocol

from target_constant_contact.api.activities import ActivitiesApi
from target_constant_contact.exceptions import (
    LostAnswerError,
    QueueFullError,
    ServiceUnavailableError,
    TargetError,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from target_constant_contact.api.models import Activity
    from target_constant_contact.batches.batch import ImportBatch, ImportFormat
    from target_constant_contact.imports.progress import Progress
    from target_constant_contact.ledger.entry import Entry
    from target_constant_contact.ledger.ledger import Ledger
    from target_constant_contact.waiting import Waiting

QUEUE_FULL_SECONDS: Final = 15.0
"""Wait after "1,000 queued activities" before a batch is tried again, unless one of our own
activities ends earlier."""
MAX_LOSSES: Final = 6
"""How often a batch may get no answer before the run is given up."""

_logger = logging.getLogger("target-constant-contact")


class ImportsApi(ActivitiesApi, Protocol):
    """What imports ask of the API."""

    def import_json(self, body: bytes) -> Activity:
        """Start an import of an encoded JSON body."""

    def import_csv(
        self, name: str, file: bytes, list_ids: Sequence[str], permission: str | None = None
    ) -> Activity:
        """Start an import of a CSV file."""


class Sender:
    """Sends batches and notes what the service answers, in the ledger and in the schedule.

    Args:
        api: The API.
        ledger: The ledger of the export, opened.
        import_format: How batches are encoded.
        progress: The schedule.
        waiting: How is waited for the service.

    Attributes:
        newest: Creation of the activity that was accepted last, by the service's clock; None
            when there was none, or it was not told.
    """

    def __init__(
        self,
        api: ImportsApi,
        ledger: Ledger,
        import_format: ImportFormat,
        progress: Progress,
        waiting: Waiting,
    ) -> None:
        self.newest: datetime | None = None
        self._api = api
        self._ledger = ledger
        self._import_format = import_format
        self._progress = progress
        self._waiting = waiting
        self._queue_full_since: float | None = None
        self._losses: Counter[int] = Counter()

    def send(self, batch: ImportBatch) -> None:
        """Send a batch whose turn it is."""
        # The ledger comes first: a run that is killed now must leave a trace of what it has sent.
        entry = self._ledger.begin(batch, self._import_format)
        try:
            activity = self._start_import(batch, entry)
        except LostAnswerError as error:
            self._note_loss(batch, entry, error)
        except QueueFullError as error:
            self._ledger.not_taken(entry)
            self._pause(error)
        except TargetError as error:
            self._ledger.not_taken(entry)
            with self._progress.change() as schedule:
                schedule.not_accepted(retry=False)
            self._progress.fail(error)
        else:
            self._queue_full_since = None
            self.accepted(batch, entry, activity)

    def accepted(self, batch: ImportBatch, entry: Entry, activity: Activity) -> None:
        """Note that the service has taken a batch, as an answer or a look at it has told."""
        self._ledger.accept(entry, activity)
        self.newest = activity.created_at or self.newest
        with self._progress.change() as schedule:
            schedule.submitted(batch, entry, activity.activity_id, self._waiting.clock())

    def _start_import(self, batch: ImportBatch, entry: Entry) -> Activity:
        if self._import_format == "csv":
            return self._api.import_csv(
                entry.file_name, batch.body, batch.destination.list_ids, batch.sms_permission
            )
        return self._api.import_json(batch.body)

    def _note_loss(self, batch: ImportBatch, entry: Entry, error: LostAnswerError) -> None:
        """Let it be found out what became of the batch before anything else is sent."""
        self._losses[batch.number] += 1
        losses = self._losses[batch.number]
        _logger.warning("%s; looking among the recent activities", error)
        with self._progress.change() as schedule:
            schedule.lost(entry, self._waiting.clock(), losses - 1)
        if losses >= MAX_LOSSES:
            is_named = self._import_format == "csv"
            hint = "" if is_named else ", or set import_format to csv, whose imports are recognized"
            self._progress.fail(
                ServiceUnavailableError(
                    f"{error}, {losses} times in a row. Start the run again later{hint}; see "
                    "https://status.constantcontact.com"
                )
            )

    def _pause(self, error: QueueFullError) -> None:
        """Let the service's queue drain before the batch is tried again."""
        now = self._waiting.clock()
        since = self._queue_full_since = self._queue_full_since or now
        too_long = now - since > self._waiting.timeout_seconds
        with self._progress.change() as schedule:
            schedule.not_accepted(retry=not too_long)
            schedule.pause(now + QUEUE_FULL_SECONDS)
        if too_long:
            self._progress.fail(error)
        else:
            _logger.warning("%s Trying again in %g s.", error, QUEUE_FULL_SECONDS)
