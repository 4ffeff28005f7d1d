"""A run as a trace."""

from __future__ import annotations

import threading

import pytest

from target_constant_contact.events.kinds import (
    ImportSent,
    ImportSettled,
    ImportsPolled,
    LimitWaited,
    ListSwept,
    RowsRead,
    WorkBegun,
    WorkEnded,
)
from target_constant_contact.telemetry.spans import MOST
from tests.unit.telemetry.conftest import Telling


def sent(activity_id="a1", rows=2):
    return ImportSent(activity_id, "members", ("l1", "l2"), rows, 1_000)


def settled(activity_id="a1", seconds=5.0, **values):
    counts = {"rows": 2, "landed": 2, "refused": 0, "suppressed": 0, "unexplained": 0} | values
    return ImportSettled(activity_id, "members", ("l1", "l2"), seconds=seconds, **counts)


def test_the_root_is_the_run_with_its_sums(telling):
    telling.end(totals={"read": 5, "landed": 3, "rejected": 2})
    root = telling.root
    assert root.name == "load"
    assert (
        root.attributes.items()
        >= {
            "run.name": "20261129-1",
            "run.kind": "load",
            "run.status": "completed",
            "run.dry_run": False,
            "export.id": "a1-b2",
            "connection.name": "marketing",
            "requests": 7,
            "rows.read": 5,
            "rows.landed": 3,
            "rows.rejected": 2,
            "rows.refused": 0,
        }.items()
    )
    assert not root.failed


def test_a_failed_run_is_marked_without_what_it_failed_of(telling):
    telling.end("failed", "alice@example.com is no list")
    assert telling.root.failed
    assert telling.root.attributes["run.status"] == "failed"
    assert telling.root.message is None
    assert "alice" not in str(telling.root)


def test_reading_lasts_until_the_last_row(telling):
    telling.tell(RowsRead(500), seconds=2)
    telling.tell(RowsRead(700), seconds=1)
    telling.tell(sent(), seconds=4)
    telling.end()
    (read,) = telling.named("read")
    assert (read.start, read.end, read.attributes) == (0, 3, {"rows.read": 700})
    assert read.parent_id == telling.root.id


def test_reading_lasts_as_long_as_the_run_where_the_last_rows_were_not_told(telling):
    telling.tell(RowsRead(500), seconds=2)
    telling.tell(seconds=5)
    telling.end(totals={"read": 700})
    (read,) = telling.named("read")
    assert (read.end, read.attributes) == (7, {"rows.read": 700})


def test_an_import_lasts_from_its_submission_to_its_end(telling):
    telling.tell(sent(), seconds=1)
    telling.tell(settled(landed=1, refused=1), seconds=5)
    telling.end()
    (span,) = telling.named("import")
    assert (span.start, span.end) == (1, 6)
    assert span.parent_id == telling.root.id
    assert span.attributes == {
        "activity.id": "a1",
        "stream.name": "members",
        "list.ids": ("l1", "l2"),
        "import.size": 1_000,
        "import.taken_up": False,
        "import.settled": True,
        "rows.sent": 2,
        "rows.landed": 1,
        "rows.refused": 1,
        "rows.suppressed": 0,
        "rows.unexplained": 0,
    }


def test_an_import_of_an_interrupted_run_begins_with_the_run_that_takes_it_up(telling):
    telling.tell(settled(seconds=3_600, taken_up=True), seconds=2)
    telling.end()
    (span,) = telling.named("import")
    assert (span.start, span.end, span.attributes["import.taken_up"]) == (0, 2, True)


def test_an_import_that_never_came_to_its_end_is_marked(telling):
    telling.tell(sent(), seconds=1)
    telling.tell(seconds=9)
    telling.end("failed", "SIGTERM")
    (span,) = telling.named("import")
    assert (span.start, span.end, span.failed) == (1, 10, True)
    assert span.attributes["import.settled"] is False


def test_polls_and_waits_have_spans_of_their_length(telling):
    telling.tell(ImportsPolled(3, 0.5), LimitWaited("rate", 0.25), seconds=2)
    telling.end()
    (poll,), (wait,) = telling.named("poll"), telling.named("wait")
    assert (poll.start, poll.end) == (1.5, 2)
    assert (wait.start, wait.end, wait.attributes["wait.reason"]) == (1.75, 2, "rate")


@pytest.mark.parametrize("why", ["throttled", "queue"])
def test_a_wait_that_is_told_when_it_begins_lasts_from_then_on(telling, why):
    telling.tell(LimitWaited(why, 30), seconds=2)
    telling.end()
    (wait,) = telling.named("wait")
    assert (wait.start, wait.end) == (2, 32)


def test_ten_thousands_of_polls_are_a_few_hundred_spans_and_all_are_counted(telling):
    for _ in range(20_000):
        telling.tell(ImportsPolled(500, 0.25), seconds=1)
    telling.end()
    polls = telling.named("poll")
    assert len(polls) < 700
    assert sum(poll.attributes["times"] for poll in polls) == 20_000
    assert sum(poll.attributes["seconds"] for poll in polls) == pytest.approx(5_000)


def test_imports_beyond_the_most_are_left_out_and_counted(telling):
    for number in range(MOST + 5):
        telling.tell(sent(f"a{number}"), settled(f"a{number}"))
    telling.end(imports=[])
    assert len(telling.named("import")) == MOST
    assert telling.root.attributes["spans_left_out.import"] == 5


def test_a_work_is_below_the_one_that_it_is_a_part_of(telling):
    outer, inner = ("sweeping list Newsletter", "sweep_list"), ("waiting for it", "read_back")
    telling.tell(WorkBegun(*outer), seconds=1)
    telling.tell(WorkBegun(*inner), seconds=1)
    telling.tell(WorkEnded(*inner, 3.0), seconds=3)
    telling.tell(WorkEnded(*outer, 5.0, failed=True), seconds=1)
    telling.end()
    (above,), (below,) = telling.named("sweep_list"), telling.named("read_back")
    assert (above.start, above.end, above.failed) == (1, 6, True)
    assert (below.start, below.end, below.failed) == (2, 5, False)
    assert (above.parent_id, below.parent_id) == (telling.root.id, above.id)
    assert above.attributes == {"work": "sweeping list Newsletter"}


def test_a_work_of_another_thread_is_no_part_of_this_threads_work(telling):
    telling.tell(WorkBegun("taking people off", "taking_off"))
    other = threading.Thread(target=telling.tell, args=[WorkBegun("reading", "read_back")])
    other.start()
    other.join()
    telling.tell(WorkEnded("taking people off", "taking_off", 1.0))
    telling.end()
    (read_back,) = telling.named("read_back")
    assert read_back.parent_id == telling.root.id
    # Nobody has told its end.
    assert read_back.failed


def test_a_work_that_began_before_the_run_is_as_long_as_the_run(telling):
    telling.tell(WorkEnded("waiting for somebody to sign in", "sign_in", 60), seconds=2)
    telling.end()
    (sign_in,) = telling.named("sign_in")
    assert (sign_in.start, sign_in.end) == (0, 2)


def test_what_became_of_a_list_is_told(telling):
    telling.tell(ListSwept("members", "l1", "Newsletter", "refused", 40, 0, "a brake held"))
    telling.end(swept=[])
    (span,) = telling.named("list_swept")
    assert span.failed
    assert span.attributes == {
        "stream.name": "members",
        "list.id": "l1",
        "list.name": "Newsletter",
        "sweep.outcome": "refused",
        "sweep.reason": "a brake held",
        "members.before": 40,
        "members.taken_off": 0,
    }


def test_a_list_is_swept_from_the_first_work_on_it_to_its_sums(telling):
    for list_id in ("l1", "l2"):
        with_list = (f"reading who is on list {list_id}", "sweep_list")
        telling.tell(WorkBegun(*with_list), seconds=1)
        telling.tell(WorkEnded(*with_list, 2.0), WorkBegun("taking off", "taking_off"), seconds=2)
        telling.tell(WorkEnded("taking off", "taking_off", 3.0), seconds=3)
        telling.tell(ListSwept("members", list_id, "Newsletter", "swept", 40, 3), seconds=1)
    telling.end(swept=[])
    assert [(span.start, span.end) for span in telling.named("list_swept")] == [(1, 7), (8, 14)]


def test_a_program_around_the_run_may_have_begun_the_trace():
    telling = Telling(
        TRACEPARENT="00-4bf92f3577b34da6a3ce929d0e0e4736-0011223344556677-01",
        TRACESTATE="orchestrator=1",
    )
    telling.tell(sent(), settled())
    telling.end()
    assert telling.root.parent_id == 0x0011223344556677
    assert {span.trace_id for span in telling.spans} == {0x4BF92F3577B34DA6A3CE929D0E0E4736}


@pytest.mark.parametrize("named", ["", "00-1-2-01", "rubbish"])
def test_a_parent_that_cannot_be_read_is_passed_over(named):
    telling = Telling(TRACEPARENT=named)
    telling.end()
    assert telling.root.parent is None


def test_a_name_with_an_address_in_it_is_redacted(telling):
    telling.tell(ListSwept("of alice@example.com", "l1", "For alice@example.com", "swept", 2, 1))
    telling.tell(ImportSettled("a1", "members", ("alice@example.com",), 2, 2, 0, 0, 0, 1.0))
    telling.end()
    assert "alice" not in str(telling.spans)
    assert telling.named("list_swept")[0].attributes["list.name"] == "For <address>"
