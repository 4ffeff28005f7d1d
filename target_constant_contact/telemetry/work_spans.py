"""A span for each work that may take a while, below the one that it is a part of."""

from __future__ import annotations

import threading
from collections import defaultdict
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from opentelemetry.trace import Span

    from target_constant_contact.events.kinds import ListSwept, WorkBegun, WorkEnded
    from target_constant_contact.telemetry.spans import Spans

_OF_A_LIST: Final = frozenset({"sweep_list", "taking_off"})
"""Works of which a list has one or several until it is known what has become of it."""


class WorkSpans:
    """Makes a span of each work. What begins while another lasts, in its thread, is a part of it.

    Args:
        spans: Makes spans.
    """

    def __init__(self, spans: Spans) -> None:
        self._spans = spans
        self._list_begun: int | None = None
        self._open: defaultdict[int, list[tuple[str, Span | None]]] = defaultdict(list)

    def began(self, event: WorkBegun) -> None:
        """A work has begun."""
        if event.span in _OF_A_LIST and self._list_begun is None:
            self._list_begun = self._spans.clock()
        around = self._around
        parent = next((span for _, span in reversed(around) if span), None)
        around.append((event.span, self._spans.begin(event.span, parent)))

    def ended(self, event: WorkEnded) -> None:
        """A work has ended."""
        around, span = self._around, None
        if around and around[-1][0] == event.span:
            _, span = around.pop()
        else:
            # It had begun before the run did.
            span = self._spans.begin(event.span, start=self._spans.began)
        self._spans.end(span, failed=event.failed, work=event.work)

    def swept(self, event: ListSwept) -> None:
        """It is known what has become of the people on a list; they are swept one by one."""
        start, self._list_begun = self._list_begun, None
        self._spans.end(
            self._spans.begin("list_swept", start=start),
            failed=event.outcome == "refused",
            stream__name=event.stream,
            list__id=event.list_id,
            list__name=event.list_name,
            sweep__outcome=event.outcome,
            sweep__reason=event.reason,
            members__before=event.before,
            members__taken_off=event.taken_off,
        )

    def close(self) -> None:
        """The run has ended; what has not, has been given up with it."""
        for around in self._open.values():
            for _, span in reversed(around):
                self._spans.end(span, failed=True)
        self._open.clear()

    @property
    def _around(self) -> list[tuple[str, Span | None]]:
        return self._open[threading.get_ident()]
