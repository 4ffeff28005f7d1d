"""Sends batches, keeps several activities in flight, and settles them.

One thread does all the talking to the service while the main thread reads. The order of things is
decided by :class:`~target_constant_contact.imports.schedule.Flights`; this module carries it out.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from target_constant_contact.exceptions import (
    ApiError,
    ImportFailedError,
    LostAnswerError,
    QueueFullError,
    ServiceUnavailableError,
    TargetError,
    TryLaterError,
)
from target_constant_contact.imports import lost_answers
from target_constant_contact.imports.schedule import Flight, Flights, Look, Poll, Submit, Wait
from target_constant_contact.ledger.settlement import Settlement, read_counters
from target_constant_contact.waiting import SLICE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from target_constant_contact.api.models import Activity
    from target_constant_contact.batches.batch import ImportBatch, ImportFormat
    from target_constant_contact.imports.lost_answers import Doubt
    from target_constant_contact.ledger.entry import Entry
    from target_constant_contact.ledger.ledger import Ledger
    from target_constant_contact.waiting import Waiting

MAX_WAITING: Final = 4
"""Sealed batches that may wait to be sent before reading stops for them."""
QUEUE_FULL_SECONDS: Final = 15.0
"""Wait after "1,000 queued activities" before a batch is tried again, unless one of our own
activities ends earlier."""
MAX_LOSSES: Final = 6
"""How often a batch may get no answer before the run is given up."""

_NOT_FOUND: Final = 404
_ENDED_BADLY: Final = frozenset({"failed", "cancelled", "timed_out"})
_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SettledImport:
    """A batch whose import is completed.

    Attributes:
        batch: What was sent.
        activity: Its activity, with the service's counters.
        settlement: What became of its rows.
        seconds: From the submission to the poll that saw it completed.
        taken_up: An interrupted run had sent it; this one has not.
    """

    batch: ImportBatch
    activity: Activity
    settlement: Settlement
    seconds: float = 0.0
    taken_up: bool = False


class Client(Protocol):
    """What the importer asks of the API."""

    def import_json(self, body: bytes) -> Activity:
        """Start an import of an encoded JSON body."""

    def import_csv(
        self, file: bytes, list_ids: Sequence[str], sms_permission_to_send: str | None = None
    ) -> Activity:
        """Start an import of a CSV file."""

    def activity(self, activity_id: str) -> Activity:
        """The state of one activity."""

    def recent_activities(self) -> list[Activity]:
        """The state of the account's latest activities, in one request."""


class Importer:
    """The way of a sealed batch to a settled import.

    Args:
        client: The API.
        ledger: The journal of what is sent, opened.
        waiting: How is waited for the service.
        on_settled: Called with every completed import: in the importer's thread, or by
            :meth:`submit` for one that an interrupted run had sent.
        on_failed: Called once in the importer's thread when the run cannot succeed any more.
        import_format: How batches are encoded.
        max_in_flight: Activities that may be unfinished at a time.
    """

    def __init__(  # noqa: PLR0913 - two calls back and two settings, all by name
        self,
        client: Client,
        ledger: Ledger,
        waiting: Waiting,
        *,
        on_settled: Callable[[SettledImport], None],
        on_failed: Callable[[], None] = lambda: None,
        import_format: ImportFormat = "json",
        max_in_flight: int = 8,
    ) -> None:
        self._client = client
        self._ledger = ledger
        self._on_settled = on_settled
        self._on_failed = on_failed
        self._import_format = import_format
        self._waiting = waiting
        self._flights = Flights(max_in_flight, waiting.poll_seconds)
        self._changed = threading.Condition()
        self._failure: Exception | None = None
        self._stopped = False
        self._collection_helps = True
        self._queue_full_since: float | None = None
        self._newest: datetime | None = None
        self._losses: Counter[int] = Counter()
        self._thread = threading.Thread(target=self._run, name="importer", daemon=True)

    @property
    def failure(self) -> Exception | None:
        """Why the run cannot succeed any more; None as long as it can."""
        return self._failure

    def submit(self, batch: ImportBatch) -> None:
        """Queue a batch, unless an interrupted run has sent it; blocks while enough batches wait.

        Args:
            batch: A sealed batch.
        """
        if self._thread.ident is None:
            self._thread.start()
        with self._changed:
            while self._flights.waiting >= MAX_WAITING:
                self._wait()
            self.raise_failure()
            taken_up = self._take_up(batch)
            if taken_up is None:
                self._flights.add(batch)
                self._changed.notify_all()
        if taken_up:
            settlement = read_counters(batch.rows, taken_up.counters)
            self._on_settled(SettledImport(batch, taken_up, settlement, taken_up=True))

    def _take_up(self, batch: ImportBatch) -> Activity | None:
        """The completed activity of an interrupted run that has imported this batch.

        It does not count when something that says otherwise of one of its people is on its way.
        """
        if self._ledger.has_nothing_to_take_up or self._flights.contradict(batch):
            return None
        return self._ledger.take_up(batch, self._import_format)

    def finish(self) -> None:
        """Wait until every batch is settled; raises what made that impossible."""
        with self._changed:
            while self._flights.unsettled:
                self._wait()
            self.raise_failure()
            self._stop()

    def give_up(self, seconds: float) -> None:
        """Send nothing more; wait at most so long for what is in flight, then stop."""
        deadline = self._waiting.clock() + seconds
        with self._changed:
            self._flights.close()
            while self._flights.unsettled and self._thread.is_alive():
                left = deadline - self._waiting.clock()
                if left <= 0:
                    break
                self._changed.wait(min(left, SLICE_SECONDS))
            self._stop()

    def raise_failure(self) -> None:
        """Raise what made success impossible, if anything did."""
        if self._failure is not None:
            raise self._failure

    def _wait(self) -> None:
        self.raise_failure()
        self._waiting.raise_if_stopped()
        self._changed.wait(SLICE_SECONDS)

    def _stop(self) -> None:
        self._stopped = True
        self._changed.notify_all()

    def _run(self) -> None:
        try:
            while self._step():
                pass
        except Exception as error:  # noqa: BLE001 - the main thread raises it
            self._fail(error)

    def _step(self) -> bool:
        """Do the next thing; False when the thread has nothing left to do."""
        with self._changed:
            if self._stopped:
                return False
            step = self._flights.next_step(self._waiting.clock())
            if isinstance(step, Wait):
                self._changed.wait(step.seconds)
                return True
            if isinstance(step, Submit):
                self._flights.sending(step.batch)
        if isinstance(step, Submit):
            self._submit(step.batch)
        elif isinstance(step, Look):
            self._look(step.doubt)
        else:
            self._poll(step)
        return True

    def _submit(self, batch: ImportBatch) -> None:
        entry = self._ledger.begin(batch, self._import_format)
        try:
            activity = self._send(batch)
        except LostAnswerError as error:
            self._lost(batch, entry, error)
        except QueueFullError as error:
            self._ledger.not_taken(entry)
            self._pause(error)
        except TargetError as error:
            self._ledger.not_taken(entry)
            with self._changed:
                self._flights.not_accepted(retry=False)
            self._fail(error)
        else:
            self._queue_full_since = None
            self._accepted(batch, entry, activity)

    def _accepted(self, batch: ImportBatch, entry: Entry, activity: Activity) -> None:
        self._ledger.accept(entry, activity)
        self._newest = activity.created_at or self._newest
        with self._changed:
            self._flights.submitted(batch, entry, activity.activity_id, self._waiting.clock())
            self._changed.notify_all()

    def _lost(self, batch: ImportBatch, entry: Entry, error: LostAnswerError) -> None:
        """Find out what became of the batch before anything else is sent."""
        self._losses[batch.number] += 1
        losses = self._losses[batch.number]
        _logger.warning("%s; looking among the recent activities", error)
        with self._changed:
            self._flights.lost(entry, self._waiting.clock(), losses - 1)
        if losses >= MAX_LOSSES:
            self._fail(
                ServiceUnavailableError(
                    f"{error}, {losses} times in a row. Start the run again later; see "
                    "https://status.constantcontact.com"
                )
            )

    def _look(self, doubt: Doubt) -> None:
        """Look for a batch whose answer was lost; send it again when it is not there."""
        recent = self._client.recent_activities()
        now = self._waiting.clock()
        sighting = lost_answers.look(
            doubt.batch.rows, doubt.entry.began_at, self._newest, recent, self._ledger.has_activity
        )
        if sighting.found:
            activity_id = sighting.found.activity_id
            _logger.info("Activity %s is the import whose answer was lost", activity_id)
            self._accepted(doubt.batch, doubt.entry, sighting.found)
        elif doubt.missed + 1 >= lost_answers.LOOKS and not sighting.pending:
            self._ledger.lose(doubt.entry)
            with self._changed:
                self._flights.not_found()
                self._changed.notify_all()
        elif now - doubt.since > self._waiting.timeout_seconds:
            self._stays_lost(doubt)
        else:
            self._flights.looked(doubt, now, missed=not sighting.pending)

    def _stays_lost(self, doubt: Doubt) -> None:
        with self._changed:
            self._flights.close()
            self._flights.not_found()
        self._fail(
            TryLaterError(
                f"Whether Constant Contact has taken {doubt.batch.rows:,} rows of stream "
                f"{doubt.batch.destination.stream!r} could not be found out within "
                f"{self._waiting.timeout_minutes:g} minutes: activities that may be theirs are "
                "still unfinished. Start the run again later."
            )
        )

    def _send(self, batch: ImportBatch) -> Activity:
        if self._import_format == "csv":
            return self._client.import_csv(
                batch.body, batch.destination.list_ids, batch.sms_permission
            )
        return self._client.import_json(batch.body)

    def _pause(self, error: QueueFullError) -> None:
        """Let the service's queue drain before the batch is tried again."""
        now = self._waiting.clock()
        since = self._queue_full_since = self._queue_full_since or now
        too_long = now - since > self._waiting.timeout_seconds
        with self._changed:
            self._flights.not_accepted(retry=not too_long)
            self._flights.pause(now + QUEUE_FULL_SECONDS)
        if too_long:
            self._fail(error)
        else:
            _logger.warning("%s Trying again in %g s.", error, QUEUE_FULL_SECONDS)

    def _poll(self, step: Poll) -> None:
        answers = self._ask(step.flights)
        now = self._waiting.clock()
        for flight in self._flights.in_flight:
            activity = answers.get(flight.activity_id)
            if activity and activity.state == "completed":
                self._settle(flight, activity, now)
            elif activity and activity.state in _ENDED_BADLY:
                self._ended_badly(flight, activity)
            elif now - flight.submitted_at > self._waiting.timeout_seconds:
                self._timed_out(flight, activity)
            elif flight in step.flights:
                self._flights.polled(flight, now)

    def _ask(self, asked: Sequence[Flight]) -> dict[str, Activity]:
        """The state of these activities, in as few requests as possible."""
        answers: dict[str, Activity] = {}
        if len(asked) > 1 and self._collection_helps:
            answers = {found.activity_id: found for found in self._client.recent_activities()}
            # In which order the service lists activities is not documented: on an account with
            # many of them, the first page may not show ours.
            self._collection_helps = any(flight.activity_id in answers for flight in asked)
        for flight in asked:
            if flight.activity_id not in answers:
                try:
                    answers[flight.activity_id] = self._client.activity(flight.activity_id)
                except ApiError as error:
                    # Whether a new activity can be read at once is not documented.
                    if error.status != _NOT_FOUND:
                        raise
        return answers

    def _settle(self, flight: Flight, activity: Activity, now: float) -> None:
        settlement = read_counters(flight.batch.rows, activity.counters)
        seconds = now - flight.submitted_at
        self._on_settled(SettledImport(flight.batch, activity, settlement, seconds))
        self._ledger.settle(flight.entry, activity)
        self._finished(flight)

    def _ended_badly(self, flight: Flight, activity: Activity) -> None:
        message = (
            f"Import activity {activity.activity_id} ended as {activity.state!r}; "
            f"its {flight.batch.rows:,} rows of stream {flight.batch.destination.stream!r} were "
            "not imported. Start the run again; if it happens again, give the activity id to "
            "Constant Contact's support."
        )
        retry_later = activity.state == "timed_out"
        self._finished(flight)
        self._fail(TryLaterError(message) if retry_later else ImportFailedError(message))

    def _timed_out(self, flight: Flight, activity: Activity | None) -> None:
        state = repr(activity.state) if activity else "not found"
        self._finished(flight)
        self._fail(
            TryLaterError(
                f"Import activity {flight.activity_id} was not completed within "
                f"{self._waiting.timeout_minutes:g} minutes (it is {state}). Start the run "
                "again later, or raise import_timeout_minutes."
            )
        )

    def _finished(self, flight: Flight) -> None:
        with self._changed:
            self._flights.finished(flight)
            self._changed.notify_all()

    def _fail(self, error: Exception) -> None:
        """Note the first failure; what is in flight is still polled, nothing more is sent."""
        with self._changed:
            first = self._failure is None
            self._failure = self._failure or error
            self._flights.close()
            self._changed.notify_all()
        if first:
            self._on_failed()
