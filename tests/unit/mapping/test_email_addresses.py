"""What is an e-mail address, and what may stand around it."""

from __future__ import annotations

import pytest

from target_constant_contact.mapping.email_addresses import email_address
from target_constant_contact.mapping.values import UnfitValueError


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
        ("an\u200bn@example.com", r"holds the invisible character U\+200B"),
        ("an\x00n@example.com", r"invisible character U\+0000"),
        ("an\u00a0n@example.com", r"invisible character U\+00A0"),
        ("ann@exam\xadple.com", r"invisible character U\+00AD"),
        ("\u202aann@\u2067example.com", r"invisible character U\+2067"),
        ("\U000e0061nn\U000e0061@example.com", r"invisible character U\+E0061"),
        ("\ud800@example.com", "half of a surrogate pair"),
        ("'ann@example.com", "apostrophe or quotation mark at one end"),
        ("ann@example.com'", "apostrophe or quotation mark at one end"),
        ("\u2019ann@example.com", "apostrophe or quotation mark at one end"),
        ("ann@exam'ple.com", "not well formed"),
        ("ann;@example.com", "not well formed"),
        ('"ann"@example.com', "apostrophe or quotation mark at one end"),
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


@pytest.mark.parametrize(
    "around",
    [
        ("\u202a", "\u202c"),
        ("\u2066", "\u2069"),
        ("\u200e\u200f\u061c", "\ufeff"),
        ("\u00a0", "\u3000\xad"),
        ("\u200d\x00", "\u200c\x7f"),
        ("'", "'"),
        ('"', '"'),
        ("\u2018", "\u2019"),
        ("\u201e", "\u201c"),
        ("\u00b4", "`"),
        ("\u00ab\u00a0", "\u00a0\u00bb"),
        ("\u202a'\"", "\"'\u202c"),
    ],
)
def test_what_people_copy_along_with_an_address_is_taken_off(around):
    before, after = around
    assert email_address(f"{before}Ann@example.com{after}") == "Ann@example.com"


@pytest.mark.parametrize("value", ["", "  ", "\u200b\n", "''", '"', "\u202a\u202c"])
def test_a_blank_address_is_no_address(value):
    assert email_address(value) is None
