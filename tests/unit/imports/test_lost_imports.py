"""A batch whose answer was lost is looked for, and sent again only when it is not there."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from target_constant_contact.api.models import Activity
from target_constant_contact.exceptions import LostAnswerError, TryLaterError
from tests.support.imports import batch, imported, lose


@pytest.fixture
def named(make):
    """Make a case whose first import is lost, and is listed in these states one after the other."""

    def make_named(*states):
        case = make(import_format="csv")
        case.client.on_import = lose(1)
        left = list(states)

        def listed():
            state = left.pop(0) if len(left) > 1 else left[0]
            return [imported("found", state, source_file_name=case.client.file_names[0])]

        case.client.recent_activities = listed
        return case

    return make_named


def test_a_lost_import_that_the_service_has_taken_is_not_sent_again(named):
    case = named("completed")
    case.run(batch(1))
    assert case.client.sent == []
    assert case.settled == [(1, 2)]
    assert case.ledger.has_activity("found")


@pytest.mark.parametrize("import_format", ["json", "csv"])
def test_an_import_that_may_be_somebody_else_s_is_not_believed(make, import_format):
    case = make(import_format=import_format)
    case.client.on_import = lose(1)
    case.client.listed = [imported("theirs")]
    case.run(batch(1))
    assert len(case.client.sent) == 1
    assert not case.ledger.has_activity("theirs")


def test_every_try_to_send_a_file_has_a_name_of_its_own(make):
    case = make(import_format="csv")
    case.client.on_import = lose(1)
    case.run(batch(1))
    assert len(set(case.client.file_names)) == 2


def test_a_lost_import_that_is_missed_twice_is_sent_again(case, caplog):
    case.client.on_import = lose(1)
    case.run(batch(1))
    assert case.client.polls[:2] == ["recent", "recent"]
    assert len(case.client.sent) == 1
    assert case.settled == [(1, 2)]
    assert "got no usable answer; looking among the recent activities" in caplog.text


def test_a_lost_import_that_is_unfinished_is_waited_for(named):
    case = named(*["processing"] * 3, "completed")
    case.run(batch(1))
    assert case.client.sent == []
    assert case.settled == [(1, 2)]


def test_nothing_is_sent_again_before_an_activity_that_may_be_the_lost_one_has_ended(case):
    """It could end later, and put its values on top of those of the next batch."""
    order = []
    case.client.on_import = lose(1)
    real = case.client.import_json

    def send(body, **options):
        real(body, **options)
        order.append("sent")
        return imported("a1")

    case.client.import_json = send
    states = iter(["processing"] * 3)

    def listed():
        state = next(states, "completed")
        order.append(state)
        return [imported("other", state)]

    case.client.recent_activities = listed
    case.run(batch(1))
    assert order == ["processing"] * 3 + ["completed"] * 2 + ["sent"]


def test_an_import_of_this_run_is_not_waited_for(case):
    case.client.on_import = lose(2)
    case.client.listed = [imported("a1", "processing")]
    case.run(batch(1), batch(2))
    assert len(case.client.sent) == 2
    assert sorted(case.settled) == [(1, 2), (2, 2)]


def test_what_was_there_before_the_last_accepted_import_is_not_waited_for(case):
    earlier = datetime.now(UTC) - timedelta(seconds=30)
    answers = iter([imported("a1", "initialized"), imported("a2", "initialized")])
    case.client.on_import = lose(2)
    real = case.client.import_json
    case.client.import_json = lambda body, **options: real(body, **options) and next(answers)
    case.client.listed = [Activity("other", "processing", {}, (), earlier)]
    case.run(batch(1), batch(2))
    assert len(case.client.sent) == 2


def test_nothing_else_is_begun_before_a_lost_import_is_cleared_up(make):
    """What is made in the meantime could be taken for it."""
    case = make(max_in_flight=1)
    case.client.on_import = lose(1)
    order = []
    case.client.recent_activities = lambda: order.append("look") or []
    real = case.client.import_json

    def send(body, **options):
        order.append("send")
        return real(body, **options)

    case.client.import_json = send
    case.run(batch(1), batch(2))
    assert order == ["send", "look", "look", "send", "send"]


def test_several_imports_that_are_lost_at_once_are_looked_for_together(make):
    case = make(import_format="csv", poll_seconds=(0.01,))
    both = threading.Barrier(2, timeout=30)

    def on_import(_number: int) -> None:
        if len(case.client.file_names) <= 2:
            both.wait()
            raise LostAnswerError("POST /import got no usable answer")

    def listed():
        case.client.polls.append("recent")
        names = case.client.file_names[:2]
        return [imported(name, source_file_name=name) for name in names]

    case.client.on_import = on_import
    case.client.recent_activities = listed
    case.run(batch(1), batch(2))
    assert case.client.sent == []
    assert sorted(case.settled) == [(1, 2), (2, 2)]
    assert len(case.client.polls) <= 3


def test_a_lost_import_is_not_looked_for_while_another_answer_is_awaited(make):
    """What it has made would not be known as its own."""
    case = make(poll_seconds=(0.01,))
    release, order = threading.Event(), []

    def on_import(_number: int) -> None:
        if len(order) == 0:
            order.append("lost")
            # Once the other one is under way.
            under_way.wait(5)
            threading.Timer(0.1, release.set).start()
            raise LostAnswerError("POST /import got no usable answer")
        if order == ["lost"]:
            under_way.set()
            release.wait(5)
            order.append("answered")

    under_way = threading.Event()
    case.client.on_import = on_import
    case.client.recent_activities = lambda: order.append("look") or []
    case.run(batch(1), batch(2))
    assert order[:2] == ["lost", "answered"]
    assert "look" in order


def test_doubts_that_do_not_clear_up_end_the_run_as_try_later(make):
    ticks = iter(range(0, 100_000, 20))
    case = make(timeout_seconds=60, clock=lambda: float(next(ticks)))
    case.client.on_import = lose(1)
    case.client.listed = [imported("other", "processing")]
    with pytest.raises(TryLaterError, match=r"2 rows of stream 'members' could not be found out"):
        case.run(batch(1))
    assert case.client.sent == []
