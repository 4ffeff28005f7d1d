"""Which converter each property has, and whole numbers."""

from __future__ import annotations

from datetime import date

import pytest

from target_constant_contact.api.models import CustomField
from target_constant_contact.contacts.contact import TEXT_LIMITS, WIRE_ORDER
from target_constant_contact.mapping.converters import converters_for, whole_number
from target_constant_contact.mapping.values import UnfitValueError

month = whole_number(12, "month")


def converters(*custom, truncate=False, lines=True):
    return converters_for(custom, truncate=truncate, lines=lines, today=date(2026, 11, 24))


def test_every_property_that_can_be_sent_has_a_converter():
    assert converters().keys() == set(WIRE_ORDER)


@pytest.mark.parametrize("name", TEXT_LIMITS)
def test_text_has_the_limit_of_its_property(name):
    limit = TEXT_LIMITS[name]
    assert converters()[name]("x" * limit) == "x" * limit
    with pytest.raises(UnfitValueError, match=f"longer than {limit}"):
        converters()[name]("x" * (limit + 1))
    assert converters(truncate=True)[name]("x" * (limit + 1)) == "x" * limit


def test_a_custom_field_is_converted_as_its_type_asks():
    score = CustomField("1", "Score", "score", "number")
    note = CustomField("2", "Note", "note", "text_area")
    found = converters(score, note, truncate=True, lines=False)
    assert found["cf:score"](5.5) == "5.5"
    assert found["cf:note"]("a\nb" + "c" * 300) == "a b" + "c" * 252


@pytest.mark.parametrize("name", ["anniversary", "sms_consent_date", "cf:joined"])
def test_all_dates_are_read_in_the_order_that_is_set(name):
    joined, today = CustomField("1", "Joined", "joined", "date"), date(2026, 11, 24)
    for order, sent in (("mdy", "2010-04-05"), ("dmy", "2010-05-04")):
        found = converters_for([joined], truncate=False, lines=True, today=today, date_order=order)
        assert found[name]("04/05/2010") == sent


@pytest.mark.parametrize(
    ("value", "sent"), [(2, 2), ("02", 2), (" 9 ", 9), (12.0, 12), ("007", 7), ("3.0", 3)]
)
def test_whole_numbers_may_be_written_as_digits_or_with_a_zero_behind_the_point(value, sent):
    assert month(value) == sent


@pytest.mark.parametrize("value", ["", " "])
def test_a_blank_is_no_number(value):
    assert month(value) is None


@pytest.mark.parametrize("value", [0, 13, -1, 1.5, True, "May", "\u0665", [1], {"month": 1}])
def test_what_is_no_such_number_is_refused(value):
    with pytest.raises(UnfitValueError, match=r"^is not a month \(1 to 12\)$"):
        month(value)
