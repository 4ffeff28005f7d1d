"""Spans of what happens over and over."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from target_constant_contact.telemetry.stretches import Stretches

SECOND = 10**9


def stretches(*happenings):
    found = []
    made = Stretches(found.append)
    for start, end in happenings:
        made.add(start, end)
    made.close()
    return found


def test_each_of_a_few_is_a_stretch_of_its_own():
    found = stretches(*((n * SECOND, n * SECOND + 500) for n in range(100)))
    assert [(each.start, each.end, each.times) for each in found] == [
        (n * SECOND, n * SECOND + 500, 1) for n in range(100)
    ]


@pytest.mark.parametrize(("hours", "most"), [(1, 320), (24, 750), (72, 950)])
def test_a_long_run_has_few_stretches_and_leaves_nothing_out(hours, most):
    happenings = [(n * SECOND, n * SECOND + SECOND // 2) for n in range(hours * 3_600)]
    found = stretches(*happenings)
    assert 300 < len(found) < most
    assert sum(each.times for each in found) == len(happenings)
    assert sum(each.seconds for each in found) == pytest.approx(len(happenings) / 2)
    assert (found[0].start, found[-1].end) == (0, happenings[-1][1])


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 10**13), st.integers(0, 10**11)), max_size=300))
def test_a_stretch_is_as_long_as_all_that_is_in_it_whatever_the_order(happenings):
    happenings = [(start, start + length) for start, length in happenings]
    found = stretches(*happenings)
    assert sum(each.times for each in found) == len(happenings)
    assert all(each.start <= each.end for each in found)
    assert all(
        any(each.start <= start and end <= each.end for each in found) for start, end in happenings
    )
