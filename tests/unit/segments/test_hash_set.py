"""A large set of hashes behaves as one of Python's, in 8 bytes for each."""

from __future__ import annotations

import random
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_constant_contact.segments import hash_set
from target_constant_contact.segments.hash_set import PARTS, HashSet

# Few of each part, so that one comes more than once.
HASHES = st.builds(
    lambda part, low: part << 58 | low, st.sampled_from([0, 1, 63]), st.integers(0, 9)
)
CHANGES = st.lists(st.tuples(st.booleans(), HASHES), max_size=60)


@pytest.fixture(autouse=True)
def _few_changes(monkeypatch):
    monkeypatch.setattr(hash_set, "_MOST_CHANGES", 3)


@given(start=st.lists(HASHES), changes=CHANGES)
def test_it_is_the_same_as_a_set(start, changes):
    mine, other = HashSet(start), set(start)
    for is_in, one in changes:
        (mine.add if is_in else mine.discard)(one)
        (other.add if is_in else other.discard)(one)
        assert (one in mine) == is_in
        assert bool(mine) == bool(other)
    assert [*mine] == sorted(other)
    assert len(mine) == len(other)
    assert all(one in mine for one in other)
    assert set().union(*map(mine.part, range(PARTS))) == other


@given(one=st.lists(HASHES), another=st.lists(HASHES), changes=CHANGES)
def test_two_are_compared_as_sets_are(one, another, changes):
    first, second = HashSet(one), HashSet(another)
    for is_in, each in changes:
        (second.add if is_in else second.discard)(each)
    mine, other = {*first}, {*second}
    assert {*first.both(second)} == mine & other
    assert {*first.only(second)} == mine - other
    second.update(one)
    assert {*second} == mine | other


@given(hashes=st.lists(HASHES))
def test_what_is_packed_is_read_again_and_takes_8_bytes_for_each(hashes):
    packed = HashSet(hashes).packed()
    assert [*HashSet.unpacked(packed)] == sorted(set(hashes))
    assert len(packed) == 8 * len(set(hashes))


def test_it_is_packed_in_the_same_way_on_every_machine():
    assert HashSet([1 << 56, 2]).packed() == b"\x02" + 7 * b"\0" + 7 * b"\0" + b"\x01"


def test_what_is_damaged_is_no_set():
    with pytest.raises(ValueError, match="not a multiple"):
        HashSet.unpacked(b"1234567")


def test_many_people_take_little_memory(monkeypatch):
    monkeypatch.setattr(hash_set, "_MOST_CHANGES", 2_048)
    rng = random.Random(1)
    tracemalloc.start()
    try:
        people = HashSet(rng.getrandbits(64) for _ in range(200_000))
        now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(people) == 200_000
    assert now < 12 * 200_000
    assert peak < 24 * 200_000
