"""Finding contact properties by well-known field names."""

from __future__ import annotations

import pytest

from target_constant_contact.mapping.matching import match_fields


def matched(*names, import_format="json"):
    schema = {"properties": {name: {"type": ["null", "string"]} for name in names}}
    return match_fields(schema, import_format=import_format)


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ("EmailAddress", "email"),
        ("e_mail", "email"),
        ("E-Mail", "email"),
        ("mail", "email"),
        ("primary email", "email"),
        ("EMailAddress1", "email"),
        ("FIRST_NAME", "first_name"),
        ("given_name", "first_name"),
        ("fname", "first_name"),
        ("surname", "last_name"),
        ("familyName", "last_name"),
        ("position", "job_title"),
        ("Organisation", "company_name"),
        ("account_name", "company_name"),
        ("date.of.birth", "birthday"),
        ("DOB", "birthday"),
        ("Anniversary", "anniversary"),
        ("cell", "mobile_phone"),
        ("tel", "phone"),
        ("Telephone1", "phone"),
        ("office_phone", "work_phone"),
        ("HomePhone", "home_phone"),
        ("OtherPhone", "other_phone"),
        ("address_line_1", "street"),
        ("Address", "street"),
        ("address2", "street2"),
        ("town", "city"),
        ("region", "state"),
        ("postal_code", "zip"),
        ("postcode", "zip"),
        ("Country", "country"),
        ("MailingPostalCode", "zip"),
        ("Address1_Line1", "street"),
        ("Address1_StateOrProvince", "state"),
        ("home_city", "city"),
        ("business_street", "work_street"),
        ("OtherCity", "other_city"),
        ("Address2_City", "other_city"),
    ],
)
def test_well_known_names_are_matched_in_any_spelling(field, name):
    assert matched(field) == {name: field}


@pytest.mark.parametrize(
    "field",
    [
        "_sdc_email",
        "_reject_reason",
        "name",
        "sms_number",
        "sms",
        "loyalty_tier",
        "status",
        "line1",
        "line2",
    ],
)
def test_other_names_are_not_matched(field):
    assert matched(field) == {}


def test_the_first_name_of_the_table_wins():
    assert matched("work_email", "EmailAddress")["email"] == "EmailAddress"
    assert matched("title", "JobTitle")["job_title"] == "JobTitle"


def test_the_first_field_wins_among_spellings_of_one_name():
    assert matched("Email", "email") == {"email": "Email"}


@pytest.mark.parametrize(
    "described",
    [
        {"type": "object"},
        {"type": ["array", "null"]},
        {"properties": {"city": {}}},
        {"anyOf": [{"type": "null"}, {"type": "array"}]},
        {"type": ["boolean", "null"]},
    ],
)
def test_fields_with_parts_and_flags_are_not_matched(described):
    assert match_fields({"properties": {"email": described}}) == {}


def test_a_field_without_a_described_type_is_matched():
    assert match_fields({"properties": {"email": {}}}) == {"email": "email"}


def test_at_most_three_telephone_numbers_are_matched():
    phones = matched("phone", "other_phone", "home_phone", "work_phone", "mobile")
    assert list(phones) == ["mobile_phone", "phone", "work_phone"]


def test_another_number_is_matched_where_there_is_no_plain_one():
    assert list(matched("other_phone", "mobile")) == ["mobile_phone", "other_phone"]


def test_a_birthday_is_matched_from_one_date_or_from_both_parts():
    assert matched("birthday_month", "birthday_day").keys() == {"birthday_month", "birthday_day"}
    assert matched("birthday_month", "birthday_day", "dob") == {"birthday": "dob"}
    assert matched("birthday_month") == {}


def test_an_address_is_never_put_together_from_two():
    """``State`` may be anything; the complete mailing address wins as a whole."""
    fields = matched("State", "MailingStreet", "MailingCity", "MailingState")
    assert fields == {"street": "MailingStreet", "city": "MailingCity", "state": "MailingState"}


def test_the_plain_address_wins_over_another_one_that_is_as_complete():
    assert matched("billing_city", "city") == {"city": "city"}


def test_a_csv_import_matches_documented_columns_only():
    fields = matched("email", "phone", "mobile", "work_city", "dob", "zip", import_format="csv")
    assert fields.keys() == {"email", "phone", "birthday", "zip"}
