"""Columns of numbers: the same texts as those of single numbers."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from target_constant_contact.mapping.custom_fields import decimal_text
from target_constant_contact.mapping.number_columns import decimal_column, number_column
from target_constant_contact.mapping.values import Text

NUMBERS = [
    *(78701.0, 5125550100.0, -12.0, 1e22, 1e-7, 0.1, -0.5, -0.0, float("nan"), float("-inf")),
    *map(Decimal, ("78701.0", "1E+3", "-0.0", "-0", "NaN", "sNaN", "Infinity", "12.50", "3.00")),
    *map(Decimal, ("1.000", "1.0001", "0E-3", "1E-9", "-0.00", "100", "0.50", "10.010")),
    *(0, -1, 5, 2**63, 10**49, 10**50, 10**5000, None),
]
TEXTS = [
    *("12.50", "12.00", "78701.0", "1E+3", "-0", "-0.0", "007", "1,5", " 1", "1\n2", "NaN", "+1"),
    *("1" * 60, ".5", "5.", "1.000", "1.0001", "٣", "0", "", "Infinity", "1e3", None),
]
numbers = st.one_of(
    st.sampled_from(NUMBERS),
    st.integers(-(10**6), 10**6),
    st.decimals(-1_000, 1_000, places=2),
    st.decimals(),
    st.floats(),
)


@settings(max_examples=500)
@given(st.lists(numbers, min_size=1, max_size=6))
def test_numbers_are_written_as_a_column_or_not_at_all(column):
    convert = Text(50)
    found = number_column(column)
    if found is not None:
        assert found == ["" if value is None else convert(value) for value in column]


@settings(max_examples=500)
@given(st.lists(numbers, max_size=6) | st.lists(st.sampled_from(TEXTS), max_size=6))
def test_decimals_are_written_as_a_column_or_not_at_all(column):
    found = decimal_column(column)
    if found is not None:
        assert found == [(value is not None and decimal_text(value)) or "" for value in column]


def test_amounts_and_whole_numbers_are_not_looked_at_one_by_one():
    amounts = [Decimal("12.50"), Decimal("12.00"), None, 60614, Decimal("0.000"), 78701.0]
    assert decimal_column(amounts) == ["12.50", "12", "", "60614", "0", "78701"]
    assert decimal_column(["12.50", "12.00", "", None, "-3"]) == ["12.50", "12", "", "", "-3"]
    assert number_column([2**63, None, -20]) == [str(2**63), "", "-20"]


@pytest.mark.parametrize(
    "odd",
    [
        *(True, "1", 1e22, -0.0, 10**50),
        *map(Decimal, ("NaN", "Infinity", "1E+3", "-0.00")),
    ],
)
def test_an_unusual_number_in_a_column_is_looked_at_alone(odd):
    assert number_column([1.5, odd]) is None


def test_a_number_of_thousands_of_digits_is_looked_at_alone():
    assert number_column([1, 10**5000]) is None


@pytest.mark.parametrize("odd", ["007", "1e3", " 1", "1\n2", "NaN", "1,5", "-0", "٣", 1])
def test_an_unusual_text_in_a_column_of_numbers_is_looked_at_alone(odd):
    assert decimal_column(["1.5", odd]) is None
