"""The target as a process that tells a collector of its run."""

from __future__ import annotations

import json
import re
import signal
import sys
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest

from target_constant_contact.sandbox import Sandbox
from tests.conftest import AT_ONCE
from tests.docs import pages
from tests.support import forks
from tests.support.collector import Collector
from tests.support.process import TargetProcess, cli, environment
from tests.support.sweeping import Exports
from tests.support.target import lines, member, record, schema, settings_for, state

REFERENCE = set(pages.code(pages.read(pages.DOCS / "reference" / "telemetry.md")))
PEOPLE = [member(number, FirstName=f"Name{number}") for number in range(25)]
ROWS = lines(schema(), *PEOPLE, record(EmailAddress="no address", FirstName="Nobody"), state(1))
OF_A_ROW = re.compile(rb"@example|%40|member\d|Name\d|no address|Nobody")
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
    """Run the target as a process: `told(url, **settings)`."""

    def tell(url, **settings):
        return run_told(sandbox, tmp_path, url, **settings)

    return tell


@pytest.fixture(scope="module")
def usual(tmp_path_factory):
    """A run of which a row is rejected and the last of each import does not land."""
    folder, behaviour = tmp_path_factory.mktemp("usual"), replace(AT_ONCE, rows_lost=1)
    with Sandbox(behaviour=behaviour) as sandbox, Collector() as collector:
        done = run_told(sandbox, folder, collector.url)
        (report,) = folder.glob("data/runs/*/report.json")
        yield SimpleNamespace(
            collector=collector, done=done, sandbox=sandbox, report=json.loads(report.read_text())
        )


def run_told(sandbox, folder, url, **settings):
    config = folder / "config.json"
    settings = {"batch_size_rows": 10} | settings
    config.write_text(json.dumps(settings_for(sandbox, folder / "data", **settings)))
    return cli(folder, "--config", str(config), stdin=ROWS, OTEL_EXPORTER_OTLP_ENDPOINT=url)


def warnings(done):
    return [line for line in done.stderr.splitlines() if "OpenTelemetry" in line]


def names(collector):
    """All names of spans, metrics and attributes that have come."""
    found = {span.name for span in collector.spans} | collector.points.keys()
    for each in (*collector.spans, *(one for some in collector.points.values() for one in some)):
        found |= each.attributes.keys()
    return found


def test_a_run_is_one_trace_with_a_span_for_each_import(usual):
    collector, root = usual.collector, usual.collector.root
    assert root.name == "constant_contact.load"
    assert {span.trace_id for span in collector.spans} == {root.trace_id}
    imports = collector.named("import")
    assert [span.parent_id for span in imports] == [root.span_id] * 3
    assert sum(span.attributes["constant_contact.rows.landed"] for span in imports) == 22
    assert len({span.attributes["constant_contact.activity.id"] for span in imports}) == 3
    assert {span.attributes["constant_contact.stream.name"] for span in imports} == {"members"}
    assert all(root.start <= span.start <= span.end <= root.end for span in imports)
    assert not any(span.failed for span in imports)


def test_reading_polls_and_finding_out_why_are_spans_of_the_trace(usual):
    collector = usual.collector
    (read,) = collector.named("read")
    assert read.attributes["constant_contact.rows.read"] == 26
    polls = collector.named("poll")
    assert sum(span.attributes["constant_contact.times"] for span in polls) > 0
    read_backs = collector.named("read_back")
    assert read_backs[0].attributes["constant_contact.work"]
    parents = {span.parent_id for span in (read, *polls, read_backs[0])}
    assert parents == {collector.root.span_id}
    assert read.end <= read_backs[0].start


def test_the_sums_of_a_run_are_those_of_its_report(usual):
    root, report = usual.collector.root.attributes, usual.report
    shown = {place: root[f"constant_contact.rows.{place}"] for place in report["totals"]}
    assert shown == report["totals"]
    assert root["constant_contact.run.name"] == report["run"]
    assert root["constant_contact.run.status"] == report["status"]
    assert root["constant_contact.requests"] == report["requests"] > 0


def test_the_metrics_of_a_run_are_its_sums(usual):
    collector = usual.collector
    places = {"landed": 22, "rejected": 1, "unexplained": 3}
    assert collector.sums("rows.accounted", "rows.place") == places
    assert collector.sums("rows.read") == {None: 26}
    assert collector.sums("imports.sent", "stream.name") == {"members": 3}
    assert collector.sums("imports.in_flight") == {None: 0}
    requests = collector.sums("requests")[None]
    assert requests == usual.report["requests"]
    assert collector.sums("quota.remaining") == {None: 1_000_000 - requests}
    assert collector.sums("run.duration", "run.status")["failed"] > 0
    (timed,) = collector.points["constant_contact.import.duration"]
    assert timed.count == 3


def test_a_run_that_fails_is_told_without_what_it_failed_of(usual):
    assert usual.done.returncode == 65
    assert usual.collector.root.failed
    assert usual.collector.root.attributes["constant_contact.run.status"] == "failed"
    assert [span.message for span in usual.collector.spans if span.message] == []


def test_every_name_that_is_told_stands_in_the_reference(usual):
    assert len(names(usual.collector)) > 30
    assert names(usual.collector) <= REFERENCE


def test_nothing_of_a_row_and_no_secret_is_told(usual):
    assert len(usual.collector.bodies) >= 2
    for body in usual.collector.bodies:
        assert not OF_A_ROW.search(body)
        assert usual.sandbox.access_token.encode() not in body


def test_a_run_that_ends_well_has_no_span_that_failed(collector, told):
    done = told(collector.url)
    assert done.returncode == 0, done.stderr
    assert not any(span.failed for span in collector.spans)
    assert collector.root.attributes["constant_contact.run.status"] == "completed"
    assert warnings(done) == []


def test_a_run_that_is_told_to_stop_is_told_all_the_same(collector, sandbox, tmp_path):
    config = settings_for(sandbox, tmp_path / "data")
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}
    target = TargetProcess(config, tmp_path, variables=variables).start()
    target.write(schema(), *PEOPLE)
    target.wait_for_log("Stream members goes to")
    target.send_signal(signal.SIGTERM)
    assert target.wait() != 0
    assert collector.root.failed
    assert collector.root.attributes["constant_contact.run.status"] == "failed"
    assert collector.sums("run.duration", "run.status").keys() == {"failed"}


def test_waits_for_the_limit_are_told(collector, told):
    told(collector.url, requests_per_second=4)
    waits = collector.named("wait")
    assert {span.attributes["constant_contact.wait.reason"] for span in waits} == {"rate"}
    assert sum(span.attributes["constant_contact.seconds"] for span in waits) > 0
    assert collector.sums("wait.duration", "wait.reason")["rate"] > 0


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


def test_learning_who_has_left_or_unsubscribed_is_a_span(collector, sandbox, tmp_path, monkeypatch):
    exports = Exports(sandbox, tmp_path)
    assert exports.load(range(40)).exit_code == 0
    assert exports.sweep().exit_code == 0
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    assert exports.load(range(40)).exit_code == 0
    root = collector.root.span_id
    (departures,) = collector.named("departures")
    (opt_outs,) = collector.named("opt_outs")
    assert (departures.parent_id, opt_outs.parent_id) == (root, root)
    (read_back,) = collector.named("read_back")
    assert read_back.parent_id == departures.span_id
    assert names(collector) <= REFERENCE


def test_a_collector_that_does_not_answer_holds_no_run_up(told):
    with Collector(seconds=60) as collector:
        began = time.monotonic()
        done = told(collector.url)
        # It would answer after a minute.
        assert time.monotonic() - began < 50
    assert done.returncode == 0
    assert json.loads(done.stdout) == {"bookmark": 1}
    (line,) = warnings(done)
    assert "the metrics within 3 s; nothing else is affected" in line


def test_nothing_of_opentelemetry_is_loaded_unless_a_variable_asks_for_it(sandbox, tmp_path):
    config = tmp_path / "config.json"
    config.write_text(json.dumps(settings_for(sandbox, tmp_path / "data")))

    def loaded(**variables):
        command = [sys.executable, "-c", PROGRAM, "--config", str(config)]
        done = forks.run(command, environment(tmp_path) | variables, input=ROWS, text=True)
        assert done.returncode == 0
        return {line.split(".")[0] for line in done.stderr.splitlines()}

    heavy = {"opentelemetry", "google"}
    assert not loaded(OTEL_SERVICE_NAME="nightly") & heavy
    assert "opentelemetry" in loaded(OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9")
