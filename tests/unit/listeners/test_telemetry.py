"""Telling a collector: what is sent, and that no collector is in the way of a run."""

from __future__ import annotations

import logging
import os
import socket
import sys
import threading
from datetime import UTC, datetime

import pytest

from target_constant_contact.events.events import Events
from target_constant_contact.events.kinds import ImportSent, RowsRead, RunBegun, RunEnded
from target_constant_contact.listeners import telemetry
from target_constant_contact.telemetry import exporting
from tests.support.collector import Collector
from tests.support.waits import wait_for

BEGUN = RunBegun("20261129-1", "load", "a1-b2", "/runs/1", datetime.now(UTC))
NOW = BEGUN.started_at.isoformat()
REPORT = {"status": "completed", "started_at": NOW, "ended_at": NOW, "totals": {"read": 3}}
ENDED = RunEnded("20261129-1", "load", "a1-b2", "/runs/1", "completed", None, 2.5, 7, REPORT)
SPANS = "2 of 2 spans"


@pytest.fixture(autouse=True)
def _nothing_of_this_machine_and_of_other_tests(monkeypatch):
    for name in list(os.environ):
        if name.startswith(("OTEL_", "TRACE")):
            monkeypatch.delenv(name)
    # A busy machine has the time that it needs.
    monkeypatch.setattr(exporting, "CLOSE_SECONDS", 30.0)
    yield
    # Of a collector that was given up.
    wait_for(lambda: logging.getLogger("opentelemetry").propagate)


@pytest.fixture
def collector():
    with Collector() as collector:
        yield collector


@pytest.fixture
def told(monkeypatch):
    """Tell of a whole run, as the variables ask: `told(url, **variables)`."""

    def tell(url, *between, **variables):
        for name, value in ({"OTEL_EXPORTER_OTLP_ENDPOINT": url} | variables).items():
            monkeypatch.setenv(name, value)
        events = Events()
        telemetry.listen(events, None, None)
        for event in (BEGUN, RowsRead(3), *between, ENDED):
            events.tell(event)

    return tell


def warnings(caplog):
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def test_a_run_is_told_as_a_trace_and_as_metrics(collector, told, caplog):
    told(collector.url)
    assert {span.name for span in collector.spans} == {
        "constant_contact.load",
        "constant_contact.read",
    }
    assert collector.root.name == "constant_contact.load"
    assert collector.sums("run.duration") == {None: 2.5}
    assert collector.units["constant_contact.requests"] == "{request}"
    assert warnings(caplog) == []


def test_who_tells_is_said_by_this_program_or_by_the_variables(collector, told):
    told(collector.url)
    assert collector.resource["service.name"] == "target-constant-contact"
    assert collector.resource["service.version"]
    told(
        collector.url,
        OTEL_SERVICE_NAME="nightly",
        OTEL_RESOURCE_ATTRIBUTES="deployment.environment.name=production",
    )
    assert collector.resource["service.name"] == "nightly"
    assert collector.resource["deployment.environment.name"] == "production"


def test_a_run_is_a_part_of_the_trace_around_it(collector, told):
    trace, span = "4bf92f3577b34da6a3ce929d0e0e4736", "0011223344556677"
    told(collector.url, TRACEPARENT=f"00-{trace}-{span}-01")
    assert (collector.root.trace_id, collector.root.parent_id) == (trace, span)


def test_headers_and_compression_are_those_of_the_variables(collector, told):
    told(
        collector.url,
        OTEL_EXPORTER_OTLP_HEADERS="api-key=of%20ours",
        OTEL_EXPORTER_OTLP_COMPRESSION="gzip",
    )
    assert collector.headers["api-key"] == "of ours"
    assert collector.headers["Content-Encoding"] == "gzip"
    assert collector.root.name == "constant_contact.load"


def test_only_traces_are_told_where_only_they_are_asked_for(collector, told):
    told(collector.url, OTEL_METRICS_EXPORTER="none")
    assert collector.spans
    assert not collector.points


def test_only_metrics_are_told_where_only_they_are_asked_for(collector, told):
    told(collector.url, OTEL_TRACES_EXPORTER="none")
    assert not collector.spans
    assert collector.points


def test_a_run_that_is_not_sampled_is_not_missing(collector, told, caplog):
    told(collector.url, OTEL_TRACES_SAMPLER="always_off")
    assert not collector.spans
    assert collector.points
    assert warnings(caplog) == []


def test_metrics_come_while_the_run_goes_on(collector, monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    monkeypatch.setenv("OTEL_METRIC_EXPORT_INTERVAL", "20")
    events = Events()
    telemetry.listen(events, None, None)
    events.tell(BEGUN)
    events.tell(ImportSent("a1", "members", ("l1",), 2, 1_000))
    wait_for(lambda: collector.sums("imports.in_flight") == {None: 1})
    events.tell(ENDED)
    assert collector.sums("imports.in_flight") == {None: 0}


def test_commands_that_are_no_run_load_and_tell_nothing(collector, monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    monkeypatch.setattr(telemetry, "_told_run", pytest.fail)
    events = Events()
    telemetry.listen(events, None, None)
    with events.work("waiting for somebody to sign in", "sign_in"):
        pass
    assert not collector.bodies


@pytest.mark.parametrize("status", [400, 401, 404])
def test_what_a_collector_refuses_is_one_warning(told, caplog, status):
    with Collector(status=status) as collector:
        told(collector.url)
    (line,) = warnings(caplog)
    assert line.startswith(f"OpenTelemetry: the collector has not taken {SPANS} and the metrics; ")
    assert f"code: {status}" in line


@pytest.mark.parametrize("status", [301, 307, 308])
def test_a_redirect_is_not_followed_and_not_taken_for_a_success(collector, told, caplog, status):
    """The key in a header would go along."""
    with Collector(status=status, location=collector.url) as other:
        told(other.url, OTEL_EXPORTER_OTLP_HEADERS="api-key=plain.words.only")
    assert not collector.bodies
    (line,) = warnings(caplog)
    assert line.startswith(f"OpenTelemetry: the collector has not taken {SPANS} and the metrics; ")
    assert f"answer {status}, and no redirect is followed" in line


def test_a_collector_that_is_busy_is_tried_again_and_not_waited_for_long(told, caplog, monkeypatch):
    monkeypatch.setattr(exporting, "CLOSE_SECONDS", 0.5)
    with Collector(status=503) as collector:
        told(collector.url)
    (line,) = warnings(caplog)
    assert f"has not taken {SPANS} and the metrics within 0.5 s; nothing else is affected" in line


def test_a_collector_that_does_not_answer_is_not_waited_for_long(told, caplog, monkeypatch):
    monkeypatch.setattr(exporting, "CLOSE_SECONDS", 0.5)
    with Collector(seconds=60) as collector:
        told(collector.url)
    (line,) = warnings(caplog)
    assert f"has not taken {SPANS} and the metrics within 0.5 s" in line


def test_a_collector_that_is_not_there_is_one_warning(told, caplog, monkeypatch):
    monkeypatch.setattr(exporting, "CLOSE_SECONDS", 1.5)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        told(f"http://127.0.0.1:{taken.getsockname()[1]}")
    (line,) = warnings(caplog)
    assert "/v1/" in line


def test_a_collector_that_comes_back_has_everything_and_nothing_is_warned_of(told, caplog):
    with Collector(status=503) as collector:
        collector.recovers = True
        told(collector.url)
    assert collector.root.name == "constant_contact.load"
    assert warnings(caplog) == []


def test_what_is_not_installed_is_one_warning_and_the_run_goes_on(told, caplog, monkeypatch):
    monkeypatch.delitem(sys.modules, "target_constant_contact.telemetry.told", raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    for name in list(filter(lambda name: "telemetry." in name, sys.modules)):
        monkeypatch.delitem(sys.modules, name)
    told("http://127.0.0.1:9")
    (line,) = warnings(caplog)
    assert line.endswith(
        "is not installed; install target-constant-contact[otel]. The run goes on without."
    )
    assert "opentelemetry" in line


def test_what_cannot_be_done_is_one_warning(collector, told, caplog):
    told(collector.url, OTEL_EXPORTER_OTLP_PROTOCOL="grpc")
    assert not collector.bodies
    assert warnings(caplog) == [
        (
            "OpenTelemetry: OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' is not spoken here; set it to "
            "'http/protobuf'. The run goes on without."
        )
    ]


@pytest.mark.parametrize(
    ("variable", "value", "fault"),
    [
        ("OTEL_BSP_MAX_QUEUE_SIZE", "0", "max_queue_size must be a positive integer"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "0", "interval"),
        ("OTEL_PYTHON_EXPORTER_OTLP_HTTP_CREDENTIAL_PROVIDER", "nobody", "nobody"),
    ],
)
def test_a_variable_that_the_sdk_does_not_take_is_one_warning_that_says_why(
    collector, told, caplog, variable, value, fault
):
    before = threading.active_count()
    told(collector.url, **{variable: value})
    assert not collector.bodies
    (line,) = warnings(caplog)
    assert line.startswith("OpenTelemetry: its SDK does not take what a variable OTEL_... says: ")
    assert fault in line
    assert line.endswith(". The run goes on without.")
    wait_for(lambda: threading.active_count() <= before)


def test_the_sdk_is_as_loud_as_before_when_the_run_has_ended(collector, told, caplog):
    told(collector.url)
    logging.getLogger("opentelemetry.sdk").warning("of another program")
    assert warnings(caplog) == ["of another program"]


def test_each_run_of_a_process_is_told(collector, told):
    told(collector.url)
    told(collector.url)
    assert len({span.trace_id for span in collector.spans}) == 2
