"""What a field_mapping can be wrong about before any schema or account is known."""

from __future__ import annotations

import pytest

from target_constant_contact.contacts.contact import (
    CSV_PROPERTIES,
    PROPERTIES,
    WIRE_ORDER,
    did_you_mean,
    property_faults,
    wire_names,
)

EMAIL = {"email": "EmailAddress"}


def faults_of(*names, import_format="json"):
    mapping = EMAIL | {name: f"field {n}" for n, name in enumerate(names)}
    return property_faults(mapping, import_format=import_format)


def test_a_sound_mapping_has_no_faults():
    assert faults_of("first_name", "birthday", "phone", "home_phone", "street", "cf:tier") == []


def test_every_property_is_known_on_its_own():
    """Each property passes beside e-mail, apart from those that need a companion."""
    for name in set(PROPERTIES) - {"birthday_month", "birthday_day", "sms_consent_date"}:
        assert property_faults(EMAIL | {name: "f"}) == []


def test_a_mapping_without_email_is_a_fault():
    (fault,) = property_faults({"first_name": "f"})
    assert "no record field is mapped to email" in fault


def test_a_blank_record_field_is_a_fault():
    (fault,) = property_faults(EMAIL | {"city": "  "})
    assert fault.startswith("city is mapped to a blank field name")


def test_a_custom_field_needs_a_name():
    (fault,) = faults_of("cf: ")
    assert "cf:<name or label>" in fault


def test_25_custom_fields_are_allowed_and_26_are_not():
    names = [f"cf:field_{n}" for n in range(26)]
    assert faults_of(*names[:25]) == []
    assert faults_of(*names) == ["26 custom fields are mapped; a contact takes at most 25"]


@pytest.mark.parametrize("other", ["birthday_month", "birthday_day"])
def test_a_birthday_is_either_one_date_or_two_numbers(other):
    assert any(
        fault.startswith("birthday is mapped together") for fault in faults_of("birthday", other)
    )


def test_month_and_day_of_birth_go_together():
    assert faults_of("birthday_month", "birthday_day") == []
    assert faults_of("birthday_month")[0].startswith(
        "birthday_month is mapped without birthday_day"
    )
    assert faults_of("birthday_day")[0].startswith("birthday_day is mapped without birthday_month")


def test_phone_and_other_phone_are_one_number():
    (fault,) = faults_of("phone", "other_phone")
    assert "same number" in fault


def test_primary_and_home_address_are_one_address_whatever_their_parts():
    (fault,) = faults_of("street", "home_city")
    assert fault.startswith("street and home_city are the same address")


def test_an_address_of_another_kind_may_stand_beside_the_primary_one():
    assert faults_of("street", "work_street", "other_street") == []


def test_both_spellings_of_the_home_country_are_one_property():
    (fault,) = faults_of("home country", "home_country")
    assert "keep home_country" in fault


def test_a_consent_without_a_number_is_a_fault():
    (fault,) = faults_of("sms_consent_date")
    assert "without sms_number" in fault
    assert faults_of("sms_number", "sms_consent_date") == []


def test_a_csv_import_takes_documented_columns_only():
    (fault,) = faults_of("work_city", "birthday", "street", "cf:tier", import_format="csv")
    assert fault == "work_city is not among the columns of a CSV import; set import_format to json"


def test_a_csv_import_takes_the_home_address_because_it_is_sent_as_the_primary_one():
    assert faults_of("home_street", "home country", import_format="csv") == []


def test_all_faults_are_reported_together():
    faults = property_faults({"first_name": "", "phone": "a", "other_phone": "b"})
    assert len(faults) == 3


@pytest.mark.parametrize(
    ("name", "wire"),
    [
        ("home_street2", ("street2",)),
        ("home country", ("country",)),
        ("home_phone", ("home_phone",)),
        ("work_zip", ("work_zip",)),
        ("birthday", ("birthday_month", "birthday_day")),
    ],
)
def test_properties_are_sent_under_names_that_are_certain(name, wire):
    assert wire_names(name) == wire


def test_everything_is_sent_under_a_name_with_a_place_in_the_order():
    assert {wire for name in PROPERTIES for wire in wire_names(name)} == set(WIRE_ORDER)
    assert set(WIRE_ORDER) >= CSV_PROPERTIES


def test_suggestions_keep_the_spelling_of_what_they_suggest():
    assert did_you_mean("firstname", ["FirstName", "City"]) == "; did you mean 'FirstName'?"
    assert did_you_mean("zzz", ["FirstName"]) == ""
