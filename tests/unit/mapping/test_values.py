"""How single values are cleaned."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest

from target_constant_contact.mapping.values import (
    Text,
    UnfitValueError,
    clean,
    email_address,
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
        (date(2024, 2, 29), "2024-02-29"),
        (datetime(2024, 2, 29, 8, 30, tzinfo=UTC), "2024-02-29T08:30:00+00:00"),
        (time(8, 30), "08:30:00"),
    ],
)
def test_text_is_trimmed_and_other_values_are_written_plainly(value, sent):
    assert plain(value) == sent


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
    "address",
    [
        "ann@example.com",
        "Ann.O'Lee+news@mail.example.co",
        "用户@例子.中国",
        "a@b.xn--p1ai",
        "1@2.example",
        "ann@3com.example.org",
        "x" * 64 + "@example.com",
        "a@" + "l" * 63 + ".example",
    ],
)
def test_well_formed_addresses_are_kept_as_they_are(address):
    assert email_address(f" \ufeff{address}\u200b\n") == address


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("ann", "exactly one @"),
        ("a@b@example.com", "exactly one @"),
        ("a@example.com, b@example.com", "exactly one @"),
        ("@example.com", "not well formed"),
        ("ann@example", "not well formed"),
        ("ann@example.c", "not well formed"),
        ("ann@example.123", "not well formed"),
        ("ann@10.0.0.1", "not well formed"),
        ("ann@.example.com", "not well formed"),
        ("ann@example..com", "not well formed"),
        ("ann@example.com.", "not well formed"),
        ("an n@example.com", "not well formed"),
        ("an\u200bn@example.com", "not well formed"),
        ("an\x00n@example.com", "not well formed"),
        ("\ud800@example.com", "not well formed"),
        ("ann;@example.com", "not well formed"),
        ('"ann"@example.com', "not well formed"),
        ("ann@exa[m]ple.com", "not well formed"),
        ("ann\\@example.com", "not well formed"),
        ("x" * 65 + "@example.com", "not well formed"),
        ("a@" + "l" * 64 + ".example", "not well formed"),
        ("x" * 60 + "@" + "l" * 13 + ".example", "longer than 80"),
        ("mailto:ann@example.com", "give the bare address"),
        ("MAILTO:ann@example.com", "give the bare address"),
        ("Ann Lee <ann@example.com>", "give the bare address"),
        (5, "is not text"),
        (["ann@example.com"], "is not text"),
    ],
)
def test_what_is_no_address_is_refused_with_the_rule(value, reason):
    with pytest.raises(UnfitValueError, match=reason):
        email_address(value)


@pytest.mark.parametrize("value", ["", "  ", "\u200b\n"])
def test_a_blank_address_is_no_address(value):
    assert email_address(value) is None


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
