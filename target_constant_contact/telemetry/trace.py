"""A run as a trace: one span for the run, and below it what it did."""

from __future__ import annotations

import time
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from target_constant_contact.events.kinds import (
    ImportSent,
    ImportSettled,
    ImportsPolled,
    LimitWaited,
    ListSwept,
    RowsRead,
    WorkBegun,
    WorkEnded,
)
from target_constant_contact.telemetry.import_spans import ImportSpans
from target_constant_contact.telemetry.spans import Spans
from target_constant_contact.telemetry.stretches import Stretches
from target_constant_contact.telemetry.work_spans import WorkSpans

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from opentelemetry.trace import Tracer

    from target_constant_contact.events.kinds import Event, RunBegun, RunEnded
    from target_constant_contact.reports.past_run import PastRun
    from target_constant_contact.telemetry.stretches import Stretch

_AHEAD: Final = frozenset({"throttled", "queue"})
"""Waits that are told when they begin; others are told when they have ended."""


class Trace:
    """Makes spans of the events of a run. Times are those at which the events came.

    Args:
        tracer: Makes spans.
        begun: The first event.
        variables: The environment.
        clock: Nanoseconds since the epoch.
    """

    def __init__(
        self,
        tracer: Tracer,
        begun: RunBegun,
        variables: Mapping[str, str],
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self._spans = Spans(tracer, begun.kind, variables, clock, **_of_run(begun))
        self._imports = ImportSpans(self._spans)
        self._works = WorkSpans(self._spans)
        self._polls = Stretches(partial(self._take, "poll"))
        self._waits: dict[str, Stretches] = {}
        self._rows = 0
        self._read = self._spans.began
        self._notes: Mapping[type, Callable[[Any], None]] = {
            RowsRead: self._note_rows,
            ImportSent: self._imports.sent,
            ImportSettled: self._imports.settled,
            ImportsPolled: self._note_poll,
            LimitWaited: self._note_wait,
            WorkBegun: self._works.began,
            WorkEnded: self._works.ended,
            ListSwept: self._works.swept,
        }

    def note(self, event: Event) -> None:
        """Take an event that is neither the first nor the last one."""
        note = self._notes.get(type(event))
        if note is not None:
            note(event)

    def end(self, event: RunEnded, past: PastRun) -> None:
        """Take the last event, and end all spans.

        Args:
            event: The event.
            past: The run, as its report tells it.
        """
        rows = past.totals.read if past.totals else 0
        if rows or self._rows:
            # Of a run that was told to stop, the last of them were not told.
            end = self._read if self._rows >= rows else self._spans.clock()
            read = self._spans.begin("read", start=self._spans.began)
            self._spans.end(read, end, rows__read=max(rows, self._rows))
        self._polls.close()
        for waits in self._waits.values():
            waits.close()
        self._imports.close()
        self._works.close()
        self._spans.close(
            failed=event.status == "failed",
            run__status=event.status,
            requests=event.requests,
            imports__settled=len(past.imports),
            **_sums(past),
        )

    def _note_rows(self, event: RowsRead) -> None:
        self._rows, self._read = event.rows, self._spans.clock()

    def _note_poll(self, event: ImportsPolled) -> None:
        now = self._spans.clock()
        self._polls.add(now - round(event.seconds * 10**9), now)

    def _note_wait(self, event: LimitWaited) -> None:
        if event.why not in self._waits:
            take = partial(self._take, "wait", reason=event.why)
            self._waits[event.why] = Stretches(take)
        now, length = self._spans.clock(), round(event.seconds * 10**9)
        start = now if event.why in _AHEAD else now - length
        self._waits[event.why].add(start, start + length)

    def _take(self, kind: str, stretch: Stretch, reason: str = "") -> None:
        self._spans.end(
            self._spans.begin(kind, start=stretch.start),
            stretch.end,
            times=stretch.times,
            seconds=round(stretch.seconds, 6),
            wait__reason=reason,
        )


def _of_run(begun: RunBegun) -> Mapping[str, Any]:
    return {
        "run__name": begun.run,
        "run__kind": begun.kind,
        "run__dry_run": begun.dry_run,
        "export__id": begun.export,
        "connection__name": begun.connection,
    }


def _taken_off(past: PastRun) -> int:
    return sum(one.really_taken_off for one in past.swept)


def _sums(past: PastRun) -> Mapping[str, int]:
    """What has become of the rows of a load, or of the people on the lists of a sweep."""
    counts = asdict(past.totals) if past.totals else {}
    return {
        **{f"rows__{place}": number for place, number in counts.items()},
        **({"members__taken_off": _taken_off(past)} if past.swept else {}),
    }
