"""Sending spans and measurements to a collector, beside the run and not at its expense."""

from __future__ import annotations

import logging
import os
import threading
import time
from contextlib import ExitStack, suppress
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricExportResult, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult
from opentelemetry.trace import NoOpTracerProvider
from typing_extensions import override

from target_constant_contact.log_fields import fields
from target_constant_contact.telemetry.quiet import Quiet
from target_constant_contact.telemetry.session import session_for
from target_constant_contact.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from opentelemetry.sdk.metrics.export import MetricsData
    from opentelemetry.sdk.trace import ReadableSpan

    from target_constant_contact.telemetry.variables import AskedFor

CLOSE_SECONDS: Final = 3.0
"""How long the end of a run waits for the collector."""

_SCOPE: Final = "target_constant_contact"
_NAME: Final = "target-constant-contact"
_UNKNOWN: Final = "unknown_service"
"""What the SDK calls a service of which no variable tells the name."""

_logger = logging.getLogger(_NAME)


class Exporting:
    """What takes spans and measurements to the collector.

    Addresses, headers, time limits, sampling and the like are those of the standard variables,
    which the SDK reads. Nothing is set for the whole process, so that a program around this one
    may have an OpenTelemetry of its own.

    Args:
        asked: What is asked for.

    Attributes:
        tracer: Makes spans.
        meter: Makes instruments.

    Raises:
        Exception: A variable has a value that the SDK does not take.
    """

    def __init__(self, asked: AskedFor) -> None:
        with ExitStack() as undone:
            self._quiet = Quiet()
            undone.callback(self._quiet.close)
            resource = _resource()
            self._spans = _Spans(resource) if asked.traces else None
            if self._spans:
                undone.callback(self._spans.close)
            self._metrics = _Metrics(resource) if asked.metrics else None
            undone.pop_all()
        tracers = self._spans.provider if self._spans else NoOpTracerProvider()
        meters = self._metrics.provider if self._metrics else NoOpMeterProvider()
        self.tracer = tracers.get_tracer(_SCOPE, version(_NAME))
        self.meter = meters.get_meter(_SCOPE, version(_NAME))

    def close(self) -> None:
        """Send what has not been sent, and tell what the collector has not taken."""
        parts = [part for part in (self._spans, self._metrics) if part]
        threads = [threading.Thread(target=part.close, daemon=True) for part in parts]
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + CLOSE_SECONDS
        for thread in threads:
            thread.join(max(deadline - time.monotonic(), 0))
        late = any(thread.is_alive() for thread in threads)
        self._tell(" and ".join(_missing(parts)), late=late)
        if late:
            for part in parts:
                part.give_up()
            threading.Thread(target=self._quiet.close_after, args=[threads], daemon=True).start()
        else:
            self._quiet.close()

    def _tell(self, missing: str, *, late: bool) -> None:
        if missing:
            _logger.warning(
                "OpenTelemetry: the collector has not taken %s%s; nothing else is affected.%s",
                missing,
                f" within {CLOSE_SECONDS:g} s" if late else "",
                f" The SDK says: {self._quiet.last}" if self._quiet.last else "",
                extra=fields(seconds=CLOSE_SECONDS) if late else None,
            )


class _Spans:
    """Spans, sent as they end, many together."""

    def __init__(self, resource: Resource) -> None:
        self._exporter = _SpanExporter(session=session_for(os.environ))
        self._processor = _SpanProcessor(self._exporter)
        self.provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self.provider.add_span_processor(self._processor)

    def close(self) -> None:
        """Send the last of them, for as long as that takes."""
        _attempt(self.provider.shutdown)

    def missing(self) -> Iterator[str]:
        """What has not been taken."""
        ended = self._processor.ended
        if ended > self._exporter.taken:
            yield f"{ended - self._exporter.taken:,} of {counted(ended, 'span')}"

    def give_up(self) -> None:
        """End what still tries."""
        _attempt(self._exporter.shutdown)


class _Metrics:
    """Measurements, summed up and sent every minute and at the end."""

    def __init__(self, resource: Resource) -> None:
        self._exporter = _MetricExporter(session=session_for(os.environ))
        reader = PeriodicExportingMetricReader(self._exporter)
        self.provider = MeterProvider([reader], resource, shutdown_on_exit=False)

    def close(self) -> None:
        """Send the last of them, for as long as that takes."""
        self._exporter.is_taken = False
        _attempt(self.provider.shutdown)

    def missing(self) -> Iterator[str]:
        """What has not been taken."""
        if not self._exporter.is_taken:
            yield "the metrics"

    def give_up(self) -> None:
        """End what still tries."""
        _attempt(self._exporter.shutdown)


class _SpanProcessor(BatchSpanProcessor):
    """Counts the spans that are to be sent."""

    ended = 0

    @override
    def on_end(self, span: ReadableSpan) -> None:
        if span.context and span.context.trace_flags.sampled:
            self.ended += 1
        super().on_end(span)


class _SpanExporter(OTLPSpanExporter):
    """Counts the spans that were taken."""

    taken = 0

    @override
    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = super().export(spans)
        if result is SpanExportResult.SUCCESS:
            self.taken += len(spans)
        return result


class _MetricExporter(OTLPMetricExporter):
    """Knows whether what was sent last was taken."""

    is_taken = False

    @override
    def export(
        self, metrics_data: MetricsData, timeout_millis: float | None = 10_000, **kwargs: Any
    ) -> MetricExportResult:
        self.is_taken = False
        result = super().export(metrics_data, timeout_millis, **kwargs)
        self.is_taken = result is MetricExportResult.SUCCESS
        return result


def _missing(parts: Iterable[_Spans | _Metrics]) -> Iterator[str]:
    for part in parts:
        yield from part.missing()


def _attempt(end: Callable[[], object]) -> None:
    """End something; that it has failed is seen by what is missing."""
    with suppress(Exception):
        end()


def _resource() -> Resource:
    """What sends: as the variables say, and else this program."""
    found = Resource.create({SERVICE_VERSION: version(_NAME)})
    if str(found.attributes[SERVICE_NAME]).startswith(_UNKNOWN):
        found = found.merge(Resource({SERVICE_NAME: _NAME}))
    return found
