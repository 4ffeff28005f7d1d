"""What a mapping leaves out, and where an e-mail address may be instead."""

from __future__ import annotations

import pytest

from target_constant_contact.mapping.unsent import email_in_parts, no_email, unsent

TEXT = {"type": ["string", "null"]}
LIST_OF_OBJECTS = {
    "type": ["array", "null"],
    "items": {"type": "object", "properties": {"label": TEXT, "value": TEXT}},
}


def test_fields_that_are_not_sent_are_found_first_those_with_a_reason():
    schema = {"properties": dict.fromkeys(("id", "mail", "_sdc_batched_at", "state"), TEXT)}
    found = unsent(schema, {"mail"}, {"state": "may not be of an address"})
    assert list(found.items()) == [("state", "may not be of an address"), ("id", "")]


def test_what_this_target_has_put_into_a_rejects_file_is_not_among_them():
    assert unsent({"properties": {"_reject_reason": TEXT}}, (), {}) == {}


@pytest.mark.parametrize(
    ("properties", "paths"),
    [
        ({"email": LIST_OF_OBJECTS}, "email.0.value"),
        ({"email_addresses": LIST_OF_OBJECTS}, "email_addresses.0.value"),
        ({"emails": {"type": "array", "items": TEXT}}, "emails.0"),
        ({"emails": {"type": "array"}}, "emails.0"),
        ({"email": {"properties": {"address": TEXT, "verified": TEXT}}}, "email.address"),
        ({"contact": {"properties": {"email": TEXT, "city": TEXT}}}, "contact.email"),
        (
            {"person": {"properties": {"contact": {"properties": {"email": TEXT}}}}},
            "person.contact.email",
        ),
        (
            {"people": {"items": {"properties": {"Email": {}}}}, "emails": LIST_OF_OBJECTS},
            "people.0.Email or emails.0.value",
        ),
        ({"email": {"anyOf": [{"type": "null"}, LIST_OF_OBJECTS]}}, "email.0.value"),
    ],
)
def test_the_line_about_a_missing_address_names_the_way_to_one(properties, paths):
    line = no_email("people", {"properties": properties})
    assert line.endswith(f"; set field_mapping.email to {paths}")


@pytest.mark.parametrize(
    "properties",
    [
        {"login": TEXT},
        {"tags": LIST_OF_OBJECTS},
        {"email": {"type": "boolean"}},
        {"contact": {"properties": {"email": {"type": "boolean"}}}},
        {"email": {"type": "object"}},
    ],
)
def test_it_names_none_where_there_is_none(properties):
    assert no_email("people", {"properties": properties}).endswith("; set field_mapping.email")


def test_a_schema_without_an_end_is_not_followed():
    within = {"properties": {"email": TEXT}}
    for _ in range(50):
        within = {"properties": {"next": within}}
    assert no_email("people", within).endswith("; set field_mapping.email")


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("to", "to.0.value"),
        ("all.0", "all.0.value"),
        ("text", ""),
        ("either", ""),
        ("open", ""),
        ("nowhere", ""),
    ],
)
def test_a_mapped_field_with_parts_is_told_apart(path, parts):
    schema = {
        "properties": {
            "to": LIST_OF_OBJECTS,
            "all": LIST_OF_OBJECTS,
            "text": TEXT,
            "either": {"type": ["string", "array"]},
            "open": {},
        }
    }
    assert email_in_parts(schema, path) == parts
