"""Jobs of the service are started as its queue allows, and waited for."""

from __future__ import annotations

from functools import partial

import pytest

from target_constant_contact.api.models import Activity
from target_constant_contact.exceptions import (
    ApiError,
    InterruptedRunError,
    LostAnswerError,
    QueueFullError,
    TryLaterError,
)
from target_constant_contact.segments.jobs import Jobs
from target_constant_contact.waiting import Waiting
from tests.support.fakes import Clock, stop


class Service:
    """Activities, each of which ends after some polls.

    Attributes:
        polls: How many times an activity has to be asked for.
        room: Unfinished activities that the queue takes.
        most: Most that there were.
        ends: How each one ends; completed unless it is here.
    """

    def __init__(self, polls=2, room=1_000):
        self.polls, self.room, self.most = polls, room, 0
        self.ends = {}
        self.left = {}
        self.asked = 0

    def start(self, name):
        if self.unfinished >= self.room:
            raise QueueFullError("full")
        self.left[name] = self.polls
        self.most = max(self.most, self.unfinished)
        return self.activity_of(name)

    @property
    def unfinished(self):
        return sum(left > 0 for left in self.left.values())

    def activity_of(self, name):
        done = self.ends.get(name, "completed")
        return Activity(name, "processing" if self.left[name] > 0 else done)

    def activity(self, activity_id):
        return next(each for each in self.recent_activities() if each.activity_id == activity_id)

    def recent_activities(self):
        self.asked += 1
        self.left = {name: left - 1 for name, left in self.left.items()}
        return [*map(self.activity_of, self.left)]


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def service():
    return Service()


@pytest.fixture
def jobs(service, clock):
    return lambda most=500, **waiting: Jobs(service, clock.waiting(**waiting), most)


def starts(service, number):
    return [partial(service.start, f"a{each}") for each in range(number)]


def test_all_jobs_are_started_and_have_ended_well(service, jobs):
    assert jobs().run(starts(service, 7))
    assert len(service.left) == 7
    assert service.unfinished == 0


def test_one_request_asks_after_all(service, jobs):
    jobs().run(starts(service, 100))
    assert service.asked == service.polls


def test_no_more_are_unfinished_at_a_time_than_may_be(service, jobs):
    assert jobs(3).run(starts(service, 20))
    assert service.most == 3


def test_a_full_queue_is_waited_for(service, jobs, clock):
    service.room = 2
    assert jobs().run(starts(service, 9))
    assert service.most == 2
    assert clock.naps


def test_a_queue_that_stays_full_ends_the_waiting(service, jobs):
    service.room = 0
    with pytest.raises(TryLaterError, match=r"have not ended in 1 minute .*, 0 of them ours"):
        jobs().run(starts(service, 1))


def test_jobs_that_do_not_end_are_given_up(service, jobs):
    service.polls = 10**9
    with pytest.raises(TryLaterError, match=r"have not ended in 1 minute .*, 3 of them ours"):
        jobs().run(starts(service, 3))


def test_the_time_is_counted_from_the_last_sign_of_life(service, jobs):
    """Twenty jobs of half a minute each, one after the other, take more than one may."""
    assert jobs(1, timeout_seconds=20).run(starts(service, 20))


@pytest.mark.parametrize("state", ["failed", "timed_out", "cancelled"])
def test_a_job_that_ends_otherwise_is_told_and_does_not_end_the_others(
    service, jobs, caplog, state
):
    service.ends["a1"] = state
    assert not jobs().run(starts(service, 3))
    assert f"Activity a1 is {state!r}" in caplog.text


def test_the_next_jobs_do_not_answer_for_those_before(service, jobs):
    service.ends["a0"] = "failed"
    all_of_them = jobs()
    assert not all_of_them.run(starts(service, 1))
    service.ends.clear()
    assert all_of_them.run(starts(service, 1))


def test_a_job_whose_answer_is_lost_is_started_again(service, jobs):
    lost = iter([True, True, True, False])

    def start():
        if next(lost):
            raise LostAnswerError("lost")
        return service.start("a")

    assert jobs().run([start])


def test_answers_that_are_always_lost_are_given_up(jobs):
    def start():
        raise LostAnswerError("lost")

    with pytest.raises(LostAnswerError):
        jobs().run([start])


def test_a_refusal_ends_the_jobs(jobs):
    def start():
        raise ApiError("no", status=400)

    with pytest.raises(ApiError):
        jobs().run([start])


def test_a_signal_ends_the_waiting(service):
    with pytest.raises(InterruptedRunError):
        Jobs(service, Waiting(raise_if_stopped=stop)).run(starts(service, 1))
