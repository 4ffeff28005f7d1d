"""Sequences without what is at some places."""

from __future__ import annotations

from array import array

from hypothesis import given
from hypothesis import strategies as st

from target_constant_contact.batches.places import without


@given(items=st.lists(st.integers(0, 9)), places=st.sets(st.integers(0, 12)))
def test_all_but_what_is_at_these_places_stays_in_order(items, places):
    places = {place for place in places if place < len(items)}
    wanted = [item for place, item in enumerate(items) if place not in places]
    assert without(items, places) == wanted
    assert list(without(array("Q", items), places)) == wanted
