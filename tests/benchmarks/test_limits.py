"""The least that is possible is what the limits leave, and no more."""

from __future__ import annotations

import pytest

from benchmarks.limits import CASES, Case, check
from benchmarks.programs import BenchmarkError
from benchmarks.repeats import Repeats
from benchmarks.service import Counted

MILLION = 1_000_000
SOME = 300_000


@pytest.mark.parametrize(
    ("name", "imports", "rows", "seconds"),
    [
        ("none", 83, MILLION, 20.75),
        ("5", 83, MILLION, 25.75),
        ("30", 83, MILLION, 50.75),
        ("120", 83, MILLION, 140.75),
        ("one-by-one", 83, MILLION, 83.0),
        ("answers-1.5", 25, SOME, 11.25),
        ("far-1", 25, SOME, 11.25),
        ("lists", 1_000, MILLION, 250.0),
    ],
)
def test_imports_at_the_rate_of_the_service_and_one_import(name, imports, rows, seconds):
    assert CASES[name].least_seconds(imports, rows) == seconds


def test_an_answer_that_takes_longer_than_the_import_is_waited_for():
    assert Case("", 0, answer_seconds=1.5).least_seconds(4, 100) == 2.5


def test_the_second_import_of_a_person_waits_for_the_first_where_the_input_is_too_quick():
    """They are half of the input apart: 3.125 of the 5 seconds."""
    assert CASES["far-50"].least_seconds(25, SOME) == 11.25 + 1.875


@pytest.mark.parametrize(
    ("name", "rows", "size", "imports"),
    [
        ("none", 10, 100, 1),
        ("none", 40_001, 100, 2),
        ("none", 10, 3_800_001, 2),
        ("lists", 100_000, 100, 1_000),
        ("lists", 10, 100, 10),
    ],
)
def test_imports_are_as_few_as_rows_bytes_and_lists_allow(name, rows, size, imports):
    assert CASES[name].least_imports(rows, size) == imports


@pytest.mark.parametrize("rows", [7, 999, 3_000])
@pytest.mark.parametrize("share", [0.01, 0.1, 0.5])
@pytest.mark.parametrize("far", [True, False])
def test_every_person_that_comes_twice_comes_first_and_then_again(rows, share, far):
    repeats = Repeats(rows, share, far)
    seen = [found for number in range(rows) if (found := repeats.at(number))]
    people = range(repeats.people)
    assert sorted(seen) == [(person, version) for person in people for version in (1, 2)]
    assert all(seen.index((person, 1)) < seen.index((person, 2)) for person in people)


def test_people_come_again_as_often_and_as_far_away_as_asked():
    for share in (0.01, 0.1, 0.5):
        far, near = Repeats(10_000, share), Repeats(10_000, share, far=False)
        assert far.people == 10_000 * share
        assert 0.99 * 10_000 * share - 100 <= near.people <= 10_000 * share
        assert places_between(far, 10_000) >= 5_000
        assert 99 <= places_between(near, 10_000) <= 110


def places_between(repeats: Repeats, rows: int) -> int:
    return next(n for n in range(rows) if repeats.at(n) == (0, 2))


@pytest.mark.parametrize(
    ("counted", "what"),
    [
        (Counted(rows=89, people=10), "89 of 100 members"),
        (Counted(rows=101, people=10), "101 of 100 members"),
        (Counted(rows=100, people=9), "9 came"),
        (Counted(rows=100, people=10, stale=2), "2 have an old value"),
        (Counted(rows=100, people=10, unordered=3), "3 values were sent while"),
    ],
)
def test_a_run_that_loses_a_member_or_a_later_value_is_an_error(counted, what):
    with pytest.raises(BenchmarkError, match=what):
        check(CASES["far-10"], 100, counted)


@pytest.mark.parametrize("rows", [90, 100])
def test_a_person_that_comes_twice_may_be_sent_once(rows):
    check(CASES["far-10"], 100, Counted(rows=rows, people=10))
