"""The spans of one trace: a root, and not more below it than can be looked at."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.context import get_current
from opentelemetry.trace import Status, StatusCode, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from target_constant_contact.telemetry.names import PREFIX, attributes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from opentelemetry.context import Context
    from opentelemetry.trace import Span, Tracer

MOST: Final = 1_000
"""Spans of one kind; what comes after them is counted."""

_FAILED: Final = Status(StatusCode.ERROR)
"""Without a description: the text of an error may quote anything."""


class Spans:
    """Makes spans. Times are nanoseconds since the epoch.

    Args:
        tracer: Makes spans.
        kind: What the root is called.
        variables: The environment, in which another program may have named the span that this
            trace is to be a part of.
        clock: What time it is.
        values: Attributes of the root.

    Attributes:
        clock: As above.
        began: When the root began.
        root: The root.
    """

    def __init__(
        self,
        tracer: Tracer,
        kind: str,
        variables: Mapping[str, str],
        clock: Callable[[], int] = time.time_ns,
        **values: Any,
    ) -> None:
        self._tracer = tracer
        self._made: Counter[str] = Counter()
        self.clock = clock
        self.began = clock()
        self.root = tracer.start_span(
            PREFIX + kind,
            _outside(variables),
            attributes=attributes(**values),
            start_time=self.began,
        )

    def begin(self, kind: str, parent: Span | None = None, start: int | None = None) -> Span | None:
        """Begin a span; None when there are too many of its kind.

        Args:
            kind: What it is called.
            parent: The span that it is a part of; None: the root.
            start: When it began; None: now.
        """
        self._made[kind] += 1
        if self._made[kind] > MOST:
            return None
        return self._tracer.start_span(
            PREFIX + kind,
            set_span_in_context(parent or self.root),
            start_time=self.clock() if start is None else start,
        )

    def end(
        self, span: Span | None, end: int | None = None, *, failed: bool = False, **values: Any
    ) -> None:
        """End a span.

        Args:
            span: The span; None is passed over.
            end: When it ended; None: now.
            failed: What it stands for has failed.
            values: Attributes.
        """
        if span is None:
            return
        span.set_attributes(attributes(**values))
        if failed:
            span.set_status(_FAILED)
        span.end(self.clock() if end is None else end)

    def close(self, *, failed: bool, **values: Any) -> None:
        """End the root, which says how many spans there are not."""
        left_out = {
            f"spans_left_out__{kind}": made - MOST
            for kind, made in self._made.items()
            if made > MOST
        }
        self.end(self.root, failed=failed, **values, **left_out)


def _outside(variables: Mapping[str, str]) -> Context:
    """The span that another program has begun: in this process, or around it.

    https://opentelemetry.io/docs/specs/otel/context/env-carriers/
    """
    named = {
        name.lower(): variables[name] for name in ("TRACEPARENT", "TRACESTATE") if name in variables
    }
    return TraceContextTextMapPropagator().extract(named, get_current())
