"""The target as a process that tells a collector of its run."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time

import pytest

from tests.docs import pages
from tests.support.collector import Collector
from tests.support.process import cli, environment
from tests.support.sweeping import Exports
from tests.support.target import lines, member, record, schema, settings_for, state

REFERENCE = set(pages.code(pages.read(pages.DOCS / "reference" / "telemetry.md")))
PEOPLE = [member(number, FirstName=f"Name{number}") for number in range(25)]
ROWS = lines(schema(), *PEOPLE, record(EmailAddress="no address", FirstName="Nobody"), state(1))
OF_A_ROW = re.compile(rb"@|%40|member\d|Name\d|no address|Nobody")
PROGRAM = """
import sys
from target_constant_contact.cli import main

try:
    main()
finally:
    print(*sys.modules, sep="\\n", file=sys.stderr)
"""


@pytest.fixture
def collector():
    with Collector() as collector:
        yield collector


@pytest.fixture
def told(sandbox, tmp_path):
    """Run the target as a process: `told(url, variables={...}, **settings)`."""

    def run(url, rows=ROWS, variables=(), **settings):
        config = tmp_path / "config.json"
        settings = {"batch_size_rows": 10} | settings
        config.write_text(json.dumps(settings_for(sandbox, tmp_path / "data", **settings)))
        variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": url} | dict(variables)
        return cli(tmp_path, "--config", str(config), stdin=rows, **variables)

    return run


def warnings(done):
    return [line for line in done.stderr.splitlines() if "OpenTelemetry" in line]


def names(collector):
    """All names of spans, metrics and attributes that have come."""
    found = {span.name for span in collector.spans} | collector.points.keys()
    for each in (*collector.spans, *(one for some in collector.points.values() for one in some)):
        found |= each.attributes.keys()
    return found


def test_a_run_is_one_trace_with_a_span_for_each_import(collector, told):
    done = told(collector.url)
    assert done.returncode == 0, done.stderr
    root = collector.root
    assert root.name == "constant_contact.load"
    assert {span.trace_id for span in collector.spans} == {root.trace_id}
    parents = {span.span_id: span for span in collector.spans}
    assert all(span.parent_id in parents for span in collector.spans if span is not root)
    imports = collector.named("import")
    assert [span.parent_id for span in imports] == [root.span_id] * 3
    assert sum(span.attributes["constant_contact.rows.landed"] for span in imports) == 25
    assert len({span.attributes["constant_contact.activity.id"] for span in imports}) == 3
    assert {span.attributes["constant_contact.stream.name"] for span in imports} == {"members"}
    (read,) = collector.named("read")
    assert read.attributes["constant_contact.rows.read"] == 26
    polls = collector.named("poll")
    assert sum(span.attributes["constant_contact.times"] for span in polls) > 0
    assert all(root.start <= span.start <= span.end <= root.end for span in imports)
    assert not any(span.failed for span in collector.spans)


def test_the_sums_of_a_run_are_those_of_its_report(collector, told, tmp_path):
    told(collector.url)
    (file,) = tmp_path.glob("data/runs/*/report.json")
    report = json.loads(file.read_text())
    root = collector.root.attributes
    shown = {place: root[f"constant_contact.rows.{place}"] for place in report["totals"]}
    assert shown == report["totals"]
    assert root["constant_contact.run.name"] == report["run"]
    assert root["constant_contact.run.status"] == "completed"
    assert root["constant_contact.requests"] == report["requests"] > 0


def test_the_metrics_of_a_run_are_its_sums(collector, told, sandbox):
    told(collector.url)
    assert collector.sums("rows.accounted", "rows.place") == {"landed": 25, "rejected": 1}
    assert collector.sums("rows.read") == {None: 26}
    assert collector.sums("imports.sent", "stream.name") == {"members": 3}
    assert collector.sums("imports.in_flight") == {None: 0}
    requests = collector.sums("requests")[None]
    assert requests == len(sandbox.requests)
    assert collector.sums("quota.remaining") == {None: 1_000_000 - requests}
    assert collector.sums("run.duration", "run.status")["completed"] > 0
    (timed,) = collector.points["constant_contact.import.duration"]
    assert timed.count == 3


def test_every_name_that_is_told_stands_in_the_reference(collector, told, behave):
    behave(rows_lost=1)
    told(collector.url, variables={"TRACESTATE": "a=b"})
    assert len(names(collector)) > 30
    assert names(collector) <= REFERENCE


def test_nothing_of_a_row_and_no_secret_is_told(collector, told, behave, sandbox):
    behave(rows_lost=1)
    done = told(collector.url)
    assert collector.named("read_back")
    assert collector.bodies
    for body in collector.bodies:
        assert not OF_A_ROW.search(body)
        assert sandbox.access_token.encode() not in body
    assert not OF_A_ROW.search(done.stderr.encode())


def test_finding_out_why_rows_have_not_landed_is_a_span(collector, told, behave):
    behave(rows_lost=1)
    told(collector.url)
    (import_of_all,) = (span for span in collector.named("import")[:1])
    assert import_of_all.attributes["constant_contact.rows.landed"] == 9
    (read_back, *_) = collector.named("read_back")
    assert read_back.attributes["constant_contact.work"]


def test_a_run_that_fails_is_told_without_what_it_failed_of(collector, told):
    done = told(collector.url, max_rejected_percent=1)
    assert done.returncode == 65
    assert collector.root.failed
    assert collector.root.attributes["constant_contact.run.status"] == "failed"
    assert [span.message for span in collector.spans if span.message] == []
    assert collector.sums("run.duration", "run.status").keys() == {"failed"}


def test_waits_for_the_limit_are_told(collector, told):
    told(collector.url, requests_per_second=4)
    waits = collector.named("wait")
    assert {span.attributes["constant_contact.wait.reason"] for span in waits} == {"rate"}
    assert sum(span.attributes["constant_contact.seconds"] for span in waits) > 0
    assert collector.sums("wait.duration", "wait.reason")["rate"] > 0


def test_a_run_is_a_part_of_the_trace_around_it(collector, told):
    trace, span = "4bf92f3577b34da6a3ce929d0e0e4736", "0011223344556677"
    told(collector.url, variables={"TRACEPARENT": f"00-{trace}-{span}-01"})
    assert (collector.root.trace_id, collector.root.parent_id) == (trace, span)


def test_a_sweep_is_a_trace_with_what_became_of_each_list(collector, sandbox, tmp_path):
    exports = Exports(sandbox, tmp_path)
    assert exports.load(range(40)).exit_code == 0
    assert exports.sweep().exit_code == 0
    assert exports.load(range(36)).exit_code == 0
    done = cli(
        tmp_path,
        "sweep",
        "--config",
        str(exports.file),
        OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
    )
    assert done.returncode == 0, done.stderr
    assert collector.root.name == "constant_contact.sweep"
    assert collector.root.attributes["constant_contact.members.taken_off"] == 4
    (swept,) = collector.named("list_swept")
    assert swept.attributes["constant_contact.members.taken_off"] == 4
    assert collector.named("taking_off")
    assert collector.sums("members.taken_off") == {None: 4}
    assert names(collector) <= REFERENCE
    assert not any(OF_A_ROW.search(body) for body in collector.bodies)


def test_a_collector_that_does_not_answer_holds_no_run_up(told):
    with Collector(seconds=60) as collector:
        began = time.monotonic()
        done = told(collector.url)
        assert time.monotonic() - began < 20
    assert done.returncode == 0
    assert json.loads(done.stdout) == {"bookmark": 1}
    (line,) = warnings(done)
    assert "the metrics within 3 s; nothing else is affected" in line


def test_a_collector_that_is_not_there_is_one_line_of_the_log(told):
    done = told("http://127.0.0.1:9")
    assert done.returncode == 0
    assert len(warnings(done)) == 1


def test_nothing_of_opentelemetry_is_loaded_unless_a_variable_asks_for_it(sandbox, tmp_path):
    config = tmp_path / "config.json"
    config.write_text(json.dumps(settings_for(sandbox, tmp_path / "data")))

    def loaded(**variables):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, "--config", str(config)],
            input=ROWS,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
            env=environment(tmp_path) | variables,
        )
        return {line.split(".")[0] for line in done.stderr.splitlines()}

    heavy = {"opentelemetry", "google"}
    assert not loaded(OTEL_SERVICE_NAME="nightly") & heavy
    named = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}
    assert not loaded(**named, OTEL_SDK_DISABLED="true") & heavy
    off = {"OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "none"}
    assert not loaded(**named, **off) & heavy
    assert "opentelemetry" in loaded(**named)
