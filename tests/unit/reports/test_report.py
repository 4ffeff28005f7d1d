"""The counts of a run and how they are shown."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from target_constant_contact.batches.batch import Destination
from target_constant_contact.ledger.settlement import Settlement
from target_constant_contact.redaction import json_text
from target_constant_contact.reports.counts import Counts
from target_constant_contact.reports.imported import ImportRecord
from target_constant_contact.reports.report import Report
from target_constant_contact.reports.summary import MAX_SUMMARY_LINES, summary

NEWS = Destination("members", ("id-news",))
LOYAL = Destination("members", ("id-loyal",))
NAMES = {"id-news": "Newsletter", "id-loyal": "Loyalty members"}


@pytest.fixture
def report() -> Report:
    made = Report("run-1", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    made.counts[NEWS] = Counts(read=1_010, rejected=5, merged=5)
    made.counts[LOYAL] = Counts(read=90)
    made.settle(NEWS, Settlement(landed=990, refused=6, suppressed=4))
    made.settle(LOYAL, Settlement(landed=89, unexplained=1))
    made.reasons["members", "is blank", "Email"] = 5
    made.dropped["members", "birthday cannot be read", "dob"] = 1_200
    made.dropped["members", "zip is a list", "zip"] = 1
    return made


def test_sums_that_add_up_show_no_difference(report):
    assert list(report.differences()) == []


def test_a_row_that_is_nowhere_is_a_difference(report):
    report.of(LOYAL).read += 3
    assert list(report.differences()) == [(LOYAL, 3)]


def test_a_row_that_is_in_two_places_is_a_difference(report):
    report.of(NEWS).merged += 1
    assert list(report.differences()) == [(NEWS, -1)]


def test_the_share_of_rejected_rows_counts_refused_ones_and_all_lists_of_a_stream(report):
    assert report.rejected_percent("members") == pytest.approx(100 * 11 / 1_100)
    assert report.rejected_percent("others") == 0.0


def test_rows_that_left_and_blank_rows_are_accounted_for_and_not_judged():
    report = Report("run-1", datetime.now(UTC))
    report.counts[NEWS] = Counts(read=100, rejected=5, left=30, blank=20)
    report.settle(NEWS, Settlement(landed=45))
    assert list(report.differences()) == []
    assert report.rejected_percent("members") == 10
    assert not report.is_blank("members")
    assert "100 read = 45 landed + 5 rejected + 30 left + 20 blank" in next(summary(report, NAMES))


def test_nothing_but_blank_rows_is_as_if_all_were_rejected_and_nothing_but_left_ones_is_not():
    report = Report("run-1", datetime.now(UTC))
    report.counts[NEWS] = Counts(read=3, left=3)
    assert report.rejected_percent("members") == 0
    report.counts[LOYAL] = Counts(read=2, blank=2)
    assert report.is_blank("members")
    assert report.rejected_percent("members") == 100


def test_the_summary_names_every_list_the_reasons_and_the_total(report):
    assert list(summary(report, NAMES)) == [
        (
            "members -> Newsletter: 1,010 read = 990 landed + 5 rejected + 6 refused "
            "+ 4 suppressed + 5 merged"
        ),
        "members -> Loyalty members: 90 read = 89 landed + 1 unexplained",
        "5 of members rejected: is blank (field 'Email')",
        "1,200 values of members left out: birthday cannot be read (field 'dob')",
        "1 value of members left out: zip is a list (field 'zip')",
        (
            "Total: 1,100 read = 1,079 landed + 5 rejected + 6 refused + 4 suppressed + 5 merged "
            "+ 1 unexplained"
        ),
    ]


def test_the_summary_of_a_thousand_lists_stays_readable(report):
    for number in range(1_000):
        report.of(Destination("members", (f"id-{number}",))).read += 1
    lines = list(summary(report, NAMES))
    assert len(lines) == MAX_SUMMARY_LINES + 5
    assert lines[MAX_SUMMARY_LINES] == "... and 982 more stream-list pairs"


def test_rows_that_were_packed_by_list_are_counted_for_each_and_read_once(report):
    both, all_three = (
        Destination("members", lists)
        for lists in (("id-loyal", "id-news"), ("id-loyal", "id-news", "id-third"))
    )
    report.of(both).read += 7
    report.of(both).merged += 1
    report.of(all_three).read += 2
    report.pack_by_list("members", [(both, 6), (all_three, 2)], 4)
    for list_id in ("id-loyal", "id-news", "id-third"):
        report.note_list_import(Destination("members", (list_id,)), 0)
    assert report.of(both) == Counts(read=1, merged=1)
    assert all_three not in report.counts
    assert report.of(NEWS).read == 1_010 + 8
    assert report.totals.read == 1_100 + 9
    assert report.totals.copies == 6 + 2 * 2
    assert (
        "8 rows of members with several lists were packed by list, in 3 imports instead of 4; "
        "each is counted once for each of its lists"
    ) in summary(report, NAMES)


def test_a_row_that_several_lists_refuse_is_one_rejected_row():
    """Of rows that may be the same, no more are counted than must be different ones."""
    report = Report("run-1", datetime.now(UTC))
    both = Destination("members", ("id-loyal", "id-news"))
    report.of(both).read += 100
    report.pack_by_list("members", [(both, 100)], 3)
    for place in (NEWS, LOYAL):
        report.settle(place, Settlement(landed=90, refused=10))
    assert report.rejected_percent("members") == 10
    report.of(NEWS).read += 100
    report.settle(NEWS, Settlement(landed=0, refused=100))
    assert report.rejected_percent("members") == 55


def test_rows_without_a_list_and_reasons_without_a_field_are_shown_as_such():
    report = Report("run-1", datetime.now(UTC))
    report.counts[Destination("members")] = Counts(read=1, rejected=1)
    report.reasons["members", "stream map failed with KeyError", ""] = 1
    assert list(summary(report, {})) == [
        "members -> no list: 1 read = 0 landed + 1 rejected",
        "1 of members rejected: stream map failed with KeyError",
    ]


def test_a_dry_run_says_what_would_be_sent():
    report = Report("run-1", datetime.now(UTC))
    report.counts[NEWS] = Counts(read=5, unsettled=3, rejected=1, merged=1)
    assert list(summary(report, NAMES, dry_run=True)) == [
        "members -> Newsletter: 5 read = 3 would be sent + 1 rejected + 1 merged"
    ]


def test_one_row_is_singular():
    report = Report("run-1", datetime.now(UTC))
    both = Destination("members", ("id-loyal", "id-news"))
    report.of(both).read += 1
    report.pack_by_list("members", [(both, 1)], 2)
    report.note_list_import(NEWS, 0)
    lines = list(summary(report, NAMES))
    assert (
        "1 row of members with several lists was packed by list, in 1 import instead of 2"
        in (lines[-2])
    )
    assert "1 read + 1 copy = " in lines[-1]


def test_as_json_it_holds_the_sums(report):
    report.imports.append(ImportRecord("a1", "members", 1_000, 1.5, {"person_count": 1_000}))
    document = json.loads(json_text(report.document(NAMES, status="completed", requests=7)))
    assert document["started_at"] == "2026-01-02T03:04:05+00:00"
    assert document["status"] == "completed"
    assert document["requests"] == 7
    assert document["totals"]["landed"] == 1_079
    assert document["destinations"][0]["lists"] == [{"id": "id-news", "name": "Newsletter"}]
    assert document["destinations"][0]["suppressed"] == 4
    assert document["rejections"] == [
        {"stream": "members", "reason": "is blank", "field": "Email", "rows": 5}
    ]
    assert document["dropped"][1] == {
        "stream": "members",
        "reason": "zip is a list",
        "field": "zip",
        "values": 1,
    }
    assert document["imports"][0]["counters"] == {"person_count": 1_000}
