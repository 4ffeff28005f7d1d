"""Records become contacts, or rejections that say why not."""

from __future__ import annotations

from datetime import date
from types import MappingProxyType

import pytest

from target_constant_contact.api.models import CustomField
from target_constant_contact.contacts.contact import Contact, Rejection
from target_constant_contact.exceptions import SettingsError
from target_constant_contact.mapping.field_mapping import (
    FieldMapping,
    MappingOptions,
    custom_field_faults,
)

TODAY = date(2024, 6, 1)
TIER = CustomField("1", "Loyalty tier", "Loyalty_tier")
ANN = {"email": "ann@example.com"}


def mapping_of(*names, **options):
    """A mapping of e-mail and the given properties, from fields of the same names."""
    return compiled({}, {name: name for name in ("email", *names)}, **options)


def compiled(schema, field_mapping, **options):
    return FieldMapping.compile("people", schema, field_mapping, MappingOptions(TODAY, **options))


def faults_of(schema, field_mapping, **options):
    with pytest.raises(SettingsError) as caught:
        compiled(schema, field_mapping, **options)
    return caught.value.faults


def test_a_record_becomes_a_contact_under_the_names_of_the_import():
    mapping = compiled(
        {},
        {
            "cf:Loyalty tier": "tier",
            "home country": "land",
            "birthday": "dob",
            "email": "EmailAddress",
        },
        custom_fields=[TIER],
    )
    record = {"EmailAddress": " Ann@Example.com", "dob": "12/25/1980", "land": "UK", "tier": "gold"}
    contact = mapping(record)
    assert contact == Contact(
        "ann@example.com",
        {
            "email": "Ann@Example.com",
            "birthday_month": 12,
            "birthday_day": 25,
            "country": "UK",
            "cf:Loyalty_tier": "gold",
        },
    )
    assert list(contact.properties) == list(mapping.properties)
    assert not mapping.automatic


def test_custom_fields_are_sent_last_in_the_order_of_the_settings():
    fields = [CustomField(name, name, name) for name in "zyx"]
    mapping = mapping_of("cf:z", "cf:x", "cf:y", "first_name", custom_fields=fields)
    assert mapping.properties == ("email", "first_name", "cf:z", "cf:x", "cf:y")


def test_blank_missing_and_null_values_are_not_sent():
    mapping = mapping_of("first_name", "last_name", "city", "birthday")
    assert mapping(ANN | {"first_name": " ", "last_name": None, "birthday": ""}).properties == ANN


def test_a_record_can_be_any_mapping():
    assert mapping_of()(MappingProxyType(ANN)) == Contact("ann@example.com", ANN)


def test_values_are_read_from_nested_fields():
    fields = {"email": "emails.0.address", "city": "address.city"}
    record = {"emails": [{"address": "ann@example.com"}], "address": {"city": "Bonn"}}
    mapping = compiled({}, fields)
    assert mapping(record).properties == ANN | {"city": "Bonn"}
    assert mapping({"emails": [], "address": None}) == Rejection(
        "e-mail address is blank", "emails.0.address"
    )


@pytest.mark.parametrize("value", [None, "", "  ", "\u200b"])
def test_a_blank_email_is_rejected_before_anything_else(value):
    record = {"email": value, "first_name": ["x"]}
    assert mapping_of("first_name")(record) == Rejection("e-mail address is blank", "email")


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("email", "ann", "e-mail address does not have exactly one @"),
        ("first_name", "x" * 51, "first_name is longer than 50 characters"),
        ("street", "x" * 256, "street is longer than 255 characters"),
        ("first_name", ["x"], "first_name is a list"),
        ("birthday", "25/12/1980", "birthday is written day first"),
        ("anniversary", "9999-12-31", "anniversary is what sources write for 'no date'"),
        ("anniversary", "2034-06-02", "anniversary is not between 1901 and ten years from today"),
        ("sms_number", "5", "sms_number is not a US telephone number"),
        ("cf:Loyalty tier", {}, "cf:Loyalty tier is an object"),
    ],
)
def test_a_rejection_names_property_rule_and_field(name, value, reason):
    fields = {"email": "email"} | {name: "source"}
    mapping = compiled({}, fields, custom_fields=[TIER])
    rejection = mapping(ANN | {"source": value})
    assert rejection.field == "source"
    assert rejection.reason.startswith(reason)


def test_long_text_is_truncated_where_that_is_wanted_but_never_an_address():
    mapping = mapping_of("first_name", on_too_long="truncate")
    assert mapping(ANN | {"first_name": "x" * 60}).properties["first_name"] == "x" * 50
    long = "x" * 60 + "@" + "y" * 20 + ".example"
    assert mapping({"email": long}).reason == "e-mail address is longer than 80 characters"


def test_an_address_between_both_documented_limits_is_sent():
    long = "x" * 60 + "@example.com"
    assert mapping_of()({"email": long}).key == long


def test_a_contact_that_breaks_a_rule_is_rejected():
    mapping = mapping_of("birthday_month", "birthday_day")
    record = ANN | {"birthday_month": "02", "birthday_day": 30.0}
    reason = "birthday_day is not a day of that month"
    assert mapping(record) == Rejection(reason, "birthday_day")
    assert mapping(ANN | {"birthday_month": "", "birthday_day": None}).properties == ANN


def test_a_consent_is_sent_with_a_number_only():
    mapping = mapping_of("sms_number", "sms_consent_date")
    consent = ANN | {"sms_consent_date": "5/1/2024"}
    assert mapping(consent | {"sms_number": "(212) 555-0123"}).properties == ANN | {
        "sms_number": "2125550123",
        "sms_consent_date": "2024-05-01",
    }
    assert mapping(consent | {"sms_number": " "}).properties == ANN
    assert mapping(ANN | {"sms_consent_date": "never"}).properties == ANN
    assert mapping(ANN | {"sms_number": 2125550123}).properties == ANN | {
        "sms_number": "2125550123"
    }


def dropping(*names, **options):
    return mapping_of(*names, on_bad_value="drop", **options)


def reasons_of(contact):
    return [f"{each.field}: {each.reason}" for each in contact.dropped]


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("first_name", "x" * 51, "first_name is longer than 50 characters"),
        ("first_name", ["x"], "first_name is a list"),
        ("birthday", "some day in May", "birthday cannot be read as a date"),
        ("anniversary", "1899-12-31", "anniversary is not between"),
        ("sms_number", "5", "sms_number is not a US telephone number"),
        ("cf:Loyalty tier", {}, "cf:Loyalty tier is an object"),
    ],
)
def test_a_bad_value_can_be_left_out_and_is_named_once(name, value, reason):
    fields = {"email": "email", "zip": "zip", name: "source"}
    mapping = compiled({}, fields, custom_fields=[TIER], on_bad_value="drop")
    contact = mapping(ANN | {"zip": "97301", "source": value})
    assert contact.properties == ANN | {"zip": "97301"}
    (dropped,) = contact.dropped
    assert dropped.field == "source"
    assert dropped.reason.startswith(reason)


@pytest.mark.parametrize("email", [None, " ", "ann", 5])
def test_a_bad_address_is_never_left_out(email):
    record = {"email": email, "zip": ["x"]}
    assert dropping("zip")(record) == mapping_of("zip")(record)


def test_every_bad_value_of_a_record_is_left_out():
    contact = dropping("first_name", "anniversary", "city")(
        ANN | {"first_name": "x" * 51, "anniversary": "soon", "city": "Bonn"}
    )
    assert contact.properties == ANN | {"city": "Bonn"}
    assert [each.field for each in contact.dropped] == ["first_name", "anniversary"]


def test_telephone_numbers_beyond_the_third_are_left_out():
    phones = ("phone", "mobile_phone", "work_phone", "home_phone")
    contact = dropping(*phones)(ANN | dict.fromkeys(phones, "1"))
    assert contact.properties == ANN | dict.fromkeys(phones[:3], "1")
    assert reasons_of(contact) == [
        "home_phone: there are more than 3 telephone numbers; a contact takes no more"
    ]


@pytest.mark.parametrize(
    ("month", "day", "reasons"),
    [
        (2, 30, ["birthday_day: birthday_day is not a day of that month"]),
        (2, None, ["birthday_day: birthday_month has no birthday_day beside it; give both"]),
        (
            13,
            4,
            [
                "birthday_month: birthday_month is not a month (1 to 12)",
                "birthday_month: birthday_day has no birthday_month beside it; give both",
            ],
        ),
    ],
)
def test_a_birthday_of_which_one_part_is_bad_is_left_out_as_a_whole(month, day, reasons):
    contact = dropping("birthday_month", "birthday_day")(
        ANN | {"birthday_month": month, "birthday_day": day}
    )
    assert contact.properties == ANN
    assert reasons_of(contact) == reasons


@pytest.mark.parametrize(
    ("number", "consent", "sent", "reason"),
    [
        ("12", "2024-05-01", {}, "sms_number is not a US telephone number of ten digits"),
        ("212-555-0123", "1970-01-01", {"sms_number": "2125550123"}, "sms_consent_date is not"),
        ("12", "never", {}, "sms_number is not a US telephone number of ten digits"),
    ],
)
def test_a_number_or_a_consent_that_is_left_out_leaves_no_permission(number, consent, sent, reason):
    contact = dropping("sms_number", "sms_consent_date")(
        ANN | {"sms_number": number, "sms_consent_date": consent}
    )
    assert contact.properties == ANN | sent
    (dropped,) = contact.dropped
    assert dropped.reason.startswith(reason)


def test_the_home_address_is_sent_as_the_primary_one():
    mapping = mapping_of("home_street", "home_country", "work_city")
    assert mapping.properties == ("email", "street", "country", "work_city")


@pytest.mark.parametrize("nothing", [None, {}])
def test_fields_are_matched_by_name_when_none_are_mapped(nothing):
    schema = {"properties": {"EmailAddress": {}, "FIRST_NAME": {}, "hobby": {}}}
    mapping = compiled(schema, nothing)
    assert mapping.automatic
    assert mapping.fields == {"email": "EmailAddress", "first_name": "FIRST_NAME"}


def test_a_stream_without_an_email_field_is_a_fault_that_lists_some_of_its_fields():
    schema = {"properties": {f"f{n}": {} for n in range(12)}}
    (fault,) = faults_of(schema, None)
    assert fault == (
        "stream 'people': no field looks like an e-mail address"
        " (fields: f0, f1, f2, f3, f4, f5, f6, f7, f8, f9 and 2 more); set field_mapping.email"
    )
    assert "(fields: none)" in faults_of({}, None)[0]


def test_all_faults_are_reported_together_and_name_the_stream():
    schema = {"properties": {"Email": {}, "FirstName": {}}}
    fields = {"email": "Email", "first_name": "FistName", "frist": "", "cf:tier": "FirstName"}
    faults = faults_of(schema, fields, custom_fields=[TIER])
    assert all(fault.startswith("stream 'people'") for fault in faults)
    assert (
        "stream 'people' has no field 'FistName' (for first_name); did you mean 'FirstName'?"
        in (faults)
    )
    assert any("unknown contact property 'frist'" in fault for fault in faults)
    assert any("frist is mapped to a blank field" in fault for fault in faults)
    assert any("no custom field 'tier' in the account" in fault for fault in faults)
    assert len(faults) == 4


def test_a_csv_import_refuses_properties_that_it_does_not_document():
    assert "CSV" in faults_of({}, ANN | {"work_city": "w"}, import_format="csv")[0]


def test_contacts_for_a_csv_file_know_all_columns_of_the_mapping():
    """Whatever they have of them: the same values are the same row everywhere."""
    for import_format, columns in (("csv", ("email", "first_name", "last_name")), ("json", ())):
        mapping = mapping_of("last_name", "first_name", import_format=import_format)
        assert mapping({"email": "ann@example.com"}).columns == columns


@pytest.mark.parametrize(("import_format", "sent"), [("json", "a\nb"), ("csv", "a b")])
def test_lines_of_a_text_area_are_kept_where_they_are_safe(import_format, sent):
    area = CustomField("1", "Note", "note", "text_area")
    mapping = mapping_of("cf:note", custom_fields=[area], import_format=import_format)
    assert mapping(ANN | {"cf:note": "a\nb"}).properties["cf:note"] == sent


def test_custom_fields_can_be_checked_before_a_schema_is_known():
    assert custom_field_faults({"email": "e", "cf:Loyalty tier": "t"}, [TIER]) == []
    (fault,) = custom_field_faults({"email": "e", "cf:tear": "t"}, [TIER])
    assert "no custom field 'tear'" in fault
