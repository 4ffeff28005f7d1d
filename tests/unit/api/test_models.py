"""The service's answers, also where they are incomplete."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from target_constant_contact.api.models import (
    CHOICE_TYPES,
    CUSTOM_FIELD_TYPES,
    UNFINISHED_STATES,
    AccountSummary,
    Activity,
    ContactCounts,
    ContactList,
    ContactStatus,
    CustomField,
)


@pytest.mark.parametrize(
    "model", [ContactList, CustomField, AccountSummary, Activity, ContactStatus]
)
def test_an_empty_answer_does_not_fail(model):
    assert model.from_json({})


def test_a_list_is_read():
    body = {"list_id": "l1", "name": "VIP", "membership_count": 7}
    assert ContactList.from_json(body) == ContactList("l1", "VIP", 7)


@pytest.mark.parametrize("count", [None, True, "7", 7.5, {}])
def test_a_count_that_is_no_whole_number_is_none(count):
    assert ContactList.from_json({"membership_count": count}).membership_count is None


def test_a_list_without_members_has_the_count_zero():
    """A list whose members were not counted is another thing."""
    assert ContactList.from_json({"membership_count": 0}).membership_count == 0


def test_a_list_with_a_time_of_deletion_is_deleted():
    assert ContactList.from_json({"deleted_at": "2026-01-01T00:00:00Z"}).deleted


def test_a_custom_field_is_read_with_the_labels_of_its_choices():
    body = {
        "custom_field_id": "f1",
        "label": "Loyalty tier",
        "name": "loyalty_tier",
        "type": "single_select",
        "choices": [{"choice_label": "Gold", "choice_id": 1}],
    }
    expected = CustomField("f1", "Loyalty tier", "loyalty_tier", "single_select", ("Gold",))
    assert CustomField.from_json(body) == expected


@pytest.mark.parametrize("choices", [None, "odd", 7, {"choice_label": "Gold"}, ["odd", None]])
def test_choices_that_cannot_be_read_are_none(choices):
    assert CustomField.from_json({"choices": choices}).choices == ()


def test_texts_that_are_null_are_empty():
    names = ("custom_field_id", "label", "name", "list_id")
    body = dict.fromkeys(names) | {"choices": [{"choice_label": None}]}
    assert CustomField.from_json(body) == CustomField("", "", "", choices=("",))
    assert ContactList.from_json(body) == ContactList("", "")


def test_the_types_that_take_choices_are_among_the_types_of_custom_fields():
    assert set(CUSTOM_FIELD_TYPES) > CHOICE_TYPES
    assert len(set(CUSTOM_FIELD_TYPES)) == len(CUSTOM_FIELD_TYPES) == 9


def test_an_account_is_read_without_the_blanks_around_its_name():
    body = {"encoded_account_id": "a07e1kr", "organization_name": " Harbour Books\n"}
    assert AccountSummary.from_json(body) == AccountSummary("a07e1kr", "Harbour Books")


@pytest.mark.parametrize("odd", [None, 7, ["x"], {}])
def test_what_is_no_text_in_an_account_is_empty(odd):
    body = {"encoded_account_id": odd, "organization_name": odd}
    assert AccountSummary.from_json(body) == AccountSummary("", "")


def test_an_account_keeps_nothing_of_its_owner():
    """What is not kept cannot reach a log or a report."""
    owner = {"contact_email": "owner@example.com", "first_name": "Ann", "last_name": "Lee"}
    shown = repr(AccountSummary.from_json(owner | {"organization_name": "Harbour Books"}))
    assert not [value for value in owner.values() if value in shown]


@pytest.mark.parametrize(
    ("written", "state"),
    [("completed", "completed"), ("time_out", "timed_out"), ("CANCELED", "cancelled")],
)
def test_states_are_read_in_every_spelling(written, state):
    assert Activity.from_json({"state": written}).state == state


def test_only_whole_numbers_are_counters():
    status = {"person_count": 5, "odd": "5", "flag": True, "none": None}
    assert Activity.from_json({"status": status}).counters == {"person_count": 5}


@pytest.mark.parametrize("status", [None, [], "odd"])
def test_a_status_that_is_no_object_holds_no_counters(status):
    assert Activity.from_json({"status": status}).counters == {}


def test_errors_of_an_activity_are_texts():
    assert Activity.from_json({"activity_errors": ["Line 2: odd"]}).errors == ("Line 2: odd",)


def test_an_ended_activity_is_not_unfinished():
    assert not {"completed", "failed", "cancelled", "timed_out"} & UNFINISHED_STATES


@pytest.mark.parametrize(
    "text",
    [
        "2026-04-28T21:48:16Z",
        "2026-04-28T21:48:16.000Z",
        "2026-04-28T23:48:16+02:00",
        "2026-04-28T21:48:16.0000000-00:00",
    ],
)
def test_the_moment_of_creation_is_read_in_every_spelling(text):
    found = Activity.from_json({"created_at": text}).created_at
    assert found == datetime(2026, 4, 28, 21, 48, 16, tzinfo=UTC)
    assert found.tzinfo == UTC


@pytest.mark.parametrize(
    "odd",
    [
        None,
        5,
        "",
        "yesterday",
        ["2026-04-28T21:48:16Z"],
        "2026-04-28",
        "2026-04-28T21:48:16",
        "2026-13-01T00:00:00Z",
        "0001-01-01T00:00:00+23:00",
        "9999-12-31T23:59:59-23:00",
    ],
)
def test_a_moment_that_is_not_told_for_sure_is_none(odd):
    assert Activity.from_json({"created_at": odd}).created_at is None


def test_the_results_of_an_export_are_read_from_its_links():
    links = {"self": {"href": "/v3/a"}, "results": {"href": "/v3/contact_exports/e1"}}
    assert Activity.from_json({"_links": links}).results == "/v3/contact_exports/e1"


@pytest.mark.parametrize(
    "links", [None, [], "odd", {}, {"results": "odd"}, {"results": {}}, {"results": {"href": 5}}]
)
def test_an_activity_without_results_has_none(links):
    assert Activity.from_json({"_links": links}).results == ""


def test_a_contact_without_an_address_has_no_permission():
    """Somebody may be known by SMS number alone."""
    assert ContactStatus.from_json({"contact_id": "c1"}) == ContactStatus("", contact_id="c1")


@pytest.mark.parametrize("odd", [None, 5, "odd", ["odd"]])
def test_what_cannot_be_read_of_a_contact_is_missing(odd):
    body = {"email_address": odd, "list_memberships": "odd"}
    assert ContactStatus.from_json(body) == ContactStatus("")


@pytest.mark.parametrize(
    ("told", "active", "total"),
    [
        ({"explicit": 1, "implicit": 2, "pending": 3}, 6, 6),
        ({"explicit": 1, "implicit": 2, "pending": 3, "total": 9, "unsubscribed": 1}, 6, 9),
        ({"explicit": 0, "implicit": 0, "pending": 0, "total": 9}, 0, 9),
        ({"explicit": 1, "implicit": 2, "total": 9, "unsubscribed": 4}, 5, 9),
        ({"total": 9, "unsubscribed": 4}, 5, 9),
        ({"total": 9}, 9, 9),
        ({"total": 0}, 0, 0),
        ({"total": 1, "unsubscribed": 4}, 0, 1),
        ({"explicit": 5, "implicit": 5, "pending": 5, "total": 9}, 15, 15),
    ],
)
def test_active_contacts_are_counted_from_what_is_told(told, active, total):
    """What is not told never makes them fewer."""
    assert ContactCounts.from_json(told) == ContactCounts(active, total)


@pytest.mark.parametrize(
    "told", [{}, {"explicit": 1, "implicit": 2}, {"unsubscribed": 2}, {"total": True}]
)
def test_counts_that_tell_nothing_are_none(told):
    assert ContactCounts.from_json(told) is None
