"""What the events of a run add up to while it goes on."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from target_constant_contact.events.kinds import (
    ImportSent,
    ImportSettled,
    InputEnded,
    LimitWaited,
    ListSwept,
    RowsRead,
    RowsRejected,
    RunBegun,
    RunEnded,
    WorkBegun,
    WorkEnded,
)
from target_constant_contact.progress.estimate import Estimate
from target_constant_contact.progress.standing import Imports, Standing, Swept, Work
from target_constant_contact.redaction import redacted

if TYPE_CHECKING:
    from collections.abc import Callable

    from target_constant_contact.events.kinds import Event

_OUTCOMES: Final = ("landed", "rejected", "refused", "suppressed", "unexplained")
"""What may become of a row, in the order in which it is told."""


@dataclass(slots=True)
class _Tally:  # plain sums
    """What is known of a run, or of a command that is none."""

    run: str = ""
    is_load: bool = False
    began: float = 0.0
    sent: int = 0
    settled: int = 0
    taken_up: int = 0
    all_imports: int | None = None
    rows: Counter[str] = field(default_factory=Counter)
    swept: Swept = field(default_factory=Swept)
    waits: dict[str, float] = field(default_factory=dict)
    estimate: Estimate = field(default_factory=Estimate)


class Figures:
    """Adds up what is told, from any thread.

    Args:
        clock: Seconds that never go back.

    Attributes:
        rows_read: Rows that were read so far.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.rows_read = 0
        self._clock = clock
        self._lock = threading.Lock()
        self._tally = _Tally()
        self._works: list[tuple[WorkBegun, float]] = []
        self._takes: dict[type, Callable[[Any], None]] = {
            RunBegun: self._begin,
            RunEnded: self._end,
            RowsRejected: self._reject,
            ImportSent: self._send,
            ImportSettled: self._settle,
            InputEnded: self._end_input,
            LimitWaited: self._wait,
            ListSwept: self._sweep,
            WorkBegun: self._begin_work,
            WorkEnded: self._end_work,
        }

    def take(self, event: Event) -> None:
        """Take what has happened."""
        # There may be one for each row, so no lock: only the newest counts.
        if isinstance(event, RowsRead):
            self.rows_read = event.rows
        elif take := self._takes.get(type(event)):
            with self._lock:
                take(event)

    @property
    def is_idle(self) -> bool:
        """Whether nothing goes on."""
        return not self._tally.run and not self._works

    def standing(self) -> Standing:
        """How far everything is now."""
        with self._lock:
            now, tally = self._clock(), self._tally
            began = tally.began if tally.run else min((at for _, at in self._works), default=now)
            return Standing(
                run=tally.run,
                is_load=tally.is_load,
                seconds=now - began,
                rows_read=self.rows_read,
                rows={name: tally.rows[name] for name in _OUTCOMES},
                imports=_imports(tally, now),
                swept=tally.swept,
                waits=dict(tally.waits),
                works=tuple(Work(redacted(event.work), now - at) for event, at in self._works),
            )

    def _begin(self, event: RunBegun) -> None:
        self.rows_read = 0
        self._tally = _Tally(event.run, event.kind == "load", self._clock())

    def _end(self, _: RunEnded) -> None:
        self.rows_read = 0
        self._tally = _Tally()
        self._works.clear()

    def _reject(self, event: RowsRejected) -> None:
        self._tally.rows["rejected"] += event.rows

    def _send(self, _: ImportSent) -> None:
        self._tally.sent += 1

    def _settle(self, event: ImportSettled) -> None:
        tally = self._tally
        tally.rows.update(
            landed=event.landed,
            refused=event.refused,
            suppressed=event.suppressed,
            unexplained=event.unexplained,
        )
        if event.taken_up:
            tally.taken_up += 1
        else:
            tally.settled += 1
            tally.estimate.settled(self._clock())

    def _end_input(self, event: InputEnded) -> None:
        self._tally.all_imports = event.imports

    def _wait(self, event: LimitWaited) -> None:
        waits = self._tally.waits
        waits[event.why] = waits.get(event.why, 0.0) + event.seconds

    def _sweep(self, event: ListSwept) -> None:
        swept = self._tally.swept
        self._tally.swept = Swept(swept.lists + 1, swept.people + event.taken_off)

    def _begin_work(self, event: WorkBegun) -> None:
        self._works.append((event, self._clock()))

    def _end_work(self, event: WorkEnded) -> None:
        for begun in self._works:
            if begun[0].work == event.work:
                self._works.remove(begun)
                break


def _imports(tally: _Tally, now: float) -> Imports:
    to_send = left = None
    if tally.all_imports is not None:
        # An import may have been divided since.
        to_send = max(0, tally.all_imports - tally.sent)
        left = tally.estimate.seconds_left(tally.sent - tally.settled + to_send, now)
    return Imports(tally.sent, tally.settled, tally.taken_up, to_send, left or None)
