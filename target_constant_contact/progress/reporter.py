"""Shows how far everything is while something goes on: live on a terminal, in the log elsewhere."""

from __future__ import annotations

import logging
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Final, TextIO

from target_constant_contact.events.kinds import RowsRead
from target_constant_contact.log_fields import fields_of
from target_constant_contact.progress.figures import Figures
from target_constant_contact.progress.texts import line, marks_for, rows
from target_constant_contact.terminal.live import LIVE, LiveRows, can_show

if TYPE_CHECKING:
    from collections.abc import Callable

    from target_constant_contact.events.kinds import Event
    from target_constant_contact.progress.texts import Marks

PICTURE_SECONDS: Final = 0.2
"""How long each picture stands on a terminal."""
LINE_SECONDS: Final = 30.0
"""How long nothing is said in a log that nobody may be looking at."""
_logger = logging.getLogger("target-constant-contact.progress")
"""Of its own, so that its lines can be left out, and come when those of a run are not wanted."""


class Reporter:
    """Listens to the events of a run, or of a command.

    As long as something goes on, a thread looks at the clock. Rows that stand at the end of a
    terminal are gone when that ends. Where there is none, or it is another program's by now, a
    line is logged every 30 seconds instead; nothing is when all has ended by then.

    Args:
        stderr: Where people look.
        live: What stands at the end of the terminal.
        clock: Seconds that never go back.
    """

    name = "The display of progress"

    def __init__(
        self,
        stderr: TextIO | None,
        live: LiveRows = LIVE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._figures = Figures(clock)
        self._terminal = stderr if can_show(stderr) else None
        self._live = live
        self._clock = clock
        self._lock = threading.Lock()
        self._over: threading.Event | None = None
        self._line_at = 0.0

    def __call__(self, event: Event) -> None:
        """Take what has happened."""
        self._figures.take(event)
        # There may be one of these for each row.
        if not isinstance(event, RowsRead) and self._figures.is_idle is not (self._over is None):
            self._turn()

    def tell(self) -> None:
        """Draw how far everything is, or log it if it is time."""
        if self._live.draw():
            self._line_at = self._clock() + LINE_SECONDS
        elif self._clock() >= self._line_at and not self._figures.is_idle:
            self._line_at = self._clock() + LINE_SECONDS
            told = line(self._figures.standing())
            _logger.info("%s", told, extra=fields_of(told))

    def _turn(self) -> None:
        """Begin, or end; whoever comes second finds it done."""
        with self._lock:
            if self._figures.is_idle is (self._over is None):
                return
            if self._over:
                self._over.set()
                self._over = None
                self._live.end()
            else:
                self._begin()

    def _begin(self) -> None:
        # Works that come one after the other are one time of silence.
        if self._line_at <= self._clock():
            self._line_at = self._clock() + LINE_SECONDS
        if self._terminal:
            marks = marks_for(self._terminal.encoding)
            self._live.begin(self._terminal, partial(self._rows, marks=marks))
        self._over = threading.Event()
        threading.Thread(
            target=self._go_on, args=[self._over], name="progress", daemon=True
        ).start()

    def _go_on(self, over: threading.Event) -> None:
        while not over.wait(self._pause()):
            self.tell()

    def _pause(self) -> float:
        return PICTURE_SECONDS if self._terminal else max(0.0, self._line_at - self._clock())

    def _rows(self, width: int, marks: Marks) -> list[str]:
        if self._figures.is_idle:
            return []
        return rows(self._figures.standing(), width, int(self._clock() / PICTURE_SECONDS), marks)
