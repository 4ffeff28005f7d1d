"""Our contact properties against the facts of the service's API."""

from __future__ import annotations

from datetime import date

from target_constant_contact.api.models import CustomField
from target_constant_contact.contacts.contact import (
    CUSTOM_PREFIX,
    MAX_CUSTOM_TEXT,
    MAX_EMAIL,
    TEXT_LIMITS,
    WIRE_ORDER,
)
from target_constant_contact.mapping.field_mapping import FieldMapping, MappingOptions
from tests.contract.facts import properties

COMPANIONS = {
    "birthday_month": "birthday_day",
    "birthday_day": "birthday_month",
    "sms_consent_date": "sms_number",
}
CUSTOM_NAME = "custom_field_name"

DESCRIBED = properties("JsonImportContact")
"""The properties of one contact in an import."""


def test_every_described_property_can_be_mapped():
    for name in DESCRIBED:
        fields = {"email": "email", name: "field"}
        if name in COMPANIONS:
            fields[COMPANIONS[name]] = "companion"
        custom = [CustomField("1", CUSTOM_NAME, CUSTOM_NAME)]
        FieldMapping.compile("s", {}, fields, MappingOptions(date(2026, 11, 24), custom))


def test_everything_is_sent_under_a_described_name():
    assert set(WIRE_ORDER) <= DESCRIBED.keys()


def test_no_text_is_longer_than_described():
    assert {name: DESCRIBED[name]["maxLength"] for name in TEXT_LIMITS} == dict(TEXT_LIMITS)
    assert DESCRIBED[f"{CUSTOM_PREFIX}{CUSTOM_NAME}"]["maxLength"] == MAX_CUSTOM_TEXT


def test_the_limit_of_addresses_is_the_one_that_differs():
    """The import says 50 and the contact resource 80; ours is the larger one, knowingly."""
    assert DESCRIBED["email"]["maxLength"] == 50
    assert properties("EmailAddress")["address"]["maxLength"] == MAX_EMAIL


def test_only_month_and_day_of_birth_are_numbers():
    numbers = {name for name, schema in DESCRIBED.items() if schema["type"] != "string"}
    assert numbers == {"birthday_month", "birthday_day"}
