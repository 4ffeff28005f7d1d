"""Columns of an export: what they are asked for by, found by, and compared by."""

from __future__ import annotations

import pytest

from target_constant_contact.api.models import CustomField
from target_constant_contact.contacts.contact import CUSTOM_PREFIX, WIRE_ORDER
from target_constant_contact.planning.columns import Columns, with_one_street

CUSTOM = [
    CustomField("1", "Points", "points", "number"),
    CustomField("2", "Since", "since", "date"),
    CustomField("3", "Nick name", "nick", "string"),
]
columns = Columns(CUSTOM)


@pytest.mark.parametrize(
    ("name", "sent", "told", "same"),
    [
        ("first_name", "Ann", "ann ", True),
        ("first_name", "Ann", "Anna", False),
        ("first_name", "Ann", "", False),
        ("zip", "01234", "1234", False),
        ("mobile_phone", "(617) 555-0100", "6175550100", True),
        ("mobile_phone", "6175550100", "6175550101", False),
        ("mobile_phone", "n/a", "", False),
        ("mobile_phone", "n/a", "N/A", True),
        ("birthday_month", "5", "5", True),
        ("anniversary", "2001-02-03", "02/03/2001", True),
        ("anniversary", "2001-02-03", "2001-02-04", False),
        ("anniversary", "2001-02-03", "", False),
        ("anniversary", "2001-02-03", "some day", False),
        ("cf:points", "12.50", "12.5", True),
        ("cf:points", "1200", "1,200", True),
        ("cf:points", "12", "13", False),
        ("cf:points", "12", "", False),
        ("cf:since", "2020-01-31", "1/31/2020", True),
        ("cf:nick", "12.50", "12.5", False),
    ],
)
def test_a_value_is_another_one_only_if_it_means_something_else(name, sent, told, same):
    assert columns.differing({name: sent}, {name: told}) == ([] if same else [name])


def test_a_property_that_is_not_told_is_not_compared():
    assert columns.differing({"first_name": "Ann", "city": "Salem"}, {"city": "Salem"}) == []


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("first_name", "First name"),
        ("work_city", "City - Work"),
        ("street", "Street address line 1 - Home"),
        ("street", "Street - home"),
        ("mobile_phone", "Phone - mobile"),
        ("phone", "Phone - other"),
        ("cf:nick", "Nick name"),
    ],
)
def test_a_column_is_found_by_the_letters_of_its_header(name, header):
    assert columns.headers([name], ["email", "Email status", header]) == {name: header}


def test_of_two_columns_of_the_same_letters_the_first_is_meant():
    header = ["email", "Nick name", "NICKNAME"]
    assert columns.headers(["cf:nick"], header) == {"cf:nick": "Nick name"}


def test_a_column_that_is_not_there_is_not_found():
    assert columns.headers(["first_name", "sms_number", "cf:unknown"], ["email", "Vorname"]) == {}


def test_only_the_columns_that_are_needed_are_asked_for():
    assert columns.fields(["first_name", "work_city", "city", "cf:nick", "sms_number"]) == [
        "email_address",
        "first_name",
        "city",
        "custom_fields",
    ]


def test_every_property_can_be_told_but_those_that_no_export_has():
    untold = [name for name in WIRE_ORDER if len(columns.fields([name])) == 1]
    assert untold == [
        "email",
        "street2",
        "work_street2",
        "other_street2",
        "sms_number",
        "sms_consent_date",
    ]
    assert columns.fields([f"{CUSTOM_PREFIX}points"])[1:] == ["custom_fields"]


def test_both_lines_of_a_street_are_one():
    assert with_one_street({"street": "1 Main", "street2": "Apt 2"}) == {"street": "1 Main Apt 2"}
    assert with_one_street({"street2": "Apt 2", "city": "Salem"}) == {"city": "Salem"}
    assert with_one_street({"work_street": "1 Main"}) == {"work_street": "1 Main"}
