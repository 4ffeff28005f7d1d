"""Asks for the imports that are in flight, and settles those that have ended."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from target_constant_contact.events.kinds import ImportsPolled
from target_constant_contact.exceptions import ImportFailedError, TryLaterError
from target_constant_contact.imports.queue_progress import QueueProgress
from target_constant_contact.imports.settled import SettledImport
from target_constant_contact.ledger.settlement import read_counters
from target_constant_contact.wording import counted, were

if TYPE_CHECKING:
    from collections.abc import Callable

    from target_constant_contact.api.activities import ActivityStates
    from target_constant_contact.api.models import Activity
    from target_constant_contact.imports.bodies import Bodies
    from target_constant_contact.imports.progress import Progress
    from target_constant_contact.imports.steps import ImportInFlight, Poll
    from target_constant_contact.ledger.ledger import Ledger
    from target_constant_contact.waiting import Waiting

_ENDED_BADLY: Final = frozenset({"failed", "cancelled", "timed_out"})


class Poller:
    """Follows imports from their acceptance to their end.

    Args:
        states: The activities of the account.
        ledger: The ledger of the export, opened.
        progress: The schedule.
        waiting: How long an import may take, counted from its submission, or from the last sign
            that the account's queue moves on.
        bodies: Keeps what was sent.
        on_settled: Called with every completed import.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what it brings together
        self,
        states: ActivityStates,
        ledger: Ledger,
        progress: Progress,
        waiting: Waiting,
        bodies: Bodies,
        on_settled: Callable[[SettledImport], None],
    ) -> None:
        self._states = states
        self._ledger = ledger
        self._progress = progress
        self._waiting = waiting
        self._bodies = bodies
        self._on_settled = on_settled
        self._queue = QueueProgress(ledger.has_activity)

    def poll(self, step: Poll) -> None:
        """Ask for the imports in flight, and act on what the answers tell of any."""
        due = [item.activity_id for item in step.due]
        asked_at = self._waiting.clock()
        answers = self._states.of_all(due, step.most)
        if self._progress.stopped:
            # The run did not wait for this answer: its STATE has left, and its report is written.
            return
        now = self._waiting.clock()
        self._waiting.events.tell(ImportsPolled(len(due), now - asked_at))
        self._queue.note([found for found in answers.values() if found], now)
        with self._progress.changed:
            in_flight = self._progress.schedule.in_flight
        for item in in_flight:
            activity = answers.get(item.activity_id)
            # A state that is not known here may be one on the way, so it is none of an end.
            if activity and activity.state == "completed":
                self._settle(item, activity, now)
            elif activity and activity.state in _ENDED_BADLY:
                self._fail(item, activity)
            elif now - max(item.sent_at, self._queue.last_sign) > (self._waiting.timeout_seconds):
                self._time_out(item, activity)
            elif item.activity_id in answers:
                with self._progress.change() as schedule:
                    schedule.polled(item, now)

    def _settle(self, item: ImportInFlight, activity: Activity, now: float) -> None:
        batch = item.batch
        settlement = read_counters(batch.rows, activity.counters)
        read = partial(self._bodies.read, batch.number)
        # Counts and STATE come before the ledger's "settled": that line only saves the next run a
        # question, so it must neither hold STATE back when it cannot be written nor be there for
        # rows that nobody has counted.
        seconds = now - item.sent_at
        self._on_settled(SettledImport(batch, activity, settlement, seconds, read=read))
        self._bodies.forget(batch.number)
        self._ledger.settle(item.entry)
        self._finish(item)

    def _fail(self, item: ImportInFlight, activity: Activity) -> None:
        rows = item.batch.rows
        message = (
            f"Import activity {activity.activity_id} ended as {activity.state!r}; "
            f"its {counted(rows, 'row')} of stream {item.batch.destination.stream!r} "
            f"{were(rows)} not imported. Start the run again; if it happens again, give the "
            "activity id to Constant Contact's support."
        )
        retry_later = activity.state == "timed_out"
        self._give_up(item, TryLaterError(message) if retry_later else ImportFailedError(message))

    def _time_out(self, item: ImportInFlight, activity: Activity | None) -> None:
        state = repr(activity.state) if activity else "not found"
        self._give_up(
            item,
            TryLaterError(
                f"Import activity {item.activity_id} was not completed within "
                f"{counted(self._waiting.timeout_minutes, 'minute')} (it is {state}). Start the "
                "run again later, or raise import_timeout_minutes."
            ),
        )

    def _give_up(self, item: ImportInFlight, error: Exception) -> None:
        # In this order: who waits for the last import must not find it gone and nothing wrong.
        self._progress.fail(error)
        self._finish(item)

    def _finish(self, item: ImportInFlight) -> None:
        with self._progress.change() as schedule:
            schedule.finished(item, self._waiting.clock())
