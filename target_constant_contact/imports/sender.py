"""Sends batches, and notes whether the service has taken them."""

from __future__ import annotations

import logging
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

from target_constant_contact.api.activities import ActivitiesApi
from target_constant_contact.events.kinds import ImportSent, LimitWaited
from target_constant_contact.exceptions import (
    LostAnswerError,
    QueueFullError,
    ServiceUnavailableError,
    TargetError,
)
from target_constant_contact.imports.bodies import without_content
from target_constant_contact.log_fields import fields

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from target_constant_contact.api.models import Activity
    from target_constant_contact.batches.batch import ImportBatch, ImportFormat
    from target_constant_contact.imports.bodies import Bodies
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

    def import_json(self, body: bytes, *, on_turn: Callable[[], None]) -> Activity:
        """Start an import of an encoded JSON body."""

    def import_csv(
        self,
        name: str,
        file: bytes,
        list_ids: Sequence[str],
        permission: str | None = None,
        *,
        on_turn: Callable[[], None],
    ) -> Activity:
        """Start an import of a CSV file."""


class Sender:
    """Sends batches and notes what the service answers, in the ledger and in the schedule.

    Several threads may send at a time.

    Args:
        api: The API.
        ledger: The ledger of the export, opened.
        import_format: How batches are encoded.
        progress: The schedule.
        waiting: How is waited for the service.
        bodies: Where what is needed later is kept.
        on_turn: Called with each batch when it is its turn, right before it goes out.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what it brings together
        self,
        api: ImportsApi,
        ledger: Ledger,
        import_format: ImportFormat,
        progress: Progress,
        waiting: Waiting,
        bodies: Bodies,
        on_turn: Callable[[ImportBatch], None],
    ) -> None:
        self._api = api
        self._ledger = ledger
        self._import_format = import_format
        self._progress = progress
        self._waiting = waiting
        self._bodies = bodies
        self._on_turn = on_turn
        self._queue_full_since: float | None = None
        self._losses: Counter[int] = Counter()

    def send(self, waited: ImportBatch) -> None:
        """Send a batch whose turn it is."""
        batch = self._bodies.take_back(waited)
        self._bodies.keep(batch)
        # The ledger comes first: a run that is killed now must leave a trace of what it has sent.
        entry = self._ledger.begin(batch, self._import_format)
        try:
            activity = self._start_import(batch, entry)
        except LostAnswerError as error:
            self._note_loss(batch, entry, error)
        except QueueFullError as error:
            self._ledger.not_taken(entry)
            self._pause(batch, error)
        except TargetError as error:
            self._ledger.not_taken(entry)
            # In this order: who waits for the last batch must not find it gone and nothing wrong.
            self._progress.fail(error)
            with self._progress.change() as schedule:
                schedule.not_accepted(batch, retry=False)
        else:
            self._queue_full_since = None
            self.accepted(batch, entry, activity)

    def accepted(self, batch: ImportBatch, entry: Entry, activity: Activity) -> None:
        """Note that the service has taken a batch, as an answer or a look at it has told."""
        self._ledger.accept(entry, activity)
        sent, now = without_content(batch), self._waiting.clock()
        place = batch.destination
        # Before it can be polled: nobody is to hear of its end first.
        self._waiting.events.tell(
            ImportSent(
                activity.activity_id, place.stream, place.list_ids, batch.rows, len(batch.body)
            )
        )
        with self._progress.change() as schedule:
            schedule.submitted(sent, entry, activity.activity_id, now)

    def _start_import(self, batch: ImportBatch, entry: Entry) -> Activity:
        on_turn = partial(self._go_out, batch)
        if self._import_format == "csv":
            lists, permission = batch.destination.list_ids, batch.sms_permission
            return self._api.import_csv(
                entry.file_name, batch.body, lists, permission, on_turn=on_turn
            )
        return self._api.import_json(batch.body, on_turn=on_turn)

    def _go_out(self, batch: ImportBatch) -> None:
        # It may have waited since it was noted: for a token, or as the service throttles.
        self._ledger.raise_if_lost()
        self._on_turn(batch)

    def _note_loss(self, batch: ImportBatch, entry: Entry, error: LostAnswerError) -> None:
        """Let it be found out what became of the batch before anything else is sent."""
        self._losses[batch.number] += 1
        losses = self._losses[batch.number]
        told = fields(stream=batch.destination.stream, rows=batch.rows)
        _logger.warning("%s; looking among the recent activities", error, extra=told)
        with self._progress.change() as schedule:
            schedule.lost(batch, entry, self._waiting.clock(), losses - 1)
        if losses >= MAX_LOSSES:
            is_named = self._import_format == "csv"
            hint = "" if is_named else ", or set import_format to csv, whose imports are recognized"
            self._progress.fail(
                ServiceUnavailableError(
                    f"{error}, {losses} times in a row. Start the run again later{hint}; see "
                    "https://status.constantcontact.com"
                )
            )

    def _pause(self, batch: ImportBatch, error: QueueFullError) -> None:
        """Let the service's queue drain before the batch is tried again."""
        now = self._waiting.clock()
        since = self._queue_full_since = self._queue_full_since or now
        if now - since > self._waiting.timeout_seconds:
            self._progress.fail(error)
        else:
            told = fields(wait_seconds=QUEUE_FULL_SECONDS)
            _logger.warning("%s Trying again in %g s.", error, QUEUE_FULL_SECONDS, extra=told)
            self._waiting.events.tell(LimitWaited("queue", QUEUE_FULL_SECONDS))
        with self._progress.change() as schedule:
            schedule.not_accepted(batch, retry=True)
            schedule.pause(now + QUEUE_FULL_SECONDS)
