"""The way of taking people off a list that takes the fewest requests."""

from __future__ import annotations

import pytest

from target_constant_contact.api.memberships import CONTACTS_PAGE, MAX_REMOVED
from target_constant_contact.contacts.contact import MAX_EMAIL
from target_constant_contact.exceptions import QuotaExceededError
from target_constant_contact.segments.brake import holds
from target_constant_contact.segments.ways import (
    EXPORT,
    PAGE,
    POLLS,
    SCRATCH_ROWS,
    pages,
    plan_of,
    plans,
    reading,
)


@pytest.mark.parametrize(
    ("members", "leavers", "known", "way"),
    [
        (100, 1, False, "pages of the list"),
        (100, 50, True, "pages of the list"),
        (4_000, 4_000, False, "pages of the list"),
        (100_000, 3, True, "look-ups"),
        (1_000_000, 3, False, "export and look-ups"),
        (1_000_000, 3, True, "look-ups"),
        (1_000_000, 500, True, "scratch list"),
        (1_000_000, 50_000, False, "scratch list"),
        (1_000_000, 1_000_000, False, "scratch list"),
    ],
)
def test_the_way_depends_on_how_many_are_on_the_list_and_how_many_leave(
    members, leavers, known, way
):
    found = plans(members, leavers, known=known)
    assert found[0].way == way
    assert [each.requests for each in found] == sorted(each.requests for each in found)


def test_what_it_takes_is_told_beforehand():
    by_way = {plan.way: plan.requests for plan in plans(1_000_000, 50_000)}
    assert by_way == {
        "scratch list": 2 * EXPORT + 4 + 2 + 3 * POLLS,
        "pages of the list": 2_000 + 100 + POLLS + EXPORT,
        "export and look-ups": 2 * EXPORT + 50_000 + 100 + POLLS,
    }


def test_nothing_is_begun_that_the_day_has_too_few_requests_for():
    needed = plan_of(1_000_000, 50_000, 10_000).requests
    assert plan_of(1_000_000, 50_000, needed).requests == needed
    with pytest.raises(QuotaExceededError) as raised:
        plan_of(1_000_000, 50_000, needed - 7)
    assert str(raised.value) == (
        f"Taking 50,000 people off a list takes about {needed} requests, and {needed - 7} are left "
        "of the day's: 7 are missing. Nobody was taken off; run again after 00:00 UTC"
    )


def test_a_page_and_a_job_are_as_large_as_the_service_allows():
    assert PAGE == CONTACTS_PAGE == MAX_REMOVED
    assert (pages(0), pages(500), pages(501)) == (1, 1, 2)
    assert (reading(500), reading(10**6)) == (1, EXPORT)


def test_the_longest_addresses_of_an_import_stay_below_its_limit():
    row = len('{"email":""},') + MAX_EMAIL
    assert SCRATCH_ROWS * row < 3_800_000
    assert SCRATCH_ROWS <= 40_000


@pytest.mark.parametrize(
    ("leavers", "before", "percent", "is_held"),
    [
        (0, 0, 20, False),
        (5, 5, 20, False),
        (6, 30, 20, False),
        (6, 29, 20, True),
        (200, 1_000, 20, False),
        (201, 1_000, 20, True),
        (1_000, 1_000, 100, False),
        (0, 1_000, 0, False),
        (1, 1_000, 0, True),
        (26, 1_000, 2.5, True),
        (25, 1_000, 2.5, False),
    ],
)
def test_a_brake_holds_what_is_more_than_a_share(leavers, before, percent, is_held):
    assert holds(leavers, before, percent) == is_held
