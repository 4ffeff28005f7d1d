"""Contacts are read back by one export, which is waited for."""

from __future__ import annotations

from typing import Any

import pytest

from target_constant_contact.account.members import read_back
from target_constant_contact.api.models import Activity
from target_constant_contact.contacts.addresses import HashedSet, hashed, key_of
from target_constant_contact.exceptions import InterruptedRunError, TryLaterError
from tests.support.fakes import Clock, stop


class Service:
    def __init__(self, *states: str, link_at_the_end: bool = False) -> None:
        self._states = iter(states)
        self._link_at_the_end = link_at_the_end
        self.polls = 0
        self.clock = Clock()

    def start_contact_export(self, list_ids: Any = (), fields: Any = ()) -> Activity:
        self.asked = (list(list_ids), list(fields))
        results = "" if self._link_at_the_end else "/v3/contact_exports/1"
        return Activity("e1", "initialized", results=results)

    def activity(self, activity_id: str) -> Activity:
        self.polls += 1
        results = "/v3/contact_exports/1" if self._link_at_the_end else ""
        return Activity(activity_id, next(self._states), results=results)

    def exported_contacts(self, activity: Activity) -> Any:
        assert activity.results == "/v3/contact_exports/1"
        yield {"email": "ann@example.com"}

    def read_back(self, **options: Any) -> list[dict[str, str]]:
        return list(read_back(self, ["l"], ["email_address"], self.clock.waiting(**options)))


@pytest.mark.parametrize("link_at_the_end", [False, True])
def test_an_export_is_polled_until_it_is_completed(link_at_the_end):
    """Which of its answers hold the link is not documented."""
    service = Service("processing", "processing", "completed", link_at_the_end=link_at_the_end)
    assert service.read_back() == [{"email": "ann@example.com"}]
    assert service.polls == 3
    assert service.asked == (["l"], ["email_address"])
    assert service.clock.now > 0


@pytest.mark.parametrize("state", ["failed", "cancelled", "timed_out"])
def test_an_export_that_ends_badly_is_an_error(state):
    with pytest.raises(TryLaterError, match=rf"e1 .*'{state}'"):
        Service(state).read_back()


def test_an_export_that_takes_too_long_is_an_error():
    service = Service(*["processing"] * 10_000)
    with pytest.raises(TryLaterError, match="'processing'"):
        service.read_back()
    assert 60 <= service.clock.now < 100


def test_waiting_listens_to_a_signal():
    with pytest.raises(InterruptedRunError):
        Service("processing").read_back(raise_if_stopped=stop)


def test_a_hashed_set_knows_its_members_and_nobody_else():
    members = HashedSet.of(f"member{number}" for number in range(1_000))
    assert all(f"member{number}" in members for number in range(1_000))
    assert not any(f"other{number}" in members for number in range(1_000))
    assert members.has(hashed("member1"))
    assert len(members) == 1_000
    assert "x" not in HashedSet.of([])


def test_an_address_is_compared_trimmed_and_in_lower_case():
    assert key_of(" Ann@Example.com\n") == "ann@example.com"
