"""What is not settled is found by whom it is about, whatever else is forgotten."""

from __future__ import annotations

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_constant_contact.batches.fingerprints import Fingerprints
from target_constant_contact.batches.unsettled import Unsettled
from tests.support.packing import Memory

# A few addresses, of which some have the same place in the table, or the same byte beside it.
KEYS = st.sampled_from(
    [tag << 56 | n << 32 | slot for tag in (1, 2) for n in (1, 2) for slot in (5, 6, 5 + (1 << 22))]
)
PEOPLE = st.dictionaries(KEYS, st.integers(1, 2), max_size=6)
STEPS = st.lists(
    st.tuples(
        st.lists(st.tuples(st.integers(1, 4), PEOPLE), min_size=1, max_size=3),
        st.sampled_from([True, True, False]),
        st.lists(
            st.integers(1, 4).flatmap(
                lambda which: st.integers(0, 11).map(lambda at: at - at % 2 + 100 * which)
            ),
            max_size=3,
        ),
    ),
    max_size=12,
)


def said(people: dict[int, int]) -> Fingerprints:
    return Fingerprints(array("Q", people), array("I", people.values()))


class Said:
    """What rows say that are not settled: the batch, the person, and the value of each."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, int, int]] = []

    def add(self, number: int, people: dict[int, int]) -> None:
        self.rows += [(number, *person) for person in people.items()]

    def check(
        self, found: dict[int, list[int]], people: dict[int, int], numbers: list[int]
    ) -> None:
        """See who is found for the first of some batches that were added together."""
        for place, (key, value) in enumerate(people.items()):
            wanted = {
                number
                for number, held, theirs in self.rows
                if held == key and theirs != value and number != numbers[0]
            }
            # Of those that are added together, the later one finds the earlier one.
            assert wanted.difference(numbers) <= {*found.get(place, ())} <= wanted


@given(
    steps=STEPS,
    in_memory=st.sampled_from([0, 5, 1_000]),
    worth_moving=st.sampled_from([0, 4, 1_000]),
    has_spill=st.booleans(),
)
def test_who_is_said_something_else_about_by_which_batch(steps, in_memory, worth_moving, has_spill):
    spill, left = Memory(), Said()
    index = Unsettled(spill if has_spill else None, in_memory=in_memory, worth_moving=worth_moving)
    for step, (batches, is_final, done) in enumerate(steps):
        # A batch may be added to again.
        numbers = [step - step % 2 + 100 * which for which, _ in batches]
        found = index.add(numbers, [said(people) for _, people in batches])
        for at, (_, people) in enumerate(batches):
            left.add(numbers[at], people)
        for at, (_, people) in enumerate(batches):
            left.check(found.get(at, {}), people, numbers[at:])
        for at, those in () if is_final else found.items():
            index.withdraw(at, those)
            people = list(batches[at][1].items())
            for place in those:
                left.rows.remove((numbers[at], *people[place]))
        # Once it is settled, nothing more is said by a batch.
        over = {number for number in done if step % 2 or number % 100 < step}
        for number in over:
            index.settled(number)
        left.rows = [row for row in left.rows if row[0] not in over]
        assert set(index.numbers) == {number for number, *_ in left.rows}
        assert index.rows == len(left.rows)
    for number in set(index.numbers):
        index.settled(number)
    assert not index.numbers
    assert not spill.kept


@pytest.mark.parametrize("kept", [1, 50])
def test_what_is_settled_takes_no_memory_wherever_it_stands(kept):
    index = Unsettled(worth_moving=4_000)
    for number in range(1, 101):
        people = range(number * 1_000, number * 1_000 + 1_000)
        index.add([number], [said(dict.fromkeys(people, 1))])
        if number != kept:
            index.settled(number)
    assert len(index._chains) <= 6_001
    assert index.add([101], [said({kept * 1_000: 2})]) == {0: {0: [kept]}}


def test_what_is_settled_is_not_looked_through_again():
    """Else each of ten thousand small batches would cost more than the one before it."""
    index = Unsettled()
    for number in range(1, 101):
        index.add([number], [said({number: 1})])
        if number not in {1, 50}:
            index.settled(number)
    assert set(index.numbers) == {1, 50}
    assert len(index._noted) == 2
    # Who is settled is found by nobody, wherever the row stood.
    assert index.add([101], [said({1: 2, 7: 2, 50: 2, 99: 2})]) == {0: {0: [1], 2: [50]}}
    index.settled(1)
    assert index.add([102], [said({1: 3, 7: 2})]) == {0: {0: [101]}}


@pytest.mark.parametrize(("worth_moving", "rows"), [(3, 3), (4, 7)])
def test_what_was_withdrawn_is_moved_out_of_the_table_when_that_is_worth_it(worth_moving, rows):
    index = Unsettled(worth_moving=worth_moving)
    index.add([1, 2], [said({7: 1}), said({1: 1, 2: 1, 3: 1, 4: 1})])
    index.withdraw(1, [0, 1, 2, 3])
    index.add([3], [said({8: 1})])
    index.settled(4)
    assert set(index.numbers) == {1, 3}
    assert len(index._chains) == rows


def test_beyond_the_newest_rows_what_was_said_is_put_aside():
    spill = Memory()
    index = Unsettled(spill, in_memory=2_000)
    for number in range(1, 11):
        people = range(number * 1_000, number * 1_000 + 1_000)
        index.add([number], [said(dict.fromkeys(people, 1))])
    assert len(spill.kept) == 8
    assert index.add([11], [said({1_000: 2, 2_000: 1})]) == {0: {0: [1]}}


def test_a_batch_does_not_contradict_itself():
    index = Unsettled()
    index.add([1], [said({7: 1})])
    assert index.add([1], [said({7: 2})]) == {}
    assert index.add([2], [said({7: 2})]) == {0: {0: [1]}}


def test_what_was_put_aside_and_is_not_what_was_written_is_not_taken():
    spill = Memory()
    index = Unsettled(spill, in_memory=0)
    index.add([1], [said({7: 1})])
    index.add([2], [said({8: 1})])
    spill.kept[1] = spill.kept[1][:-1]
    with pytest.raises(OSError, match="put aside is damaged"):
        index.add([3], [said({7: 2})])


@pytest.mark.parametrize("has_spill", [True, False])
def test_what_was_not_in_memory_for_a_while_is_found_again(has_spill):
    spill = Memory()
    index = Unsettled(spill if has_spill else None)
    index.add([1, 2], [said({7: 1}), said({8: 1})])
    index.leave_memory()
    assert (index._chains, len(spill.kept)) == (None, has_spill)
    index.settled(2)
    assert index.add([3], [said({7: 2, 8: 2})]) == {0: {0: [1]}}
    for number in (1, 3):
        index.settled(number)
    assert not index.numbers
    assert not spill.kept


def test_people_who_do_not_come_again_are_forgotten():
    index = Unsettled()
    index.add([1, 2, 3], [said({7: 1, 8: 1}), said({9: 1}), said({8: 2})])
    index.keep({8, 10})
    assert (set(index.numbers), index.rows) == ({1, 3}, 2)
    assert index.add([4], [said({7: 2, 8: 3, 9: 2})]) == {0: {1: [3, 1]}}
