"""Counters are read so that no loss is hidden and no good run fails."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_constant_contact.ledger.settlement import Settlement, read_counters

COUNTS = st.one_of(st.none(), st.integers(-2, 30))


def counters(**values: int) -> dict[str, int]:
    return values


@pytest.mark.parametrize("items", [10, 11])
@pytest.mark.parametrize("persons", [7, 8, 9, 10])
def test_every_reading_of_person_count_that_loses_nothing_is_accepted(items, persons):
    """With errors or without, with the unsubscribed or without; header row counted or not."""
    status = counters(
        items_total_count=items,
        person_count=persons,
        error_count=1,
        correctable_count=1,
        cannot_add_to_list_count=1,
    )
    assert read_counters(10, status) == Settlement(7, refused=2, suppressed=1)


def test_persons_that_no_error_explains_are_unexplained():
    status = counters(items_total_count=11, person_count=6, correctable_count=1)
    assert read_counters(10, status) == Settlement(6, refused=1, unexplained=3)


def test_rows_that_never_arrived_are_unexplained_also_when_the_persons_look_complete():
    status = counters(items_total_count=8, person_count=10)
    assert read_counters(10, status) == Settlement(8, unexplained=2)


def test_without_counters_nothing_is_claimed_to_have_landed():
    assert read_counters(10, {}) == Settlement(0, unexplained=10)


@pytest.mark.parametrize(("items", "unexplained"), [(11, 0), (10, 1), (5, 6)])
def test_without_a_count_of_persons_the_reading_that_hides_no_loss_is_taken(items, unexplained):
    status = counters(items_total_count=items)
    assert read_counters(10, status) == Settlement(10 - unexplained, unexplained=unexplained)


def test_more_persons_than_rows_is_no_loss():
    assert read_counters(10, counters(items_total_count=12, person_count=11)) == Settlement(10)


@given(
    rows=st.integers(1, 20),
    values=st.dictionaries(
        st.sampled_from(
            [
                "items_total_count",
                "person_count",
                "error_count",
                "correctable_count",
                "cannot_add_to_list_count",
            ]
        ),
        st.integers(-2, 30),
    ),
)
def test_the_four_numbers_always_add_up_and_are_never_negative(rows, values):
    found = read_counters(rows, values)
    parts = (found.landed, found.refused, found.suppressed, found.unexplained)
    assert sum(parts) == rows
    assert min(parts) >= 0
