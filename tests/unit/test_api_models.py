"""The service's answers, also where they are incomplete."""

from __future__ import annotations

import pytest

from target_constant_contact.api.models import (
    UNFINISHED_STATES,
    Activity,
    ContactList,
    CustomField,
)


@pytest.mark.parametrize("model", [ContactList, CustomField, Activity])
def test_an_empty_answer_does_not_fail(model):
    assert model.from_json({})


def test_a_list_is_read():
    body = {"list_id": "l1", "name": "VIP", "membership_count": 7}
    assert ContactList.from_json(body) == ContactList("l1", "VIP", 7)


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
