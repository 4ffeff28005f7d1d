"""Reading contacts back: starting exports, single look-ups, and counts."""

from __future__ import annotations

import logging
import traceback

import pytest

from target_constant_contact.api.client import MAX_EXPORT_LISTS, ConstantContactClient
from target_constant_contact.api.models import Activity, ContactCounts, ContactStatus
from target_constant_contact.api.oauth.credentials import BearerToken
from target_constant_contact.exceptions import (
    ApiError,
    ServiceUnavailableError,
)
from tests.support.fakes import Limiter

EXPORTS = "/v3/activities/contact_exports"
FILE = "/v3/contact_exports/e1"
CONTACTS, COUNTS = "/v3/contacts", "/v3/contacts/counts"
ANN_MARIE = "ann-marie@example.com"


# Starting an export


def test_an_export_of_everybody_names_no_lists(client, httpserver):
    answer = {
        "activity_id": "a1",
        "state": "initialized",
        "_links": {"results": {"href": FILE}},
    }
    httpserver.expect_request(EXPORTS, method="POST").respond_with_json(answer, status=201)
    assert client.start_contact_export() == Activity("a1", "initialized", results=FILE)
    assert httpserver.log[0][0].get_json() == {"fields": ["email_address"]}


def test_an_export_of_lists_asks_for_the_columns_that_are_wanted(client, httpserver):
    httpserver.expect_request(EXPORTS).respond_with_json({"activity_id": "a1"}, status=201)
    client.start_contact_export(["l1", "l2"], ("email_address", "first_name"))
    assert httpserver.log[0][0].get_json() == {
        "fields": ["email_address", "first_name"],
        "list_ids": ["l1", "l2"],
    }


def test_an_export_without_an_id_is_none(client, httpserver):
    httpserver.expect_request(EXPORTS).respond_with_json({"state": "initialized"}, status=201)
    with pytest.raises(ServiceUnavailableError, match="without activity_id"):
        client.start_contact_export()


def test_the_documented_number_of_lists_fits_into_an_export():
    assert MAX_EXPORT_LISTS == 50


# One contact


def contact(address="ann@example.com", permission="implicit", **more):
    email = {"address": address, "permission_to_send": permission}
    return {"contact_id": "c1", "email_address": email, "list_memberships": ["L1", "l2"]} | more


def found(httpserver, *contacts):
    httpserver.expect_request(CONTACTS).respond_with_json({"contacts": list(contacts)})


def test_a_contact_is_looked_for_by_its_address_in_any_status(client, httpserver):
    found(httpserver, contact("Ann+x@Example.com"))
    status = client.find_contact("Ann+X@example.com")
    assert status == ContactStatus(
        "implicit",
        list_ids=frozenset({"l1", "l2"}),
        contact_id="c1",
        email="Ann+x@Example.com",
    )
    request = httpserver.log[0][0]
    assert dict(request.args) == {
        "email": "ann+x@example.com",
        "status": "all",
        "include": "list_memberships",
    }
    assert b"ann%2Bx%40example.com" in request.query_string


@pytest.mark.parametrize("body", [{}, {"contacts": []}, {"contacts": None}, {"contacts": ["odd"]}])
def test_an_address_that_the_account_does_not_know_is_none(client, httpserver, body):
    httpserver.expect_request(CONTACTS).respond_with_json(body)
    assert client.find_contact("ann@example.com") is None


def test_somebody_else_is_not_taken_for_the_contact(client, httpserver):
    found(httpserver, contact("bea@example.com"), {"contact_id": "c2"}, contact(permission="x"))
    assert client.find_contact("ann@example.com").permission == "x"


def test_nobody_but_somebody_else_is_none(client, httpserver):
    found(httpserver, contact("bea@example.com"))
    assert client.find_contact("ann@example.com") is None


def test_a_deleted_contact_is_told_from_others(client, httpserver):
    found(httpserver, contact(deleted_at="2026-01-01", list_memberships=[]))
    assert client.find_contact("ann@example.com").deleted


@pytest.mark.parametrize("status", [400, 404, 503])
def test_an_address_is_never_in_an_error_or_a_log(client, httpserver, caplog, status):
    words = [{"error_key": "k", "error_message": f"no {ANN_MARIE}"}]
    httpserver.expect_request(CONTACTS).respond_with_json(words, status=status)
    with (
        caplog.at_level(logging.DEBUG),
        pytest.raises((ApiError, ServiceUnavailableError), match="GET /contacts") as caught,
    ):
        client.find_contact(ANN_MARIE)
    lines = [record.getMessage() for record in caplog.records if record.name != "werkzeug"]
    text = "".join([*traceback.format_exception(caught.value), *lines])
    assert lines
    assert "ann-marie" not in text


def test_what_is_known_of_a_contact_does_not_show_the_address():
    assert "ann@" not in repr(ContactStatus.from_json(contact()))


# Counts


def test_contacts_are_counted(client, httpserver):
    body = {"total": 72, "explicit": 10, "implicit": 20, "pending": 30, "unsubscribed": 12}
    httpserver.expect_request(COUNTS, method="GET").respond_with_json(body)
    assert client.contact_counts() == ContactCounts(active=60, total=72)


@pytest.mark.parametrize("body", [{}, {"explicit": 7}, {"total": None}, {"total": "72"}])
def test_an_answer_without_counts_is_not_taken_for_an_empty_account(client, httpserver, body):
    """A limit of the contract would be passed unseen."""
    httpserver.expect_request(COUNTS).respond_with_json(body)
    with pytest.raises(ApiError, match=r"^GET /contacts/counts: the answer holds no counts$"):
        client.contact_counts()


# Against the sandbox


@pytest.fixture
def live(sandbox):
    client = ConstantContactClient(
        sandbox.api_url, auth=BearerToken(sandbox.access_token), limiter=Limiter(), retry_seconds=0
    )
    yield client
    client.close()


def test_a_list_is_exported_and_read(live, sandbox):
    list_id = sandbox.lists()["Newsletter"]
    started = live.start_contact_export([list_id], ("email_address", "last_name"))
    done = live.activity(started.activity_id)
    assert done.state == "completed"
    assert {row["email"]: row["Last name"] for row in live.exported_contacts(done)} == {
        "ada.marsh@example.com": "Marsh",
        "bela.novak@example.com": "Novak",
    }


@pytest.mark.parametrize(
    ("address", "permission", "deleted"),
    [
        ("una.subscribed@example.com", "unsubscribed", False),
        ("Tem.Hold@example.org", "temp_hold", False),
        ("del.eted@example.net", "implicit", True),
    ],
)
def test_the_condition_of_a_contact_is_read(live, address, permission, deleted):
    status = live.find_contact(address)
    assert (status.permission, status.deleted) == (permission, deleted)


def test_the_lists_of_a_contact_are_read(live, sandbox):
    status = live.find_contact("ada.marsh@example.com")
    lists = sandbox.lists()
    assert status.list_ids == {lists["General Interest"], lists["Newsletter"]}


def test_the_seed_of_the_sandbox_is_counted(live):
    """Ten ordinary ones and a pending one; not counted: two unsubscribed, one on hold."""
    counts = live.contact_counts()
    assert (counts.active, counts.total) == (11, 15)
