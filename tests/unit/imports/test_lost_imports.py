"""A batch whose answer was lost is looked for, and sent again only when it is not there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from target_constant_contact.api.models import Activity
from target_constant_contact.exceptions import (
    TryLaterError,
)
from tests.support.imports import batch, imported, lose


def test_a_lost_import_that_the_service_has_taken_is_not_sent_again(case):
    case.client.on_import = lose(1)
    case.client.listed = [imported("found")]
    case.run(batch(1))
    assert case.client.sent == []
    assert case.settled == [(1, 2)]
    assert case.ledger.has_activity("found")


def test_a_lost_import_that_is_missed_twice_is_sent_again(case, caplog):
    case.client.on_import = lose(1)
    case.run(batch(1))
    assert case.client.polls[:2] == ["recent", "recent"]
    assert len(case.client.sent) == 1
    assert case.settled == [(1, 2)]
    assert "got no usable answer; looking among the recent activities" in caplog.text


def test_a_lost_import_waits_for_an_unfinished_activity_that_may_be_it(case):
    case.client.on_import = lose(1)
    listed = iter([[imported("found", "processing")]] * 3 + [[imported("found")]] * 9)
    case.client.recent_activities = lambda: next(listed)
    case.run(batch(1))
    assert case.client.sent == []
    assert case.settled == [(1, 2)]


def test_an_import_of_this_run_is_not_taken_for_a_lost_one(case):
    case.client.on_import = lose(2)
    case.client.listed = [imported("a1")]
    case.run(batch(1), batch(2))
    assert len(case.client.sent) == 2
    assert sorted(case.settled) == [(1, 2), (2, 2)]


def test_what_was_there_before_the_last_accepted_import_is_not_taken_for_a_lost_one(case):
    earlier = datetime.now(UTC) - timedelta(seconds=30)
    answers = iter([imported("a1", "initialized"), imported("a2", "initialized")])
    case.client.on_import = lose(2)
    real = case.client.import_json
    case.client.import_json = lambda body: real(body) and next(answers)
    case.client.listed = [Activity("other", "completed", imported("x").counters, (), earlier)]
    case.run(batch(1), batch(2))
    assert len(case.client.sent) == 2


def test_nothing_else_is_sent_before_a_lost_import_is_cleared_up(case):
    """Two lost imports could not be told apart."""
    case.client.on_import = lose(1)
    order = []
    case.client.recent_activities = lambda: order.append("look") or []
    real = case.client.import_json
    case.client.import_json = lambda body: order.append("send") or real(body)
    case.run(batch(1), batch(2))
    assert order == ["send", "look", "look", "send", "send"]


def test_doubts_that_do_not_clear_up_end_the_run_as_try_later(make):
    ticks = iter(range(0, 100_000, 20))
    case = make(timeout_seconds=60, clock=lambda: float(next(ticks)))
    case.client.on_import = lose(1)
    case.client.listed = [imported("other", "processing")]
    with pytest.raises(TryLaterError, match=r"2 rows of stream 'members' could not be found out"):
        case.run(batch(1))
    assert case.client.sent == []
