"""Custom fields: which one is meant, and what its type accepts."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest

from target_constant_contact.api.models import CustomField
from target_constant_contact.mapping.custom_fields import (
    custom_field_converter,
    decimal_text,
    find_custom_fields,
)
from target_constant_contact.mapping.values import UnfitValueError
from tests.support.timing import best_of

TIER = CustomField("1", "Loyalty tier", "Loyalty_tier")
VISIT = CustomField("2", "Last visit", "last_visit", "date")
ACCOUNT = (TIER, VISIT)


def of_type(kind, *choices, **options):
    settings = {"truncate": False, "lines": True} | options
    return custom_field_converter(CustomField("1", "F", "f", kind, choices), **settings)


@pytest.mark.parametrize("key", ["cf:Loyalty_tier", "cf:Loyalty tier", "cf: loyalty_TIER "])
def test_a_custom_field_is_found_by_name_or_label(key):
    assert find_custom_fields([key], ACCOUNT) == ({key: TIER}, [])


def test_an_exact_name_wins_over_a_label_and_both_over_other_cases():
    named = CustomField("1", "x", "tier")
    labelled = CustomField("2", "tier", "y")
    other = CustomField("3", "z", "TIER")
    assert find_custom_fields(["cf:tier"], [labelled, other, named])[0] == {"cf:tier": named}
    assert find_custom_fields(["cf:tier"], [labelled, other])[0] == {"cf:tier": labelled}
    assert find_custom_fields(["cf:tier"], [other])[0] == {"cf:tier": other}


def test_an_unknown_custom_field_is_a_fault_with_close_matches():
    found, faults = find_custom_fields(["cf:loyalty"], ACCOUNT)
    assert found == {}
    (fault,) = faults
    assert fault == (
        "no custom field 'loyalty' in the account; did you mean 'Loyalty_tier' or 'Loyalty tier'?"
        " create it in Constant Contact or correct field_mapping"
    )


def test_an_unknown_custom_field_like_no_other_gets_no_suggestion():
    _, (fault,) = find_custom_fields(["cf:qqqq"], ())
    assert fault == (
        "no custom field 'qqqq' in the account;"
        " create it in Constant Contact or correct field_mapping"
    )


def test_a_custom_field_that_may_be_two_is_a_fault():
    twins = [CustomField("1", "a", "TIER"), CustomField("2", "Tier", "b")]
    _, (fault,) = find_custom_fields(["cf:tier"], twins)
    assert "ambiguous: it may be 'TIER', 'b'" in fault


def test_two_keys_for_one_custom_field_are_a_fault():
    _, faults = find_custom_fields(["cf:Loyalty_tier", "cf:Loyalty tier"], ACCOUNT)
    assert faults == [
        "cf:Loyalty_tier and cf:Loyalty tier are the same custom field; keep one of them"
    ]


def test_a_key_without_a_name_is_left_to_the_check_of_the_mapping():
    assert find_custom_fields(["cf: "], ACCOUNT) == ({}, [])


@pytest.mark.parametrize(
    ("kind", "value", "sent"),
    [
        ("string", " gold\n", "gold"),
        ("string", "a\nb", "a b"),
        ("string", Decimal("1.50"), "1.50"),
        ("text_area", "a\r\nb", "a\nb"),
        ("brand_new_type", 5, "5"),
        ("number", "1.50", "1.50"),
        ("number", "+5", "5"),
        ("number", ".5", "0.5"),
        ("number", "-1e3", "-1000"),
        ("number", 12.5, "12.5"),
        ("currency", " 12 ", "12"),
        ("number", 9.0, "9"),
        ("number", Decimal("9.00"), "9"),
        ("number", "9.0", "9"),
        ("string", 41307.0, "41307"),
        ("string", "41307.0", "41307.0"),
        ("text_area", Decimal("3.0"), "3"),
        ("currency", " ", None),
        ("date", "12/25/1980", "1980-12-25"),
        ("date", "", None),
        ("datetime", datetime(2024, 2, 29, 8, 30), "2024-02-29T08:30:00"),  # noqa: DTZ001 - as written
        ("boolean", "Yes", "true"),
        ("boolean", "no", "false"),
        ("boolean", True, "true"),
        ("boolean", 0, "false"),
        ("boolean", Decimal("1.0"), "true"),
        ("boolean", 0.0, "false"),
        ("boolean", "1.0", "true"),
        ("boolean", " ", None),
    ],
)
def test_values_are_sent_as_the_type_asks(kind, value, sent):
    assert of_type(kind)(value) == sent


@pytest.mark.parametrize(
    ("kind", "value", "reason"),
    [
        ("string", "x" * 256, "longer than 255 characters"),
        ("string", {"a": 1}, "is an object"),
        ("number", "1,000", "not a number"),
        ("number", "$5", "not a number"),
        ("number", "\u0665", "not a number"),
        ("number", True, "not a number"),
        ("number", date(2024, 2, 29), "not a number"),
        ("number", "1e300", "longer than 255"),
        ("number", "1e999", "too long"),
        ("number", Decimal("sNaN"), "not a finite number"),
        ("number", [1], "is a list"),
        ("date", "25/12/1980", "day first"),
        ("datetime", "soon", "YYYY-MM-DDTHH:MM:SS"),
        ("boolean", "maybe", "neither true nor false"),
        ("boolean", 2, "neither true nor false"),
        ("boolean", Decimal("sNaN"), "not a finite number"),
        ("boolean", [True], "is a list"),
        ("multi_select", ["a", "b"], "not documented"),
        ("single_select", ["a"], "is a list"),
    ],
)
def test_values_that_the_type_cannot_hold_are_refused(kind, value, reason):
    with pytest.raises(UnfitValueError, match=reason):
        of_type(kind)(value)


def test_text_is_truncated_where_that_is_wanted():
    assert of_type("string", truncate=True)("x" * 300) == "x" * 255


def test_a_text_area_is_one_line_where_lines_are_not_safe():
    assert of_type("text_area", lines=False)("a\nb") == "a b"


@pytest.mark.parametrize("kind", ["single_select", "multi_select"])
def test_a_choice_is_sent_in_the_spelling_of_the_account(kind):
    choose = of_type(kind, "Gold", " Silver ", "", "GOLD")
    assert choose("gold") == "Gold"
    assert choose("GOLD") == "GOLD"
    assert choose("silver") == " Silver "
    assert choose(" ") is None
    with pytest.raises(UnfitValueError, match="not one of the choices"):
        choose("bronze")


@pytest.mark.parametrize(
    ("choices", "named"),
    [
        (["Bronze", "Silver", "Gold"], "'Bronze', 'Silver', 'Gold'"),
        (["Bronze", " "], "'Bronze'"),
        (["Sil\u202ever\n", "x" * 60], f"'Sil\\u202ever', '{'x' * 47}...'"),
        (list("abcdefghijkl"), f"{', '.join(map(repr, 'abcdefghij'))} and 2 more"),
    ],
)
def test_a_value_that_is_no_choice_is_refused_with_the_choices(choices, named):
    with pytest.raises(UnfitValueError) as caught:
        of_type("single_select", *choices)("Platinum")
    assert str(caught.value) == f"is not one of the choices of the custom field: {named}"


def test_a_whole_number_of_a_spreadsheet_is_a_choice():
    choose = of_type("single_select", "1", "2", "3.0")
    assert [choose(2.0), choose(Decimal("1.0")), choose(3.0), choose("3.0")] == [
        *("2", "1", "3.0", "3.0")
    ]
    with pytest.raises(UnfitValueError):
        choose("3")


def test_any_text_is_a_choice_while_the_choices_are_unknown():
    assert of_type("single_select")(" gold ") == "gold"


def test_digits_that_are_no_number_are_refused_in_linear_time():
    def refused(digits: int) -> None:
        with pytest.raises(UnfitValueError):
            decimal_text("1" * digits + "x")

    assert best_of(3, lambda: refused(40_000)) < 8 * max(best_of(3, lambda: refused(10_000)), 0.01)
