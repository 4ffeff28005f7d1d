"""What is not settled is found by whom it is about, whatever else is forgotten."""

from __future__ import annotations

from array import array

from hypothesis import given
from hypothesis import strategies as st

from target_constant_contact.batches.fingerprints import Fingerprints
from target_constant_contact.batches.unsettled import Unsettled

# A few addresses, of which some have the same place in the table.
KEYS = st.sampled_from([n << 32 | slot for n in (1, 2, 3) for slot in (5, 6, 5 + (1 << 21))])
BATCHES = st.lists(
    st.tuples(
        st.dictionaries(KEYS, st.integers(1, 2), max_size=6),
        st.lists(st.integers(1, 12), max_size=3),
    ),
    max_size=12,
)


def said(people: dict[int, int]) -> Fingerprints:
    return Fingerprints(array("Q", people), array("I", people.values()))


@given(batches=BATCHES)
def test_who_is_said_something_else_about_by_which_batch(batches):
    index, left = Unsettled(), {}
    for number, (people, done) in enumerate(batches, start=1):
        found = index.contradicted(said(people))
        for place, (key, value) in enumerate(people.items()):
            wanted = {
                other
                for other, others in left.items()
                # The lowest 21 and the highest 32 bits tell addresses apart.
                for held, theirs in others.items()
                if (held >> 32, held % (1 << 21)) == (key >> 32, key % (1 << 21))
                and theirs != value
            }
            assert set(found.get(place, ())) == wanted
        index.add(number, said(people))
        if people:
            left[number] = people
        for settled in done:
            if settled in left:
                index.settled(settled)
                del left[settled]
        assert set(index.numbers) == set(left)


def test_what_is_settled_takes_no_memory():
    index = Unsettled()
    for number in range(1, 101):
        index.add(number, said(dict.fromkeys(range(number * 1_000, number * 1_000 + 1_000), 1)))
        index.settled(number - 2)
    assert len(index._bits) <= 4 * 1_000


def test_a_batch_does_not_contradict_itself():
    index = Unsettled()
    index.add(1, said({7: 1}))
    assert index.contradicted(said({7: 2}), own=1) == {}
    assert index.contradicted(said({7: 2}), own=2) == {0: [1]}
