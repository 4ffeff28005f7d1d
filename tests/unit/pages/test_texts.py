"""Texts of a report as a page may show them."""

from __future__ import annotations

import pytest

from target_constant_contact.pages.texts import LONGEST, shown


@pytest.mark.parametrize("length", range(4_960, 5_001))
def test_no_half_of_an_address_is_shown_of_a_text_that_is_read_in_part(length):
    """What stands before it may be one word that is masked, so that its end is among the first."""
    others = ("w@example.com," * 400)[: length - 1]
    assert "echoed" not in shown(f"{others} echoed.person@example.com")


def test_a_long_text_is_cut():
    assert len(shown("word " * 2_000)) == LONGEST
    assert shown("x" * 5_001) == ""
