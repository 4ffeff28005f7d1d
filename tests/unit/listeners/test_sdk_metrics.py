"""The metrics of a run as singer-sdk tells them."""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime

import pytest
from singer_sdk.metrics import get_metrics_logger

from target_constant_contact.events.events import Events
from target_constant_contact.events.kinds import ImportSettled, LimitWaited, RunBegun, RunEnded
from target_constant_contact.listeners import sdk_metrics

RUN = "20260101T000000Z-abcdef"
NEWSLETTER = {"id": "list-1", "name": "Newsletter"}
DOCUMENT = {
    "kind": "load",
    "status": "completed",
    "started_at": "2026-01-01T00:00:00+00:00",
    "ended_at": "2026-01-01T00:00:09+00:00",
    "requests": 12,
    "requests_today": 4_000,
    "requests_per_day": 10_000,
    "totals": {"read": 9, "landed": 6, "rejected": 2, "refused": 1},
    "destinations": [
        {
            "stream": "members",
            "lists": [NEWSLETTER],
            "read": 7,
            "landed": 6,
            "refused": 1,
            "copies": 2,
        },
        {"stream": "members", "lists": [], "read": 2, "rejected": 2},
    ],
    "imports": [
        {"activity_id": name, "stream": "members", "rows": 3, "seconds": 1.5, "counters": {}}
        for name in ("a", "b")
    ],
    "swept": [
        {
            "stream": "members",
            "list_id": "list-1",
            "list_name": "Newsletter",
            "outcome": "swept",
            "before": 8,
            "stay": 6,
            "taken_off": 2,
            "not_ours": 0,
            "left_by_themselves": 0,
            "way": "ids",
            "requests": 1,
            "reason": "",
        }
    ],
}


def begun():
    return RunBegun(RUN, "load", "export", "/runs", datetime.now(UTC))


def ended(error=None):
    return RunEnded(RUN, "load", "export", "/runs", "completed", error, 9.25, 12, DOCUMENT)


@pytest.fixture
def events(caplog):
    caplog.set_level(logging.INFO, get_metrics_logger().name)
    events = Events()
    sdk_metrics.listen(events, None, None)
    return events


@pytest.fixture
def points(caplog):
    def told():
        return [record.args[0].to_dict() for record in caplog.records]

    return told


def values(points, metric, *tags):
    """The values of a metric, by some of its tags."""

    def hashable(value):
        return tuple(value) if isinstance(value, list) else value

    return {
        tuple(hashable(point["tags"].get(tag)) for tag in tags): point["value"]
        for point in points
        if point["metric"] == metric
    }


def test_rows_are_told_by_where_they_have_ended_up(events, points):
    events.tell(ended())

    assert values(points(), "record_count", "place", "stream", "lists") == {
        ("read", "members", ("Newsletter",)): 7,
        ("landed", "members", ("Newsletter",)): 6,
        ("refused", "members", ("Newsletter",)): 1,
        ("read", "members", ()): 2,
        ("rejected", "members", ()): 2,
    }


def test_imports_seconds_requests_and_what_is_left_of_the_day_are_told(events, points):
    events.tell(begun())
    events.tell(ended())

    told = points()
    assert values(told, "batch_count", "stream") == {("members",): 2}
    assert values(told, "http_request_count", "run") == {(RUN,): 12}
    assert values(told, "requests_left", "per_day") == {(10_000,): 6_000}
    assert values(told, "job_duration", "job_type", "status") == {("load", "succeeded"): 9.25}
    assert values(told, "people_taken_off", "stream", "lists") == {("members", ("Newsletter",)): 2}


def test_nobody_is_counted_as_taken_off_in_a_plan(events, points):
    planned = [DOCUMENT["swept"][0] | {"outcome": "planned"}]
    document = DOCUMENT | {"swept": planned, "status": "dry run"}
    events.tell(RunEnded(RUN, "load", "export", "/runs", "dry run", None, 9.25, 12, document))

    assert values(points(), "people_taken_off", "stream") == {("members",): 0}


def test_a_run_that_has_failed_is_told_as_failed(events, points):
    events.tell(ended("The service is down"))

    assert values(points(), "job_duration", "status") == {("failed",): 9.25}


def test_each_import_is_told_when_it_settles(events, points):
    events.tell(begun())
    events.tell(ImportSettled("activity-1", "members", ("list-1",), 3, 2, 1, 0, 0, 1.5))
    taken_up = ImportSettled("activity-2", "members", ("list-1",), 3, 3, 0, 0, 0, 0, taken_up=True)
    events.tell(taken_up)

    (point,) = points()
    assert (point["metric"], point["value"]) == ("batch_processing_time", 1.5)
    assert point["tags"]["activity_id"] == "activity-1"
    assert (point["tags"]["rows"], point["tags"]["landed"]) == (3, 2)


def test_waits_for_a_limit_add_up_over_all_threads(events, points):
    def wait():
        for _ in range(200):
            events.tell(LimitWaited("rate", 0.25))

    threads = [threading.Thread(target=wait) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    events.tell(LimitWaited("queue", 10))
    events.tell(ended())

    assert values(points(), "limit_wait_duration", "why") == {("rate",): 200.0, ("queue",): 10.0}


def test_a_name_with_an_address_in_it_is_masked_and_the_metric_stays_one(events, points):
    events.tell(ImportSettled("a", "of ada@example.com", ("list-1",), 3, 3, 0, 0, 0, 1.5))

    assert points()[0]["tags"]["stream"] == "of <address>"


def test_nobody_listens_when_nobody_has_asked(caplog):
    caplog.set_level(logging.WARNING, get_metrics_logger().name)
    events = Events()
    sdk_metrics.listen(events, None, None)
    events.tell(RunEnded(RUN, "load", "export", "/runs", "completed", None, 9, 12, {"not": {1}}))

    assert caplog.records == []
