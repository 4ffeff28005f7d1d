"""Our contact properties against the service's official description, where that is at hand."""

from __future__ import annotations

from datetime import date

import pytest

from target_constant_contact.api.models import CustomField
from target_constant_contact.contacts.contact import (
    CUSTOM_PREFIX,
    MAX_CUSTOM_TEXT,
    MAX_EMAIL,
    TEXT_LIMITS,
    WIRE_ORDER,
)
from target_constant_contact.mapping.field_mapping import FieldMapping, MappingOptions

COMPANIONS = {
    "birthday_month": "birthday_day",
    "birthday_day": "birthday_month",
    "sms_consent_date": "sms_number",
}
CUSTOM_NAME = "custom_field_name"


@pytest.fixture(scope="module")
def described(description):
    """The properties of one contact in an import, as the service describes them."""
    return description["definitions"]["JsonImportContact"]["properties"]


def test_every_described_property_can_be_mapped(described):
    for name in described:
        fields = {"email": "email", name: "field"}
        if name in COMPANIONS:
            fields[COMPANIONS[name]] = "companion"
        custom = [CustomField("1", CUSTOM_NAME, CUSTOM_NAME)]
        FieldMapping.compile("s", {}, fields, MappingOptions(date(2026, 11, 24), custom))


def test_everything_is_sent_under_a_described_name(described):
    assert set(WIRE_ORDER) <= described.keys()


def test_no_text_is_longer_than_described(described):
    assert {name: described[name]["maxLength"] for name in TEXT_LIMITS} == dict(TEXT_LIMITS)
    assert described[f"{CUSTOM_PREFIX}{CUSTOM_NAME}"]["maxLength"] == MAX_CUSTOM_TEXT


def test_the_limit_of_addresses_is_the_one_that_differs(described):
    """The import says 50 and the contact resource 80; ours is the larger one, knowingly."""
    assert described["email"]["maxLength"] == 50
    assert MAX_EMAIL == 80


def test_only_month_and_day_of_birth_are_numbers(described):
    numbers = {name for name, described in described.items() if described["type"] != "string"}
    assert numbers == {"birthday_month", "birthday_day"}
