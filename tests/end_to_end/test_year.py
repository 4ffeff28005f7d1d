"""Whatever happens by day and by night, every list is what its segment makes it.

A whole year takes minutes: `python -m tests.process.year`.
"""

from __future__ import annotations

import pytest

from tests.process.year import KINDS, nights

NIGHTS = 5


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(2))
def test_after_each_night_every_list_is_what_a_model_of_its_own_says(seed, kind):
    """The seed is in the name of the test, and the log of the nights in what fails."""
    year = nights(NIGHTS, seed, kind)
    assert year.counts["loads"] >= NIGHTS
