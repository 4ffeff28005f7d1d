"""Who is on a list, and taking people off it: the requests, and a whole life in the sandbox."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from target_constant_contact.api.memberships import (
    CONTACTS_PAGE,
    MAX_DELETED_LISTS,
    MAX_FILTER_LISTS,
    MAX_REMOVED,
)
from target_constant_contact.api.models import ContactStatus
from target_constant_contact.exceptions import ApiError, ServiceUnavailableError

CONTACTS, LIST = "/v3/contacts", "/v3/contact_lists/l1"
REMOVAL, DELETION = "/v3/activities/remove_list_memberships", "/v3/activities/list_delete"
STARTED = {"activity_id": "a1", "state": "initialized"}


def contact(number, address=""):
    email = {"email_address": {"address": address, "permission_to_send": "implicit"}}
    return {"contact_id": f"c{number}"} | (email if address else {})


def ids(found):
    return [each.contact_id for each in found]


def query(httpserver, place=0):
    return dict(httpserver.log[place][0].args)


# Contacts


def test_the_members_of_lists_are_asked_for_in_the_largest_pages(client, httpserver):
    httpserver.expect_request(CONTACTS).respond_with_json(
        {"contacts": [contact(1, "ann@example.com"), contact(2)]}
    )
    found = list(client.memberships.contacts(["l1", "l2"]))
    assert found == [
        ContactStatus("implicit", email="ann@example.com", contact_id="c1"),
        ContactStatus("", contact_id="c2"),
    ]
    assert query(httpserver) == {"limit": str(CONTACTS_PAGE), "lists": "l1,l2"}


def test_who_unsubscribed_since_a_moment_is_asked_for_with_its_zone(client, httpserver):
    httpserver.expect_request(CONTACTS).respond_with_json({"contacts": []})
    since = datetime(2026, 2, 3, 4, 5, 6, 789, tzinfo=UTC)
    assert list(client.memberships.contacts(status="unsubscribed", optout_after=since)) == []
    assert query(httpserver) == {
        "limit": "500",
        "status": "unsubscribed",
        "optout_after": "2026-02-03T04:05:06+00:00",
    }


def test_somebody_who_is_on_two_pages_comes_once(client, httpserver):
    pages = [
        {"contacts": [contact(1), contact(2)], "_links": {"next": {"href": f"{CONTACTS}?c=2"}}},
        {"contacts": [contact(2), contact(3)]},
    ]
    for page in pages:
        httpserver.expect_ordered_request(CONTACTS).respond_with_json(page)
    assert ids(client.memberships.contacts(["l1"])) == ["c1", "c2", "c3"]


def test_contacts_without_an_id_are_not_taken_for_one(client, httpserver):
    nameless = {"email_address": {"address": "ann@example.com"}}
    httpserver.expect_request(CONTACTS).respond_with_json({"contacts": [nameless, nameless]})
    assert ids(client.memberships.contacts(["l1"])) == ["", ""]


def test_a_list_may_have_more_pages_than_an_account_has_lists(client, httpserver):
    for turn in range(1, 151):
        links = {"_links": {"next": {"href": f"{CONTACTS}?cursor={turn}"}}} if turn < 150 else {}
        answer = {"contacts": [contact(turn)], **links}
        httpserver.expect_ordered_request(CONTACTS).respond_with_json(answer)
    assert len(list(client.memberships.contacts(["l1"]))) == 150


# One list


def test_a_list_is_told_with_the_number_of_its_members(client, httpserver):
    answer = {"list_id": "l1", "name": "VIP", "membership_count": 7}
    httpserver.expect_request(LIST).respond_with_json(answer)
    assert client.memberships.contact_list("l1").membership_count == 7
    client.memberships.contact_list("l1", active=True)
    counted = [query(httpserver, place)["include_membership_count"] for place in (0, 1)]
    assert counted == ["all", "active"]


def test_a_list_that_is_gone_is_none(client, httpserver):
    httpserver.expect_ordered_request(LIST).respond_with_json([], status=404)
    in_trash = {"list_id": "l1", "deleted_at": "2026-01-01T00:00:00Z"}
    httpserver.expect_ordered_request(LIST).respond_with_json(in_trash)
    assert client.memberships.contact_list("l1") is None
    assert client.memberships.contact_list("l1") is None


def test_another_refusal_does_not_say_that_a_list_is_gone(client, httpserver):
    httpserver.expect_request(LIST).respond_with_json([], status=400)
    with pytest.raises(ApiError, match="400"):
        client.memberships.contact_list("l1")


# Jobs


@pytest.mark.parametrize(
    ("path", "start", "body"),
    [
        (
            REMOVAL,
            lambda memberships: memberships.remove("l1", contact_ids=["c1", "c2"]),
            {"source": {"contact_ids": ["c1", "c2"]}, "list_ids": ["l1"]},
        ),
        (
            REMOVAL,
            lambda memberships: memberships.remove("l1", from_list="l2"),
            {"source": {"list_ids": ["l2"]}, "list_ids": ["l1"]},
        ),
        (
            DELETION,
            lambda memberships: memberships.delete_lists(["l1", "l2"]),
            {"list_ids": ["l1", "l2"]},
        ),
    ],
)
def test_a_job_that_gets_no_answer_is_started_once_more(client, httpserver, path, start, body):
    httpserver.expect_ordered_request(path, "POST").respond_with_data("", status=503)
    httpserver.expect_ordered_request(path, "POST").respond_with_json(STARTED, status=201)
    assert start(client.memberships).activity_id == "a1"
    assert [request.get_json() for request, _ in httpserver.log] == [body, body]


def test_a_job_without_an_id_is_none(client, httpserver):
    httpserver.expect_request(REMOVAL).respond_with_json({"state": "initialized"}, status=201)
    with pytest.raises(ServiceUnavailableError, match="without activity_id"):
        client.memberships.remove("l1", contact_ids=["c1"])


def test_the_documented_limits_are_known():
    assert (CONTACTS_PAGE, MAX_FILTER_LISTS, MAX_REMOVED, MAX_DELETED_LISTS) == (500, 25, 500, 100)
