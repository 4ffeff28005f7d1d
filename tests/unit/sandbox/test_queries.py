"""Queries out of parts."""

from __future__ import annotations

from target_constant_contact.sandbox.data.queries import select


def test_conditions_hold_together_whatever_they_are():
    query = select("a, b", "t", "a = 1 OR a = 2", "b = ?", rest="ORDER BY a")
    assert query == "SELECT a, b FROM t WHERE (a = 1 OR a = 2) AND (b = ?) ORDER BY a"
