"""How single values are cleaned."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest

from target_constant_contact.mapping.values import (
    Text,
    UnfitValueError,
    clean,
    plain_number,
    plain_text,
    us_phone_number,
)

plain = Text(50)


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        ("  Ann ", "Ann"),
        ("\ufeff\u200b Ann\u2060\u00a0\u3000", "Ann"),
        ("Zoë 東京 👩‍👩‍👧", "Zoë 東京 👩‍👩‍👧"),
        ("a \r\n\t b", "a b"),
        ("a\u2028b", "a b"),
        ("a  b", "a  b"),
        ("a\u00a0\u00a0b", "a\u00a0\u00a0b"),
        ("nul\x00l\x1b\x7f\x9f", "null"),
        ("\n\x00\n", None),
        ("", None),
        ("   ", None),
        (True, "true"),
        (False, "false"),
        (0, "0"),
        (-12, "-12"),
        (12.5, "12.5"),
        (1e21, "1000000000000000000000"),
        (1e-7, "0.0000001"),
        (Decimal("1E+3"), "1000"),
        (Decimal("1.500"), "1.500"),
        ("\u202aAnn\u202c", "Ann"),
        ("\u200f\u2068 Ann\u2069\u200e\xad", "Ann"),
        ("\u202eAnn\u202c Lee\u202c", "\u202eAnn\u202c Lee\u202c"),
        ("Acme \u2067אבג\u2069", "Acme \u2067אבג\u2069"),
        ("نیک\u200cبین", "نیک\u200cبین"),
        ("ک\u200d", "ک\u200d"),
        ("co\xadop", "co\xadop"),
        (date(2024, 2, 29), "2024-02-29"),
        (datetime(2024, 2, 29, 8, 30, tzinfo=UTC), "2024-02-29T08:30:00+00:00"),
        (time(8, 30), "08:30:00"),
    ],
)
def test_text_is_trimmed_and_other_values_are_written_plainly(value, sent):
    assert plain(value) == sent


WHOLE = [
    (78701.0, "78701"),
    (Decimal("78701.0"), "78701"),
    (Decimal("5125550100.0"), "5125550100"),
    (Decimal("3.000"), "3"),
    (Decimal("7.870100E4"), "78701"),
    (7.8701e4, "78701"),
    (-12.0, "-12"),
    (-0.0, "0"),
    (Decimal("-0.00"), "0"),
    (Decimal("0E-3"), "0"),
    (Decimal(100), "100"),
    (1e22, "10000000000000000000000"),
    (Decimal("9007199254740993.0"), "9007199254740993"),
]
FRACTIONS = [
    (3.5, "3.5"),
    (Decimal("2.50"), "2.50"),
    (Decimal("-0.5"), "-0.5"),
    (Decimal("10.010"), "10.010"),
    (0.1, "0.1"),
]


@pytest.mark.parametrize(("value", "written"), WHOLE + FRACTIONS)
def test_a_whole_number_has_no_decimal_point_and_a_fraction_keeps_its_zeros(value, written):
    assert plain_number(value) == written
    assert plain(value) == written


@pytest.mark.parametrize("text", ["78701.0", "2.0", "02134", "1e3", "007", "3.10", "-0"])
def test_a_text_that_looks_like_a_number_is_kept_as_it_is(text):
    assert plain(text) == text


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (["x"], "is a list"),
        ({"a": 1}, "is an object"),
        (b"x", "is neither text"),
        (float("nan"), "is not a finite number"),
        (Decimal("-Infinity"), "is not a finite number"),
        (Decimal("sNaN"), "is not a finite number"),
        (Decimal("1E+999999"), "is too long a number"),
        (Decimal("1E-999999"), "is too long a number"),
        pytest.param(10**5000, "is too long a number", id="5,001 digits"),
        ("half \ud800", "half of a surrogate pair"),
        ("x" * 51, "is longer than 50 characters"),
        (10**50, "is longer than 50 characters"),
    ],
)
def test_what_has_no_plain_text_is_refused(value, reason):
    with pytest.raises(UnfitValueError, match=reason):
        plain(value)


def test_text_of_exactly_the_limit_is_kept():
    assert plain("  " + "é" * 50) == "é" * 50


def test_truncated_text_has_no_blank_at_its_end():
    assert Text(5, truncate=True)("abcd\u200b efg") == "abcd"


def test_a_number_is_never_truncated():
    with pytest.raises(UnfitValueError, match="longer than 5"):
        Text(5, truncate=True)(123456)


def test_a_text_area_keeps_its_lines():
    assert Text(50, lines=True)(" one\r\n\ttwo\rthree\x00\n") == "one\n\ttwo\nthree"


def test_long_runs_of_blanks_take_linear_time():
    """Half a million blanks before a tab are cleaned at once, not after minutes."""
    assert clean(" " * 500_000 + "x" + " " * 500_000 + "\ty") == "x y"


def test_a_list_says_how_to_map_one_of_its_items():
    with pytest.raises(UnfitValueError, match=r"field\.0"):
        plain_text(["x"])


@pytest.mark.parametrize(
    "value",
    [
        "212-555-0123",
        "(212) 555-0123",
        "+1 212.555.0123",
        "1 212 555 0123",
        "\u200b2125550123",
        2125550123,
        12125550123,
        Decimal("2125550123.0"),
        2125550123.0,
        "2125550123.0",
        "\u202a+1 (212) 555-0123\u202c",
    ],
)
def test_a_us_number_is_sent_as_ten_digits(value):
    assert us_phone_number(value) == "2125550123"


@pytest.mark.parametrize(
    "value",
    [
        "555-0123",
        "+44 20 7946 0000",
        "112-555-0123",
        "212-055-0123",
        "212-555-0123 x4",
        "+2125550123",
        "\u0662125550123",
        True,
    ],
)
def test_other_numbers_are_no_us_numbers(value):
    with pytest.raises(UnfitValueError, match="not a US telephone number"):
        us_phone_number(value)


def test_a_blank_number_is_no_number():
    assert us_phone_number(" ") is None
    with pytest.raises(UnfitValueError, match="is a list"):
        us_phone_number(["2125550123"])
