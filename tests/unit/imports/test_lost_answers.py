"""An activity is taken for a lost import only when it can be no other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from target_constant_contact.api.models import Activity
from target_constant_contact.imports.lost_answers import CLOCK_SKEW, Sighting, look
from target_constant_contact.ledger.entry import Entry

SENT_AT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def activity(
    name: str = "lost",
    state: str = "completed",
    created_at: datetime | None = SENT_AT,
    **counters: Any,
) -> Activity:
    counters = counters or {"person_count": 7, "items_total_count": 8}
    return Activity(name, state, counters, created_at=created_at)


def seen(*activities: Activity, newest: datetime | None = None, known: str = "") -> Sighting:
    entry = Entry(1, "", "members", 7, SENT_AT)
    return look(entry, newest, activities, lambda activity_id: activity_id == known)


def test_the_only_new_activity_with_as_many_rows_is_the_lost_one():
    assert seen(activity()).found == activity()


@pytest.mark.parametrize("items", [7, 8])
def test_a_header_row_may_be_counted_or_not(items):
    assert seen(activity(person_count=7, items_total_count=items)).found


@pytest.mark.parametrize(
    "other",
    [
        activity(person_count=6, items_total_count=8),
        activity(person_count=7, items_total_count=9),
        activity(items_total_count=8),
        activity(items_total_count=7, items_completed_count=7),
        activity(state="failed"),
        activity(created_at=None),
        activity(created_at=SENT_AT - CLOCK_SKEW - SECOND),
    ],
    ids=["persons", "items", "no persons", "other kind", "failed", "undated", "older"],
)
def test_anything_else_is_not(other):
    assert seen(other) == Sighting()


def test_an_activity_that_is_known_from_another_answer_is_not_the_lost_one():
    assert seen(activity("mine"), known="mine") == Sighting()


def test_two_that_fit_are_none():
    """Sending again is harmless; taking another program's import for ours would lose rows."""
    assert seen(activity("one"), activity("other")) == Sighting()


@pytest.mark.parametrize("state", ["initialized", "processing"])
def test_an_unfinished_activity_is_waited_for_even_beside_one_that_fits(state):
    assert seen(activity("one"), activity("other", state)) == Sighting(pending=True)


def test_an_unfinished_activity_without_a_date_is_waited_for():
    assert seen(activity(state="processing", created_at=None)).pending


def test_what_was_created_before_the_activity_accepted_last_is_older():
    """The service's own clock tells more than this machine's."""
    newest = SENT_AT - 30 * SECOND
    assert seen(activity(created_at=newest + SECOND), newest=newest).found
    assert not seen(activity(created_at=newest - SECOND), newest=newest).found
    assert not seen(activity(state="processing", created_at=newest - SECOND), newest=newest).pending


def test_nothing_new_is_nothing():
    assert seen() == Sighting()
