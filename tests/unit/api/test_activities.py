"""The states of activities are asked for in as few requests as possible."""

from __future__ import annotations

import pytest

from target_constant_contact.api.activities import ActivityStates
from target_constant_contact.api.models import Activity
from target_constant_contact.exceptions import ApiError


class Service:
    """Knows some activities, and lists some of them; it notes what it was asked."""

    def __init__(self, *known: str, listed: tuple[str, ...] = ()) -> None:
        self._known = known
        self._listed = listed
        self.status = 404
        self.asked: list[str] = []

    def recent_activities(self) -> list[Activity]:
        self.asked.append("recent")
        return [Activity(name, "completed") for name in self._listed]

    def activity(self, activity_id: str) -> Activity:
        self.asked.append(activity_id)
        if activity_id not in self._known:
            raise ApiError("no answer", status=self.status)
        return Activity(activity_id, "completed")


def test_several_activities_are_one_request():
    service = Service(listed=("a", "b", "other"))
    assert ActivityStates(service).of_all(["a", "b"], 8).keys() >= {"a", "b"}
    assert service.asked == ["recent"]


def test_one_activity_is_asked_for_by_itself():
    service = Service("a", listed=("a",))
    assert ActivityStates(service).of_all(["a"], 8).keys() == {"a"}
    assert service.asked == ["a"]


def test_what_the_collection_does_not_show_is_asked_for_by_itself():
    service = Service("b", listed=("a",))
    assert ActivityStates(service).of_all(["a", "b"], 8).keys() == {"a", "b"}
    assert service.asked == ["recent", "b"]


def test_a_collection_that_shows_none_of_ours_is_not_asked_for_again():
    service = Service("a", "b", listed=("other",))
    states = ActivityStates(service)
    for _ in range(2):
        assert states.of_all(["a", "b"], 8).keys() >= {"a", "b"}
    assert service.asked == ["recent", "a", "b", "a", "b"]


def test_only_so_many_are_asked_for_one_by_one():
    service = Service("a", "b", "c", "d", listed=("a",))
    assert ActivityStates(service).of_all(["a", "b", "c", "d"], 2).keys() == {"a", "b", "c"}
    assert service.asked == ["recent", "b", "c"]


def test_what_the_service_does_not_know_is_told_as_such():
    found = ActivityStates(Service("a")).of_all(["a", "b"], 8)
    assert found == {"a": Activity("a", "completed"), "b": None}


def test_another_error_is_raised():
    service = Service()
    service.status = 418
    with pytest.raises(ApiError):
        ActivityStates(service).of_all(["a"], 8)
