"""A deep queue that moves on is no time-out, and one that does not is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from target_constant_contact.api.models import Activity
from target_constant_contact.imports.queue_progress import QueueProgress

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


def activity(name: str, state: str = "processing", percent: int = 0, minutes: int = 0) -> Activity:
    made = NOW + timedelta(minutes=minutes)
    return Activity(name, state, created_at=made, percent_done=percent)


@pytest.fixture
def queue():
    made = QueueProgress(lambda activity_id: activity_id.startswith("ours"))
    made.note([activity("ours"), activity("theirs"), activity("later", minutes=1)], 10)
    return made


def test_what_is_seen_for_the_first_time_says_nothing(queue):
    assert queue.last_sign == float("-inf")


@pytest.mark.parametrize("name", ["ours", "theirs"])
@pytest.mark.parametrize("moved", [{"state": "completed"}, {"percent": 1}])
def test_an_activity_that_moves_on_is_a_sign(queue, name, moved):
    queue.note([activity(name, **moved)], 20)
    assert queue.last_sign == 20


def test_what_has_not_moved_is_none(queue):
    queue.note([activity("ours"), activity("theirs")], 20)
    assert queue.last_sign == float("-inf")


def test_what_was_made_after_our_last_one_is_none(queue):
    """There is no end to what others may begin."""
    queue.note([activity("ours"), activity("later", "completed", minutes=1)], 20)
    assert queue.last_sign == float("-inf")


def test_the_same_step_again_is_none(queue):
    """A service that goes back and forth would be waited for without an end."""
    queue.note([activity("theirs", "queued", 50)], 20)
    queue.note([activity("theirs", "processing", 40)], 30)
    queue.note([activity("theirs", "queued", 50)], 40)
    assert queue.last_sign == 20
