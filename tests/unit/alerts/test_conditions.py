"""What is to be told of a run, whatever was told before."""

from __future__ import annotations

from dataclasses import replace

import pytest

from target_constant_contact.alerts.conditions import conditions, killed
from target_constant_contact.reports.imported import PackedByList
from target_constant_contact.reports.past_parts import PastFindings, PastPackedByList
from target_constant_contact.reports.swept import SweptList
from tests.support.alerts import destination, load, rejections, rules, run_name, sweep


def found(now, *earlier, **shares):
    return conditions(now, earlier, rules(**shares))


def events(conditions):
    return [one.event for one in conditions]


def test_a_failed_run_is_told_with_its_error_and_its_sums():
    now = load(1, destination("a", "N", read=10, unsettled=4), error="The quota is used up")
    (one,) = found(now).lasting
    assert one.event == "failed"
    assert one.streams == ("a",)
    assert "has failed: The quota is used up (10 read = 6 landed + 4 unsettled)" in one.text
    assert (one.number, one.of) == (6, 10)


def test_a_completed_run_is_no_failure_of_its_streams():
    ended = found(load(1, destination("a", "N", read=10)))
    assert not ended.lasting
    assert [(one.event, one.streams) for one in ended.over if one.event == "failed"] == [
        ("failed", ("a",))
    ]


@pytest.mark.parametrize("status", ["dry run", "unfinished", "unreadable"])
def test_a_run_that_has_done_nothing_tells_nothing(status):
    now = load(1, destination("a", "N", read=10, rejected=9), status=status)
    assert found(now) == found(load(1, status="dry run"))
    assert found(now).lasting == found(now).over == found(now).once == ()


def test_a_load_that_nothing_has_come_to_does_not_say_that_all_is_well():
    assert found(load(1)).over == ()


def test_a_sweep_says_that_all_is_well_though_it_has_no_streams():
    assert events(found(sweep()).over) == ["failed"]


@pytest.mark.parametrize(("bad", "told"), [(1, False), (2, True)])
def test_rejected_rows_are_told_when_they_are_more_than_the_share(bad, told):
    now = load(1, destination("a", "N", read=100, rejected=bad))
    assert events(found(now).lasting) == ["rejected"] * told
    assert ("rejected" in events(found(now).over)) != told


def test_no_rejected_row_is_a_share_too():
    now = load(1, destination("a", "N", read=100_000, rejected=1))
    assert events(found(now, rejected=0).lasting) == ["rejected"]
    assert "rejected" in events(found(load(1, destination("a", "N", read=9)), rejected=0).over)


def test_rows_that_the_service_refused_count_with_those_that_were_rejected():
    now = load(1, destination("a", "N", read=100, rejected=1, refused=1))
    assert [(one.number, one.of) for one in found(now).lasting] == [(2, 100)]


def test_a_rejected_share_is_of_rows_that_are_judged():
    """As the run itself judges: rows of people who have left and blank rows say nothing."""
    now = load(1, destination("a", "N", read=100, rejected=1, left=90))
    assert [(one.number, one.of) for one in found(now).lasting] == [(1, 10)]


def test_a_row_of_several_lists_is_one_row():
    places = [destination("a", name, read=100, refused=2) for name in ("N", "M")]
    packed = (PastPackedByList("a", PackedByList(rows=100, copies=100)),)
    (one,) = found(load(1, *places, packed_by_list=packed)).lasting
    assert (one.number, one.of) == (2, 100)


def test_each_stream_is_judged_alone():
    places = destination("a", "N", read=10_000), destination("b", "N", read=10, rejected=5)
    ended = found(load(1, *places))
    assert [one.streams for one in ended.lasting] == [("b",)]
    assert ("a",) in [one.streams for one in ended.over if one.event == "rejected"]


def test_the_most_frequent_reasons_are_named():
    now = load(
        1,
        destination("a", "N", read=10, rejected=6, refused=4),
        rejections=(*rejections("a", no_address=3, too_long=1, no_date=2), *rejections("b", x=9)),
        findings=(PastFindings(4, "a", "refused: bounced", "list"),),
    )
    (one,) = found(now).lasting
    assert one.text == (
        "Stream a: 10 of 10 rows (100 %) were rejected or refused: refused: bounced (4); "
        "no address (3); no date (2)"
    )


def test_rows_that_are_sent_again_say_nothing_of_the_stream():
    """Those of a file of rejected rows that nobody has corrected are rejected once more."""
    now = load(2, destination("a", "N", read=10, rejected=6), replayed=("a",))
    ended = found(now, load(1, destination("a", "N", read=1_000)))
    assert ended.lasting == ended.once == ()
    assert events(ended.over) == ["failed"]


@pytest.mark.parametrize(("rows", "told"), [(100, 0), (80, 0), (79, 1), (0, 1), (150, 0)])
def test_a_segment_that_lost_more_than_the_share_is_told(rows, told):
    last = load(1, destination("a", "N", read=100))
    now = load(2, *([destination("a", "N", read=rows)] if rows else ()), streams=("a",))
    assert events(found(now, last).once) == ["shrunk"] * told


def test_a_shrunk_segment_is_told_with_its_numbers():
    ended = found(
        load(2, destination("a", "N", read=400)), load(1, destination("a", "N", read=1_000))
    )
    (one,) = ended.once
    assert one.text == (
        f"a -> N: the segment has 400 rows, 60 % fewer than the 1,000 of run {run_name(1)}"
    )
    assert (one.number, one.of) == (400, 1_000)
    assert (one.segment.stream, one.segment.list_id) == ("a", "id-N")


def test_a_few_people_may_always_go_unless_the_share_is_none():
    last, now = load(1, destination("a", "N", read=6)), load(2, destination("a", "N", read=1))
    assert found(now, last).once == ()
    assert events(found(now, last, shrunk=0).once) == ["shrunk"]


def test_a_segment_that_is_not_whole_cannot_shrink():
    """A tap may bring only what has changed."""
    last, now = load(1, destination("a", "N", read=900)), load(2, destination("a", "N", read=1))
    assert found(now, last, whole=False).once == ()


def test_the_last_completed_load_with_the_stream_is_what_a_segment_is_compared_with():
    """Loads of another tap, failed ones, dry runs and files of rejected rows are passed over."""
    now = load(9, destination("a", "N", read=500))
    small = destination("a", "N", read=500)
    between = [
        load(8, destination("b", "N", read=7)),
        load(7, small, error="broke off"),
        load(6, small, status="dry run"),
        load(5, small, replayed=("a",)),
        sweep(4),
    ]
    (one,) = found(now, *between, load(3, destination("a", "N", read=1_000)), load(2, small)).once
    assert one.of == 1_000


def test_a_stream_that_has_not_come_has_not_shrunk():
    now = load(2, destination("b", "N", read=10))
    assert found(now, load(1, destination("a", "N", read=1_000))).once == ()


def test_rows_that_change_their_set_of_lists_stay_in_the_segments():
    last = load(1, destination("a", "N", "M", read=100))
    now = load(2, destination("a", "N", read=30), destination("a", "N", "M", read=70))
    assert [one.segment.list_name for one in found(now, last).once] == ["M"]


def test_a_list_that_was_renamed_has_not_shrunk():
    place = destination("a", "N", read=100)
    renamed = replace(place, lists=(replace(place.lists[0], name="News"),))
    assert found(load(2, renamed), load(1, place)).once == ()


def test_a_failed_load_tells_of_no_share():
    last = load(1, destination("a", "N", read=1_000))
    now = load(2, destination("a", "N", read=10, rejected=9), error="SIGTERM came")
    ended = found(now, last)
    assert events(ended.lasting) == ["failed"]
    assert ended.over == ended.once == ()


def test_people_who_were_taken_off_are_told_also_when_another_list_was_refused():
    swept = [
        SweptList("a", "1", "N", "swept", before=1_000, stay=988, taken_off=12),
        SweptList("a", "2", "M", "refused", before=10, taken_off=9, reason="a brake"),
        SweptList("a", "3", "O", "planned", before=10, taken_off=9),
        SweptList("a", "4", "P", "swept", before=10, stay=10),
    ]
    ended = found(sweep(1, swept, error="a brake"))
    assert [one.text for one in ended.once] == [
        "a -> N: 12 people of 1,000 were taken off the list"
    ]
    assert events(ended.lasting) == ["failed"]


def test_a_killed_run_is_a_failure_of_whatever_it_sent():
    (one,) = killed("run-1", "run-2").lasting
    assert (one.event, one.streams) == ("failed", ())
    assert "Run run-1 did not come to its end" in one.text
