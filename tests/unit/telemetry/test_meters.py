"""A run as metrics."""

from __future__ import annotations

import pytest

from target_constant_contact.events.kinds import (
    ImportSent,
    ImportSettled,
    LimitWaited,
    ListSwept,
    RowsRead,
    WorkEnded,
)

RUN = {"run.kind": "load", "export.id": "a1-b2", "connection.name": "marketing"}


def counts(stream, *lists, **places):
    return {"stream": stream, "lists": [{"id": each, "name": each} for each in lists]} | places


def imported(activity_id, seconds=5.0, **values):
    numbers = {"rows": 2, "landed": 2, "refused": 0, "suppressed": 0, "unexplained": 0} | values
    return ImportSettled(activity_id, "members", ("l1",), seconds=seconds, **numbers)


def test_rows_are_counted_by_the_place_where_they_ended_up(telling):
    telling.end(
        destinations=[
            counts("members", "l2", "l1", read=5, landed=3, rejected=2),
            counts("loyalty", "l3", read=1, landed=1),
        ]
    )
    members = RUN | {"stream.name": "members", "list.ids": "l1,l2"}
    loyalty = RUN | {"stream.name": "loyalty", "list.ids": "l3"}
    assert telling.points("rows.accounted") == [
        (members | {"rows.place": "landed"}, 3),
        (members | {"rows.place": "rejected"}, 2),
        (loyalty | {"rows.place": "landed"}, 1),
    ]


def test_rows_are_counted_as_they_are_read(telling):
    telling.tell(RowsRead(500), RowsRead(700))
    assert telling.points("rows.read") == [(RUN, 700)]


def test_rows_that_were_not_told_as_they_were_read_are_counted_at_the_end(telling):
    telling.tell(RowsRead(500))
    telling.end(totals={"read": 730})
    assert telling.points("rows.read") == [(RUN, 730)]


def test_imports_are_counted_and_timed(telling):
    members = RUN | {"stream.name": "members"}
    telling.tell(*(ImportSent(name, "members", ("l1",), 2, 1_000) for name in ("a1", "a2")))
    telling.tell(imported("a1", 4.0))
    assert telling.points("imports.sent") == [(members, 2)]
    assert telling.points("imports.in_flight") == [(RUN, 1)]
    assert telling.points("import.duration") == [(members, 4.0)]
    assert telling.points("import.size") == [(members, 2_000)]


def test_no_import_is_in_flight_after_the_run(telling):
    telling.tell(ImportSent("a1", "members", ("l1",), 2, 1_000))
    telling.tell(imported("of an interrupted run", 0.0, taken_up=True))
    assert telling.points("imports.in_flight") == [(RUN, 1)]
    assert telling.points("import.duration") == []
    telling.end()
    assert telling.points("imports.in_flight") == [(RUN, 0)]


def test_seconds_are_measured_of_waits_works_and_the_run(telling):
    telling.tell(LimitWaited("rate", 0.25), LimitWaited("rate", 0.5), LimitWaited("queue", 30))
    telling.tell(WorkEnded("reading list Newsletter back", "read_back", 3.0))
    telling.end("failed", "SIGTERM")
    assert telling.points("wait.duration") == [
        (RUN | {"wait.reason": "rate"}, 0.75),
        (RUN | {"wait.reason": "queue"}, 30),
    ]
    assert telling.points("work.duration") == [(RUN | {"work.kind": "read_back"}, 3.0)]
    assert telling.points("run.duration") == [(RUN | {"run.status": "failed"}, 12.5)]


def test_requests_are_counted(telling):
    telling.end()
    assert telling.points("requests") == [(RUN, 7)]


@pytest.mark.parametrize(("used", "left"), [(9_000, 1_000), (10_004, 0)])
def test_what_is_left_of_the_requests_of_the_day_is_told(telling, used, left):
    telling.end(requests_today=used, requests_per_day=10_000)
    assert telling.points("quota.remaining") == [(RUN, left)]


def test_what_is_left_of_the_day_is_not_told_when_it_is_not_known(telling):
    telling.end(requests_today=None, requests_per_day=10_000)
    assert telling.points("quota.remaining") == []


def test_people_are_counted_who_were_taken_off_and_not_those_who_would_be(telling):
    telling.tell(ListSwept("members", "l1", "Newsletter", "swept", 40, 3))
    telling.tell(ListSwept("members", "l2", "Other", "planned", 40, 7))
    assert telling.points("members.taken_off") == [
        (RUN | {"stream.name": "members", "list.id": "l1"}, 3)
    ]
