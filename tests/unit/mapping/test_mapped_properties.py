"""The properties of a mapping: their names, their order, and the fields that they are made of."""

from __future__ import annotations

from collections import defaultdict

import pytest

from target_constant_contact.api.models import CustomField
from target_constant_contact.mapping.mapped_properties import mapped_properties, roots

CONVERTERS = defaultdict(lambda: str)


def mapped(fields, custom=()):
    return mapped_properties({}, fields, {f"cf:{each.label}": each for each in custom}, CONVERTERS)


def test_properties_come_in_the_order_of_the_import_and_custom_fields_as_they_are_set():
    custom = [CustomField(label, label, f"name_of_{label}") for label in "zxy"]
    fields = {"cf:z": "z", "city": "c", "cf:x": "x", "birthday": "b", "email": "e", "cf:y": "y"}
    assert [wire for _, wire, *_ in mapped(fields, custom)] == [
        *("email", "birthday_month", "birthday_day", "city"),
        *("cf:name_of_z", "cf:name_of_x", "cf:name_of_y"),
    ]


def test_rejections_call_a_property_as_the_settings_do():
    fields = {"home_city": "c", "birthday": "b", "email": "e", "cf:tier": "t"}
    labels = [label for label, *_ in mapped(fields, [CustomField("1", "tier", "Tier_1")])]
    assert labels == ["e-mail address", "birthday", "birthday", "home_city", "cf:tier"]


@pytest.mark.parametrize(
    ("fields", "read"),
    [
        ({"email": "address"}, [("address",)]),
        ({"email": "person.emails.0"}, [("person",)]),
        (
            {"sms_number": "phone.number", "sms_consent_date": "consent"},
            [("phone",), ("phone", "consent")],
        ),
    ],
)
def test_the_fields_that_a_property_is_made_of_are_known(fields, read):
    assert [roots(each) for each in mapped(fields)] == read


def test_a_consent_is_read_only_beside_a_number():
    _, (*_, read, _) = mapped({"sms_number": "phone", "sms_consent_date": "consent"})
    assert read({"phone": "212 555 0123", "consent": "2024-05-01"}) == "2024-05-01"
    assert read({"phone": " ", "consent": "2024-05-01"}) is None
    assert read({"phone": "ask Ann", "consent": "2024-05-01"}) is None
    assert read({"consent": "2024-05-01"}) is None
