"""Texts of a report as a page may show them."""

from __future__ import annotations

import time

import pytest

from target_constant_contact.pages.texts import LONGEST, shown


@pytest.mark.parametrize("length", range(4_960, 5_001))
def test_no_half_of_an_address_is_shown_of_a_text_that_is_read_in_part(length):
    """What stands before it may be one word that is masked, so that its end is among the first."""
    others = ("w@example.com," * 400)[: length - 1]
    assert "echoed" not in shown(f"{others} echoed.person@example.com")


def test_a_long_text_is_cut_and_says_so():
    assert len(shown("word " * 2_000)) == LONGEST
    assert shown("one word " + "x" * 5_000) == "one word…"
    assert shown("x" * 5_001) == shown(" " * 5_001) == "…"


def test_a_text_takes_no_longer_for_having_a_long_word():
    began = time.process_time()
    for _ in range(200):
        shown(f"{'x' * 4_990}          y")

    # A hundred times as long where a search for its end begins at each of its letters.
    assert time.process_time() - began < 0.5
