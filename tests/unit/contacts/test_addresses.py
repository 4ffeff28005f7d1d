"""A set of hashed addresses that grows, in little memory."""

from hypothesis import given
from hypothesis import strategies as st

from target_constant_contact.contacts.addresses import GrowingSet


@given(keys=st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 3_000), max_size=60))
def test_a_growing_set_holds_what_was_put_in(keys):
    found = GrowingSet()
    found.update(keys)
    wanted = {key or 1 for key in keys}
    assert set(found) == wanted
    assert len(found) == len(wanted)
    assert all(key in found for key in keys)
    assert 3_001 not in found or 3_001 in wanted


def test_a_growing_set_stays_small_however_many_come():
    found = GrowingSet()
    found.update(range(1, 100_001))
    assert len(found) == 100_000
    assert len(found._places) * 8 <= 32 * 100_000
