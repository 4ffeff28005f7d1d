"""The table of facts against the service's official description, where that is at hand."""

from __future__ import annotations

import pytest

from tests.contract import official
from tests.contract.facts import FACTS


@pytest.mark.skipif(
    not official.PLACE.exists(), reason="the official description is not part of this repository"
)
def test_the_table_is_what_the_official_description_says():
    assert official.facts(official.official()) == FACTS
