"""Whatever happens by day and by night, every list is what its segment makes it.

A whole year takes minutes: `python -m tests.process.year`.
"""

from __future__ import annotations

import pytest

from tests.process.year import KINDS, nights

NIGHTS = 5


@pytest.mark.parametrize("kind", KINDS)
def test_after_each_night_every_list_is_what_a_model_of_its_own_says(kind):
    """Each kind has nights of its own, and what fails has the log of them."""
    year = nights(NIGHTS, len(kind), kind)
    assert year.counts["loads"] >= NIGHTS
