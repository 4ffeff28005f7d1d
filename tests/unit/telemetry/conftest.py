"""A run that is told to a collector in memory, on a clock that the test moves."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from target_constant_contact.events.kinds import RunBegun, RunEnded
from target_constant_contact.reports.past_run import read_run
from target_constant_contact.store.run_row import RunRow
from target_constant_contact.telemetry.meters import Meters
from target_constant_contact.telemetry.trace import Trace

SECOND = 10**9
BEGUN = RunBegun("20261129-1", "load", "a1-b2", "/runs/1", datetime.now(UTC), "marketing")
PREFIX = "constant_contact."


class Telling:
    """Trace and metrics of one run."""

    def __init__(self, begun=BEGUN, **variables):
        self.now = 1_000 * SECOND
        self.taken = InMemorySpanExporter()
        self.reader = InMemoryMetricReader()
        tracers = TracerProvider(shutdown_on_exit=False)
        tracers.add_span_processor(SimpleSpanProcessor(self.taken))
        meters = MeterProvider([self.reader], shutdown_on_exit=False)
        self.trace = Trace(tracers.get_tracer("test"), begun, variables, lambda: self.now)
        self.meters = Meters(meters.get_meter("test"), begun)

    def tell(self, *events, seconds=0.0):
        """Tell events after so many seconds."""
        self.now += round(seconds * SECOND)
        for event in events:
            self.trace.note(event)
            self.meters.note(event)

    def end(self, status="completed", error=None, **document):
        ended = RunEnded("run", "load", "e", "/f", status, error, 12.5, 7, document)
        past = past_run(document)
        self.trace.end(ended, past)
        self.meters.end(ended, past)

    @property
    def spans(self):
        """All spans, the first first."""
        return sorted(map(plain, self.taken.get_finished_spans()), key=lambda span: span.start)

    def named(self, name):
        return [span for span in self.spans if span.name == name]

    @property
    def root(self):
        (root,) = (span for span in self.spans if span.parent is None or span.parent.is_remote)
        return root

    def points(self, name):
        """The values of a metric, each with its attributes."""
        found = self.reader.get_metrics_data()
        metrics = [
            metric
            for of_resource in found.resource_metrics
            for scope in of_resource.scope_metrics
            for metric in scope.metrics
            if metric.name == PREFIX + name
        ]
        return [
            (short(point.attributes), getattr(point, "value", getattr(point, "sum", None)))
            for metric in metrics
            for point in metric.data.data_points
        ]


def past_run(document):
    moment = datetime.now(UTC).isoformat()
    facts = {"status": "completed", "started_at": moment, "ended_at": moment, "totals": {}}
    return read_run(RunRow("run", 0.0, "m", "/f", json.dumps(facts | document)))


def plain(span):
    """A span with times in seconds after the run began."""
    return SimpleNamespace(
        name=span.name.removeprefix(PREFIX),
        start=span.start_time / SECOND - 1_000,
        end=span.end_time / SECOND - 1_000,
        attributes=short(span.attributes),
        failed=span.status.status_code.name == "ERROR",
        message=span.status.description,
        id=span.context.span_id,
        trace_id=span.context.trace_id,
        parent=span.parent,
        parent_id=span.parent.span_id if span.parent else None,
        events=span.events,
    )


def short(attributes):
    return {name.removeprefix(PREFIX): value for name, value in attributes.items()}


@pytest.fixture
def telling():
    return Telling()
