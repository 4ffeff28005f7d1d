"""Columns of one property: what is remembered of them."""

from __future__ import annotations

from target_constant_contact.mapping.property_columns import _Known
from target_constant_contact.mapping.values import Text


def test_long_values_are_not_remembered():
    """There may be thousands of each field."""
    known = _Known(Text(50, truncate=True))
    assert known["x" * 1_000] == "x" * 50
    assert known["Ann "] == "Ann"
    assert set(known) == {None, "Ann "}
