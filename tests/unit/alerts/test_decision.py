"""Which messages a receiver gets: one for each change, not one for each run."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_constant_contact.alerts.conditions import Condition, Conditions, conditions, killed
from target_constant_contact.alerts.decision import MOST_OWED, About, decide
from target_constant_contact.reports.told import Told
from tests.support.alerts import ALL, destination, load, rules, run_name, sweep

GOOD = destination("a", "N", read=100)
BAD = destination("a", "N", read=100, rejected=50)


def about(run):
    return About(run, "load", "a-e", "default", "Acme", "2026-06-01T03:00:00+00:00")


def after(*runs, on=ALL):
    """What a receiver gets of runs, all of which reach it: the events of each."""
    told, got, earlier = Told("r"), [], []
    for run in runs:
        told = decide(told, conditions(run, earlier, rules()), about(run.run), on)
        got.append([alert.event for alert in told.owed])
        told = Told("r", told.active)
        earlier.insert(0, run)
    return got


def test_the_first_run_that_ends_well_is_no_news():
    assert after(load(1, GOOD)) == [[]]


def test_a_failure_is_told_once_and_its_end_once():
    runs = [load(1, GOOD), *(load(n, error="x", streams=("a",)) for n in (2, 3, 4))]
    assert after(*runs, load(5, GOOD), load(6, GOOD)) == [[], ["failed"], [], [], ["recovered"], []]


def test_the_very_first_run_may_fail():
    assert after(load(1, error="x"), load(2, GOOD)) == [["failed"], ["recovered"]]


def test_a_run_that_fails_for_something_else_is_no_change():
    assert after(load(1, error="x"), load(2, error="y")) == [["failed"], []]


def test_another_tap_of_the_same_export_neither_recovers_nor_repeats_a_failure():
    other = destination("b", "M", read=5)
    assert after(
        load(1, error="x", streams=("a",)),
        load(2, other),
        load(3, error="x", streams=("b",)),
        load(4, error="x", streams=("a",)),
        load(5, other),
        load(6, GOOD),
    ) == [["failed"], [], ["failed"], [], ["recovered"], ["recovered"]]


def test_a_failure_that_comes_before_any_stream_is_of_the_same_export():
    with_streams = load(2, error="x", streams=("a", "b"))
    assert after(load(1, error="x"), with_streams, load(3, error="x"))[1:] == [[], []]
    assert after(load(1, error="x"), with_streams, load(3, GOOD, destination("b", "N", read=1)))[
        2:
    ] == [["recovered"]]


def test_more_streams_of_a_failing_tap_are_no_new_failure():
    failed = [load(1, error="x", streams=("a",)), load(2, error="x", streams=("a", "b"))]
    assert after(*failed, load(3, GOOD)) == [["failed"], [], ["recovered"]]


def test_rejected_rows_are_told_once_and_their_end_once():
    assert after(load(1, BAD), load(2, BAD), load(3, GOOD), load(4, GOOD)) == [
        ["rejected"],
        [],
        ["recovered"],
        [],
    ]


def test_a_failed_run_between_changes_nothing_about_rejected_rows():
    assert after(load(1, BAD), load(2, error="x"), load(3, BAD), load(4, GOOD)) == [
        ["rejected"],
        ["failed"],
        ["recovered"],
        ["recovered"],
    ]


def test_a_dry_run_between_changes_nothing():
    dry = load(2, BAD, status="dry run")
    assert after(load(1, error="x"), dry, load(3, GOOD)) == [["failed"], [], ["recovered"]]


def test_a_segment_that_shrinks_each_night_is_told_each_night():
    runs = [
        load(n, destination("a", "N", read=rows)) for n, rows in enumerate([900, 500, 200, 200])
    ]
    assert after(*runs) == [[], ["shrunk"], ["shrunk"], []]


def test_a_killed_run_is_told_by_the_next_one_which_also_says_that_all_is_well():
    told = decide(Told("r"), killed("run-1", "run-2"), about("run-1"), ALL)
    told = decide(told, conditions(load(2, GOOD), [], rules()), about("run-2"), ALL)
    assert [(alert.event, alert.run) for alert in told.owed] == [
        ("failed", "run-1"),
        ("recovered", "run-2"),
    ]
    assert told.active == ()


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        ({"failed"}, [["failed"], [], []]),
        ({"failed", "recovered"}, [["failed"], ["recovered"], []]),
        ({"rejected", "recovered"}, [[], ["rejected"], ["recovered"]]),
        (set(), [[], [], []]),
    ],
)
def test_only_what_is_asked_for_is_told(on, expected):
    assert after(load(1, error="x"), load(2, BAD), load(3, GOOD), on=on) == expected


def test_what_is_asked_for_later_is_told_while_it_lasts():
    before = decide(Told("r"), conditions(load(1, BAD), [], rules()), about("1"), {"failed"})
    assert before == Told("r")
    now = decide(before, conditions(load(2, BAD), [], rules()), about("2"), ALL)
    assert [alert.event for alert in now.owed] == ["rejected"]


def test_what_is_not_asked_for_any_more_is_forgotten():
    told = Told("r", ("failed", "rejected a"))
    assert decide(told, Conditions(), about("2"), {"failed"}).active == ("failed",)


def test_what_is_owed_is_kept_before_what_is_new():
    first = decide(Told("r"), conditions(load(1, error="x"), [], rules()), about("1"), ALL)
    second = decide(first, conditions(load(2, GOOD), [], rules()), about("2"), ALL)
    assert [alert.event for alert in second.owed] == ["failed", "recovered"]


def test_a_receiver_that_is_never_reached_is_owed_no_more_than_so_much():
    told = Told("r")
    for day in range(MOST_OWED):
        run = load(1, error="x") if day % 2 else load(2, GOOD)
        told = decide(told, conditions(run, [], rules()), about(f"{day}"), ALL)
        told = decide(told, Conditions(once=(Condition("removed", "t"),)), about(f"{day}"), ALL)
    assert len(told.owed) == MOST_OWED
    assert told.owed[-1].run == f"{MOST_OWED - 1}"


def test_a_message_says_all_that_a_program_needs():
    told = decide(
        Told("r"),
        conditions(
            load(2, destination("a", "N", read=400)),
            [load(1, destination("a", "N", read=900))],
            rules(),
        ),
        about(run_name(2)),
        ALL,
    )
    (alert,) = told.owed
    assert (alert.event, alert.run, alert.kind, alert.export) == (
        "shrunk",
        run_name(2),
        "load",
        "a-e",
    )
    assert (alert.account, alert.connection) == ("Acme", "default")
    assert (alert.stream, alert.list_id, alert.list_name) == ("a", "id-N", "N")
    assert (alert.number, alert.of) == (400, 900)


def test_messages_of_one_run_have_names_of_their_own_and_the_same_each_time():
    places = [destination(stream, "N", read=10, rejected=5) for stream in "abc"]
    ids = [
        [
            alert.id
            for alert in decide(
                Told(name), conditions(load(1, *places), [], rules()), about("1"), ALL
            ).owed
        ]
        for name in ("r", "s")
    ]
    assert ids[0] == ids[1]
    assert len({*ids[0]}) == 3


def test_a_sweep_recovers_from_a_failed_sweep():
    assert after(sweep(1, error="a brake"), sweep(2)) == [["failed"], ["recovered"]]


RUNS = st.lists(
    st.sampled_from(
        [
            lambda n: load(n, GOOD),
            lambda n: load(n, BAD),
            lambda n: load(n, error="x"),
            lambda n: load(n, error="x", streams=("a",)),
            lambda n: load(n, BAD, status="dry run"),
        ]
    ),
    max_size=12,
)


@given(RUNS)
def test_a_failure_and_its_end_take_turns_whatever_the_runs_are(made):
    got = after(*(make(n) for n, make in enumerate(made)), on={"failed", "recovered"})
    flat = [event for events in got for event in events]
    assert flat == ["failed", "recovered"] * (len(flat) // 2) + ["failed"] * (len(flat) % 2)
