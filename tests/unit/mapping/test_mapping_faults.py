"""What a field_mapping is wrong about, with what may have been meant."""

from __future__ import annotations

import pytest

from target_constant_contact.contacts.contact import PROPERTIES
from target_constant_contact.mapping.mapping_faults import mapping_faults


def test_a_sound_mapping_has_no_faults():
    assert mapping_faults({"email": "a", "first_name": "b", "cf:tier": "c"}) == []


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("First_Nme", "first_name"),
        ("email_address", "email"),
        ("E-Mail", "email"),
        ("emailaddress", "email"),
        ("firstname", "first_name"),
        ("fname", "first_name"),
        ("lastname", "last_name"),
        ("surname", "last_name"),
        ("company", "company_name"),
        ("postcode", "zip"),
        ("postal_code", "zip"),
        ("mobile", "mobile_phone"),
        ("cell", "mobile_phone"),
        ("dob", "birthday"),
        ("CF:tier", "cf:tier"),
        ("cf_tier", "cf:tier"),
        ("custom_field: tier", "cf:tier"),
    ],
)
def test_an_unknown_property_is_named_with_what_may_have_been_meant(name, meant):
    faults = mapping_faults({"email": "a", name: "b"})
    assert faults == [f"unknown contact property {name!r}; did you mean {meant!r}?"]


def test_a_property_like_no_other_may_be_a_custom_field():
    assert mapping_faults({"email": "login", "Lifetime value": "spent"}) == [
        (
            "unknown contact property 'Lifetime value'; for a custom field of that name or label, "
            "write 'cf:Lifetime value'"
        )
    ]


def test_a_mapping_with_its_sides_exchanged_is_one_line_that_shows_the_right_direction():
    assert mapping_faults({"EmailAddress": "email", "FirstName": "first_name"}) == [
        (
            "its sides are exchanged; the contact property stands on the left and the record field "
            "on the right, so write email: EmailAddress, first_name: FirstName"
        )
    ]


def test_of_a_long_mapping_with_its_sides_exchanged_the_first_lines_are_shown():
    (fault,) = mapping_faults({f"f{n}": name for n, name in enumerate(PROPERTIES)})
    assert fault.endswith("so write email: f0, first_name: f1, last_name: f2 and so on")


def test_sides_that_both_hold_a_property_are_not_called_exchanged():
    """A tap may name its fields like this, and the mapping still has one wrong name."""
    faults = mapping_faults({"email": "email", "frist_name": "first_name"})
    assert [fault.split(";")[0] for fault in faults] == ["unknown contact property 'frist_name'"]


def test_an_unknown_property_is_reported_once_in_csv_too():
    assert len(mapping_faults({"email": "a", "qqqq": "b"}, import_format="csv")) == 1


def test_all_faults_are_reported_together():
    assert len(mapping_faults({"frist_name": "", "phone": "a", "other_phone": "b"})) == 4


def test_one_line_that_is_turned_around_is_told_how_to_write_it():
    (fault,) = mapping_faults({"email": "EmailAddress", "dob": "birthday"})
    assert fault.endswith("to send the field 'dob', write birthday: dob")
