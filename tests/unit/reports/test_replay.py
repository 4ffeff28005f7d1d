"""A rejects file of which a part was corrected is judged as what it is."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from target_constant_contact.batches.batch import Destination
from target_constant_contact.reports.replay import rejected_beyond, replay_lines
from target_constant_contact.reports.report import Counts, Report

REJECTS = Path("runs/next/rejects.singer.jsonl")
PLACE = Destination("members", ("id-news",))


def report(*, is_replay: bool = True, **counts: int) -> Report:
    made = Report("run-1", datetime(2026, 1, 2, tzinfo=UTC))
    made.counts[PLACE] = Counts(**counts)
    made.replays["members"] = is_replay
    return made


def test_rows_that_are_rejected_again_are_not_too_many_when_others_have_landed():
    counts = {"read": 4, "landed": 1, "rejected": 3}
    assert rejected_beyond(10, report(**counts), "members") is None
    assert rejected_beyond(10, report(**counts, is_replay=False), "members") == 75


def test_they_are_too_many_when_nothing_has_landed():
    assert rejected_beyond(10, report(read=4, rejected=3, refused=1), "members") == 100


def test_in_a_dry_run_what_would_be_sent_counts_as_landed():
    assert rejected_beyond(10, report(read=4, unsettled=1, rejected=3), "members") is None


def test_whoever_allows_all_to_be_rejected_gets_that():
    assert rejected_beyond(100, report(read=4, rejected=4), "members") is None


@pytest.mark.parametrize(
    ("counts", "line"),
    [
        ({"read": 1, "landed": 1}, "1 of 1 row of {} has landed"),
        ({"read": 4, "landed": 3, "merged": 1}, "4 of 4 rows of {} have landed"),
        (
            {"read": 4, "landed": 3, "rejected": 1},
            "3 of 4 rows of {} have landed; 1 was rejected again: see " + str(REJECTS),
        ),
        (
            {"read": 9, "landed": 1, "rejected": 2, "refused": 1, "suppressed": 3, "unsettled": 2},
            "1 of 9 rows of {} has landed; 2 were rejected again; 1 was refused; "
            "3 were suppressed: see " + str(REJECTS),
        ),
    ],
)
def test_a_line_says_what_became_of_the_file(counts, line):
    found = list(replay_lines(report(**counts), REJECTS, dry_run=False))
    assert found == [line.format("the corrected rejects file of members")]


def test_a_dry_run_says_what_would_be_sent():
    counts = {"read": 4, "unsettled": 3, "rejected": 1}
    assert list(replay_lines(report(**counts), REJECTS, dry_run=True)) == [
        (
            "3 of 4 rows of the corrected rejects file of members would be sent; "
            f"1 was rejected again: see {REJECTS}"
        )
    ]


def test_no_line_is_about_a_tap_s_own_rows():
    assert list(replay_lines(report(read=2, landed=2, is_replay=False), None, dry_run=False)) == []


def test_a_row_that_several_lists_refuse_is_one_row():
    made = report(read=0)
    both = Destination("members", ("id-loyal", "id-news"))
    made.counts = {both: Counts(read=5)}
    made.pack_by_list("members", [(both, 5)], 2)
    for list_id in both.list_ids:
        counts = made.of(Destination("members", (list_id,)))
        counts.landed, counts.refused = 4, 1
    (line,) = replay_lines(made, None, dry_run=False)
    assert line.startswith("3 of 5 rows")
    assert "1 was refused" in line
