"""Finding contact properties by well-known field names."""

from __future__ import annotations

import pytest

from target_constant_contact.mapping.matching import match_fields

TEXT = {"type": ["null", "string"]}


def matching(*names, import_format="json", **described):
    schema = {"properties": dict.fromkeys(names, TEXT) | described}
    return match_fields(schema, import_format=import_format)


def matched(*names, **options):
    return matching(*names, **options).fields


def others(*names, **options):
    return matching(*names, **options).others


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
        ("Organisation", "company_name"),
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
        ("town", "city"),
        ("province", "state"),
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
        ("MailingState", "state"),
        ("home_address", "street"),
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
    assert matched("job_role", "JobTitle")["job_title"] == "JobTitle"


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
    assert matched(email=described) == {}


def test_a_field_without_a_described_type_is_matched():
    assert matched(email={}) == {"email": "email"}


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


@pytest.mark.parametrize(
    ("heading", "name"),
    [
        ("Email Address", "email"),
        ("Email address - home", "email"),
        ("Email address - other", "email"),
        ("First name", "first_name"),
        ("Job title", "job_title"),
        ("Company name", "company_name"),
        ("Birthday", "birthday"),
        ("Anniversary", "anniversary"),
        ("Home Address Line 1", "street"),
        ("Home Address Line 2", "street2"),
        ("Work Address Line 1", "work_street"),
        ("State / Province", "state"),
        ("US State/CA Province", "state"),
        ("Zip / Postal Code", "zip"),
        ("Phone Number - Home", "home_phone"),
        ("Phone Number - Work", "work_phone"),
        ("Phone Number - Mobile", "mobile_phone"),
        ("Phone Number - Other", "other_phone"),
        ("Phone - mobile", "mobile_phone"),
        ("Phone - home", "home_phone"),
        ("Phone \u2013 work", "work_phone"),
        ("Street address line 1 - Home", "street"),
        ("Street address line 2 - Home", "street2"),
        ("City - Home", "city"),
        ("State/Province - Home", "state"),
        ("Zip/Postal Code - Home", "zip"),
        ("Country - Home", "country"),
        ("Street address line 1 - Work", "work_street"),
        ("State/Province - Work", "work_state"),
        ("City - Other", "other_city"),
        ("Zip/Postal Code - Other", "other_zip"),
    ],
)
def test_the_services_own_headings_are_matched(heading, name):
    assert matched(heading) == {name: heading}


def test_a_home_street_and_a_plain_city_are_one_address():
    """As the headings are that the service documents for files."""
    fields = matched("Home Address Line 1", "City", "State / Province", "Zip / Postal Code")
    assert fields == {
        "street": "Home Address Line 1",
        "city": "City",
        "state": "State / Province",
        "zip": "Zip / Postal Code",
    }


@pytest.mark.parametrize(
    ("names", "fields"),
    [
        (("home_street", "city", "billing_zip"), {"city": "city"}),
        (("home_street", "home_city", "city"), {"street": "home_street", "city": "home_city"}),
        (("billing_street", "city"), {"city": "city"}),
    ],
    ids=["a third address", "two cities", "not home"],
)
def test_addresses_that_may_be_two_are_not_put_together(names, fields):
    assert matched(*names) == fields


@pytest.mark.parametrize("name", ["state", "State Code", "region", "address", "addr", "address2"])
def test_a_name_that_may_mean_something_else_is_not_matched_alone(name):
    assert matched("email", "first_name", name).keys() == {"email", "first_name"}
    assert others("email", "first_name", name) == {name: "may not be of an address"}


@pytest.mark.parametrize("word", ["contact", "customer", "primary", "default", "other"])
def test_a_word_before_it_does_not_make_a_state_that_of_an_address(word):
    assert matched("email", f"{word}_state") == {"email": "email"}
    assert matched(f"{word}_state", f"{word}_city").keys() >= {
        part.replace("-", "other_" if word == "other" else "") for part in ("-state", "-city")
    }


@pytest.mark.parametrize(
    ("names", "part"),
    [
        (("state", "city"), "state"),
        (("state", "zip"), "state"),
        (("state", "country"), "state"),
        (("state", "street"), "state"),
        (("region", "city"), "state"),
        (("address", "city"), "street"),
        (("address1", "address2", "zip"), "street2"),
    ],
)
def test_a_part_of_an_address_beside_it_makes_it_clear(names, part):
    assert part in matched(*names)


@pytest.mark.parametrize(
    "names",
    [
        ("state", "billing_city"),
        ("region", "country"),
        ("address", "country"),
        ("address", "state"),
        ("state", "home_address_line_1"),
    ],
)
def test_what_says_nothing_of_the_same_address_does_not(names):
    assert names[0] not in matched(*names).values()


def test_a_clear_name_is_taken_instead_of_one_that_is_not():
    assert matched("state", "province") == {"state": "province"}


@pytest.mark.parametrize("name", ["Title", "position", "Account Name"])
def test_something_of_a_job_is_matched_only_beside_something_of_a_job(name):
    assert name not in matched("Email", "First Name", "Last Name", name).values()
    assert name in matched("Email", "First Name", name, "Department").values()


def test_a_title_in_front_of_the_first_name_is_a_salutation():
    sheet = ("Title", "First Name", "Surname", "Company")
    assert "job_title" not in matched(*sheet)
    assert others(*sheet) == {"Title": "may be a salutation"}
    assert matched("First Name", "Title", "Company")["job_title"] == "Title"


def test_a_title_beside_a_position_is_likely_to_be_a_salutation():
    sheet = ("Email", "Title", "Position", "Company")
    assert matched(*sheet)["job_title"] == "Position"
    assert "Title" in others(*sheet)


def test_a_title_beside_a_salutation_is_none():
    assert matched("Salutation", "FirstName", "LastName", "Title")["job_title"] == "Title"


@pytest.mark.parametrize("name", ["email", "company_name", "state", "country", "job_title"])
def test_a_whole_number_is_no_text(name):
    """But the id of something."""
    described = {name: {"type": ["integer", "null"]}}
    assert name not in matched("zip", **described)
    assert others("zip", **described) == {name: f"holds whole numbers, which are no {name}"}


@pytest.mark.parametrize("kind", ["number", ["integer", "string"]])
def test_what_a_sheet_calls_a_number_may_be_a_text(kind):
    assert matched(Company={"type": kind}) == {"company_name": "Company"}


@pytest.mark.parametrize("name", ["zip", "phone", "mobile", "birthday", "anniversary"])
def test_a_zip_a_telephone_number_or_a_date_may_be_a_number(name):
    assert len(matched(**{name: {"type": "integer"}})) == 1


def test_of_fields_that_mean_the_same_the_others_are_told():
    assert others("Phone", "Phone Number", "Zip", "Postal Code", "EMAIL", "Email") == {
        "Phone Number": "means phone, as Phone does",
        "Postal Code": "means zip, as Zip does",
        "Email": "means email, as EMAIL does",
    }


def test_what_a_contact_cannot_hold_is_told():
    assert others("phone", "other_phone", "home_phone", "work_phone", "mobile") == {
        "other_phone": "is the same number as phone in a contact",
        "home_phone": "a contact takes 3 numbers",
    }
    assert others("birthday_month") == {"birthday_month": "is half a birthday"}
    assert others("dob", "birthday_day") == {"birthday_day": "means birthday, as dob does"}
    assert others("email", "mobile", import_format="csv") == {"mobile": "no column of a CSV import"}


def test_another_address_is_told():
    assert others("city", "country", "billing_city", "billing_zip") == {
        "billing_city": "means city, as city does",
        "billing_zip": "is part of another address",
    }


@pytest.mark.parametrize(
    "field",
    [
        *("\ufeffEmail", "Email\u200b", "\u200eEmail\u200f", "\u2066Email\u2069"),
        *("E\u00admail", "\u00a0Email", "E\u2011Mail", "\uff25mail", "Email "),
    ],
)
def test_what_cannot_be_seen_in_a_name_does_not_count(field):
    assert matched(field) == {"email": field}


def test_a_question_is_not_an_address():
    assert matched("Email?") == {}
