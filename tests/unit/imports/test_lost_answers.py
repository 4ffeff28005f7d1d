"""An activity is taken for a lost import only when it shows the name of its file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from target_constant_contact.api.models import Activity
from target_constant_contact.imports.lost_answers import CLOCK_SKEW, Sighting, look
from target_constant_contact.ledger.entry import Entry

SENT_AT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
NAME = f"contacts-{1:032x}.csv"
OTHER = f"contacts-{2:032x}.csv"
JSON = "upload_from_json.csv"


def activity(
    state: str = "completed", name: str = "", created_at: datetime | None = SENT_AT
) -> Activity:
    """One that has read as many rows as the lost import."""
    counters = {"person_count": 7, "items_total_count": 8}
    return Activity("a1", state, counters, created_at=created_at, source_file_name=name)


def seen(
    *activities: Activity, name: str = NAME, newest: datetime | None = None, known: str = ""
) -> Sighting:
    entry = Entry(1, "", "members", 7, SENT_AT, newest, name)
    return look(entry, activities, lambda activity_id: activity_id == known)


def test_an_import_that_shows_the_name_of_the_file_is_the_lost_one():
    assert seen(activity(), activity(name=NAME)).found == activity(name=NAME)


@pytest.mark.parametrize("shown", [f"/uploads/{NAME}", f"{NAME}.csv"])
def test_the_service_may_add_something_to_the_name(shown):
    assert seen(activity(name=shown)).found


@pytest.mark.parametrize("created_at", [None, SENT_AT - CLOCK_SKEW - SECOND])
def test_a_name_counts_whatever_the_clocks_say(created_at):
    assert seen(activity(name=NAME, created_at=created_at)).found


@pytest.mark.parametrize("name", [NAME, ""], ids=["csv", "json"])
@pytest.mark.parametrize("shown", ["", "contacts.csv", JSON, OTHER])
def test_as_many_rows_at_the_same_time_prove_nothing(name, shown):
    """Another export of the same segment may have sent them, with older values."""
    assert seen(activity(name=shown), name=name) == Sighting()


@pytest.mark.parametrize("state", ["failed", "cancelled"])
def test_one_that_ended_badly_is_sent_again(state):
    assert seen(activity(state, NAME)) == Sighting()


@pytest.mark.parametrize("state", ["initialized", "processing"])
@pytest.mark.parametrize("name", [NAME, ""], ids=["csv", "json"])
def test_an_unfinished_activity_that_may_be_it_is_waited_for(name, state):
    assert seen(activity(), activity(state, JSON), name=name) == Sighting(pending=True)
    assert seen(activity(state, created_at=None), name=name) == Sighting(pending=True)


def test_the_lost_import_itself_is_waited_for():
    assert seen(activity("processing", NAME)) == Sighting(pending=True)


def test_nothing_else_is_waited_for_beside_the_lost_import():
    assert seen(activity(name=NAME), activity("processing")).found


@pytest.mark.parametrize("name", [NAME, ""], ids=["csv", "json"])
def test_another_import_of_a_file_that_shows_its_own_name_is_not_waited_for(name):
    """Another export may have some in flight at any time."""
    assert seen(activity("processing", OTHER), name=name) == Sighting()


def test_an_activity_that_is_known_from_another_answer_is_not_waited_for():
    assert seen(activity("processing"), known="a1") == Sighting()


def test_what_was_created_before_the_activity_accepted_last_is_older():
    """The service's own clock tells more than this machine's."""
    newest = SENT_AT - 30 * SECOND
    assert seen(activity("processing", created_at=newest + SECOND), newest=newest).pending
    assert not seen(activity("processing", created_at=newest - SECOND), newest=newest).pending
    assert not seen(activity("processing", created_at=SENT_AT - CLOCK_SKEW - SECOND)).pending


def test_nothing_new_is_nothing():
    assert seen() == Sighting()
