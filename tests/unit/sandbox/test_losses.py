"""Rows that an import loses or refuses on order, and lists that show late."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest
import requests

LIST = "Newsletter"
LAG = 30


@pytest.fixture
def behave(sandbox):
    def change(**values):
        sandbox.behaviour = replace(sandbox.behaviour, **values)

    return change


@pytest.fixture
def call(sandbox):
    def send(method, path, **more):
        headers = {"Authorization": f"Bearer {sandbox.access_token}"}
        answer = requests.request(method, sandbox.url + path, headers=headers, timeout=10, **more)
        answer.raise_for_status()
        return answer

    return send


@pytest.fixture
def bring_in(sandbox, clock, call):
    """Import addresses and return the activity as it has ended."""

    def run(*addresses):
        rows = [{"email": address} for address in addresses]
        body = {"import_data": rows, "list_ids": [sandbox.lists()[LIST]]}
        call("POST", "/v3/activities/contacts_json_import", json=body)
        clock.advance(1)
        return sandbox.activities()[-1]

    return run


@pytest.fixture
def export(clock, call):
    """Export contacts and return the rows of the file."""

    def run(**body):
        queued = call("POST", "/v3/activities/contact_exports", json=body).json()
        clock.advance(1)
        text = call("GET", queued["_links"]["results"]["href"]).text
        return list(csv.DictReader(io.StringIO(text, newline="")))

    return run


def status(activity):
    counters = activity["status"]
    return tuple(
        counters[name] for name in ("items_total_count", "person_count", "correctable_count")
    )


def test_a_dropped_row_is_missing_from_the_counts_and_nothing_else(bring_in, sandbox, behave):
    behave(dropped_addresses=frozenset({"B@example.com"}), line_errors=True)
    ended = bring_in("a@example.com", "b@Example.com", "c@example.com")
    assert status(ended) == (3, 2, 0)
    assert ended["activity_errors"] == []
    assert sandbox.contact("b@example.com") is None
    assert {"a@example.com", "c@example.com"} <= set(sandbox.members(LIST))


def test_a_dropped_row_may_be_counted_as_if_it_had_landed(bring_in, sandbox, behave):
    behave(dropped_addresses=frozenset({"b@example.com"}), dropped_are_counted=True)
    assert status(bring_in("a@example.com", "b@example.com")) == (3, 2, 0)
    assert sandbox.contact("b@example.com") is None


def test_a_flagged_address_is_correctable_although_it_is_well_formed(bring_in, sandbox, behave):
    behave(flagged_addresses=frozenset({"B@example.com"}), line_errors=True)
    ended = bring_in("a@example.com", "b@Example.com")
    assert status(ended) == (3, 2, 1)
    assert ended["activity_errors"] == ["Line 3: Invalid email address"]
    assert sandbox.contact("b@example.com") is None


def test_a_flagged_address_is_taken_when_it_is_flagged_no_more(bring_in, sandbox, behave):
    behave(flagged_addresses=frozenset({"a@example.com"}))
    bring_in("a@example.com")
    behave(flagged_addresses=frozenset())
    assert status(bring_in("a@example.com")) == (2, 1, 0)
    assert sandbox.contact("a@example.com")


def lists_in_search(call, address):
    query = {"email": address, "include": "list_memberships"}
    (found,) = call("GET", "/v3/contacts", params=query).json()["contacts"]
    return found["list_memberships"]


def test_a_search_does_not_show_a_new_membership_until_the_index_follows(
    bring_in, sandbox, clock, call, behave
):
    behave(index_lag=LAG)
    bring_in("a@example.com", "bela.novak@example.com", "chloe.duval@example.com")
    list_id = sandbox.lists()[LIST]

    def found_by_list():
        page = call("GET", "/v3/contacts", params={"lists": list_id}).json()["contacts"]
        return {contact["email_address"]["address"] for contact in page}

    old = {"ada.marsh@example.com", "bela.novak@example.com"}
    assert lists_in_search(call, "a@example.com") == []
    assert len(lists_in_search(call, "chloe.duval@example.com")) == 1
    assert list_id in lists_in_search(call, "bela.novak@example.com")
    assert found_by_list() == old
    clock.advance(LAG)
    assert lists_in_search(call, "a@example.com") == [list_id]
    assert len(lists_in_search(call, "chloe.duval@example.com")) == 2
    assert found_by_list() == old | {"a@example.com", "chloe.duval@example.com"}


def test_an_export_does_not_show_a_new_membership_until_the_index_follows(
    bring_in, sandbox, clock, export, behave
):
    behave(index_lag=LAG)
    bring_in("a@example.com")

    def exported(**body):
        found = export(fields=["email_address", "email_lists"], **body)
        return {row["Email address"]: row["Email Lists"] for row in found}

    of_list = {"list_ids": [sandbox.lists()[LIST]]}
    assert "a@example.com" not in exported(**of_list)
    assert exported()["a@example.com"] == ""
    assert len(exported(**of_list)) == 2
    clock.advance(LAG)
    assert exported(**of_list)["a@example.com"] == LIST


def test_what_the_index_does_not_show_is_there_all_the_same(bring_in, sandbox, behave):
    behave(index_lag=LAG)
    bring_in("a@example.com")
    assert sandbox.contact("a@example.com")["lists"] == [LIST]


def test_contacts_that_a_job_puts_on_a_list_show_late_too(sandbox, clock, call, behave):
    behave(index_lag=LAG)
    lists = sandbox.lists()
    body = {"source": {"list_ids": [lists[LIST]]}, "list_ids": [lists["Product updates"]]}
    call("POST", "/v3/activities/add_list_memberships", json=body)
    clock.advance(1)
    assert lists["Product updates"] not in lists_in_search(call, "ada.marsh@example.com")
    clock.advance(LAG)
    assert lists["Product updates"] in lists_in_search(call, "ada.marsh@example.com")


def test_joining_again_does_not_hide_a_member(bring_in, sandbox, clock, call, behave):
    bring_in("a@example.com")
    clock.advance(LAG)
    behave(index_lag=LAG)
    bring_in("a@example.com")
    assert lists_in_search(call, "a@example.com") == [sandbox.lists()[LIST]]


def test_an_export_has_the_columns_of_its_fields_in_one_order(export):
    fields = ["custom_fields", "birthday", "street", "email_address", "first_name", "created_at"]
    found = export(fields=fields)
    assert list(found[0]) == [
        "Email address",
        "Email status",
        "Created At",
        "First name",
        "Birthday",
        "Street - home",
        "Street - work",
        "Street - other",
        "Customer ID",
        "Loyalty tier",
        "Member since",
        "Lifetime value",
        "Vehicle make and model year",
    ]
    dario = next(row for row in found if row["Email address"] == "dario.conti@example.com")
    assert (dario["First name"], dario["Birthday"]) == ("Dario", "4/17")
    jonas = next(row for row in found if row["Email address"] == "jonas.weber@example.com")
    assert jonas["Street - home"] == "1 Mill Lane"


def test_an_export_of_fields_that_nobody_has_has_a_column_all_the_same(export):
    assert {tuple(row) for row in export(fields=["website"])} <= {("Email address",)}


def test_an_export_of_or_without_chosen_contacts_leaves_deleted_ones_out(call, export):
    page = call("GET", "/v3/contacts", params={"status": "all"}).json()["contacts"]
    chosen = [
        contact["contact_id"].upper()
        for contact in page
        if contact.get("email_address", {}).get("address")
        in {"ada.marsh@example.com", "del.eted@example.net"}
    ]
    assert len(chosen) == 2
    found = export(contact_ids=chosen)
    assert [row["Email address"] for row in found] == ["ada.marsh@example.com"]
    left = {row["Email address"] for row in export(exclude={"contact_ids": chosen})}
    assert "ada.marsh@example.com" not in left
    assert "bela.novak@example.com" in left
