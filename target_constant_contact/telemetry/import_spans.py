"""A span for each import, from its submission to its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from target_constant_contact.events.kinds import ImportSent, ImportSettled
    from target_constant_contact.telemetry.spans import Spans

_KIND: Final = "import"


class ImportSpans:
    """Makes a span of each import.

    Args:
        spans: Makes spans.
    """

    def __init__(self, spans: Spans) -> None:
        self._spans = spans
        self._sent: dict[str, tuple[int, ImportSent]] = {}

    def sent(self, event: ImportSent) -> None:
        """An import has been sent."""
        self._sent[event.activity_id] = self._spans.clock(), event

    def settled(self, event: ImportSettled) -> None:
        """An import has come to its end."""
        now = self._spans.clock()
        # An interrupted run may have sent it long before this one began.
        start = max(now - round(event.seconds * 10**9), self._spans.began)
        size = 0
        if event.activity_id in self._sent:
            start, sent = self._sent.pop(event.activity_id)
            size = sent.size
        self._spans.end(
            self._spans.begin(_KIND, start=start),
            now,
            activity__id=event.activity_id,
            stream__name=event.stream,
            list__ids=event.list_ids,
            import__size=size,
            import__taken_up=event.taken_up,
            import__settled=True,
            rows__sent=event.rows,
            rows__landed=event.landed,
            rows__refused=event.refused,
            rows__suppressed=event.suppressed,
            rows__unexplained=event.unexplained,
        )

    def close(self) -> None:
        """The run has ended; what has not come to its end never will in it."""
        for start, event in self._sent.values():
            self._spans.end(
                self._spans.begin(_KIND, start=start),
                failed=True,
                activity__id=event.activity_id,
                stream__name=event.stream,
                list__ids=event.list_ids,
                import__size=event.size,
                import__settled=False,
                rows__sent=event.rows,
            )
        self._sent.clear()
