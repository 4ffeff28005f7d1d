"""A run as metrics: rows by place, imports, seconds, requests, and what is left of the quota."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from target_constant_contact.events.kinds import (
    ImportSent,
    ImportSettled,
    LimitWaited,
    ListSwept,
    RowsRead,
    WorkEnded,
)
from target_constant_contact.telemetry.instruments import Instruments

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from opentelemetry.metrics import Meter

    from target_constant_contact.events.kinds import Event, RunBegun, RunEnded
    from target_constant_contact.reports.past_run import PastRun

_NO_PLACES: Final = frozenset({"read", "copies"})


class Meters:
    """Measures what the events of a run tell.

    Args:
        meter: Makes instruments.
        begun: The first event.
    """

    def __init__(self, meter: Meter, begun: RunBegun) -> None:
        # The name of the run is not among the attributes: each run would be a series of its own.
        self._instruments = Instruments(
            meter,
            run__kind=begun.kind,
            export__id=begun.export,
            connection__name=begun.connection,
        )
        self._rows = 0
        self._in_flight = 0
        self._notes: Mapping[type, Callable[[Any], None]] = {
            RowsRead: self._note_rows,
            ImportSent: self._note_sent,
            ImportSettled: self._note_settled,
            LimitWaited: self._note_wait,
            WorkEnded: self._note_work,
            ListSwept: self._note_swept,
        }

    def note(self, event: Event) -> None:
        """Take an event that is neither the first nor the last one."""
        note = self._notes.get(type(event))
        if note is not None:
            note(event)

    def end(self, event: RunEnded, past: PastRun) -> None:
        """Take the last event.

        Args:
            event: The event.
            past: The run, as its report tells it.
        """
        measure = self._instruments.measure
        if past.totals:
            # Not each row is told as it is read.
            self._note_rows(RowsRead(past.totals.read))
        for place in past.destinations:
            lists = ",".join(sorted(each.list_id for each in place.lists))
            for name, rows in asdict(place.counts).items():
                if rows > 0 and name not in _NO_PLACES:
                    measure(
                        "rows.accounted",
                        rows,
                        rows__place=name,
                        stream__name=place.stream,
                        list__ids=lists,
                    )
        measure("imports.in_flight", -self._in_flight)
        measure("run.duration", event.seconds, run__status=event.status)
        measure("requests", event.requests)
        if past.requests_today is not None and past.requests_per_day is not None:
            left = past.requests_per_day - past.requests_today
            measure("quota.remaining", max(left, 0))

    def _note_rows(self, event: RowsRead) -> None:
        self._instruments.measure("rows.read", max(event.rows - self._rows, 0))
        self._rows = max(event.rows, self._rows)

    def _note_sent(self, event: ImportSent) -> None:
        self._fly(1)
        self._instruments.measure("imports.sent", 1, stream__name=event.stream)
        self._instruments.measure("import.size", event.size, stream__name=event.stream)

    def _note_settled(self, event: ImportSettled) -> None:
        # What an interrupted run has sent was not counted here, and nobody knows how long it took.
        if not event.taken_up:
            self._fly(-1)
            self._instruments.measure("import.duration", event.seconds, stream__name=event.stream)

    def _fly(self, more: int) -> None:
        self._in_flight += more
        self._instruments.measure("imports.in_flight", more)

    def _note_wait(self, event: LimitWaited) -> None:
        self._instruments.measure("wait.duration", event.seconds, wait__reason=event.why)

    def _note_work(self, event: WorkEnded) -> None:
        self._instruments.measure("work.duration", event.seconds, work__kind=event.span)

    def _note_swept(self, event: ListSwept) -> None:
        if event.outcome == "swept":
            self._instruments.measure(
                "members.taken_off",
                event.taken_off,
                stream__name=event.stream,
                list__id=event.list_id,
            )
