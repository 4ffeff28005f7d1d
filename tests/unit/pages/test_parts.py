"""What the page of a run says in its parts, and what comes first in each."""

from __future__ import annotations

import pytest

from target_constant_contact.pages.next_steps import next_steps
from target_constant_contact.pages.places import sums_of
from target_constant_contact.pages.reasons import reasons_of
from target_constant_contact.pages.texts import duration, signed_percent
from target_constant_contact.pages.timeline import MOST_IMPORTS, timeline_of
from target_constant_contact.pages.titles import headline_of
from target_constant_contact.reports.counts import Counts
from tests.support import reports

NONE = {name: [] for name in ("rejections", "withheld", "dropped", "findings", "advice")}


def steps(report):
    past = reports.of_document(report)
    return " ".join(step.text for step in next_steps(past, reasons_of(past)))


def test_of_those_that_have_not_landed_come_first_those_that_somebody_has_to_look_at():
    sums = sums_of(Counts(read=9, landed=1, merged=5, rejected=2, unsettled=1))

    assert sums.others_text == "2 rejected, 1 unsettled, 5 merged"


def test_reasons_that_can_be_corrected_come_first_and_of_them_the_most_frequent():
    found = [(each.count, each.can_be_corrected) for each in reasons_of(reports.past())]

    assert found == [(30, True), (5, True), (4, True), (3, True), (6, False)]


def test_a_reason_stands_in_the_sums_where_its_rows_are():
    places = {each.outcome: each.place for each in reasons_of(reports.past())}
    kept = {"stream": "vips", "reason": "suppressed: unsubscribed", "evidence": "x", "rows": 5}
    (suppressed,) = reasons_of(reports.past(**NONE | {"findings": [kept]}))

    assert places == {
        "rejected": "rejected",
        "did not land": "refused",
        "not sent": "suppressed",
        "value left out": "",
    }
    assert suppressed.place == "suppressed"


@pytest.mark.parametrize(
    ("report", "words"),
    [
        (None, "Look whether the run is still going."),
        ("{", "Look at the log of the run: its report is damaged"),
        (
            reports.document(unsettled_imports=[{"activity_id": "a", "stream": "s", "rows": 1}]),
            "Run again soon: it asks what became of 1 import",
        ),
        (reports.document(status="dry run"), "Set dry_run to false"),
    ],
    ids=["unfinished", "damaged", "unsettled", "dry run"],
)
def test_what_is_to_do_is_said(report, words):
    assert words in steps(report)


def test_of_very_many_imports_those_are_shown_that_took_longest():
    imports = [reports.imported(n, sent_at=n, seconds=9 if n == 60 else 1) for n in range(70)]
    shown = timeline_of(reports.past(imports=imports)).imports

    assert len(shown) == MOST_IMPORTS
    assert shown[-1].record.activity_id == imports[60]["activity_id"]


def test_rows_that_had_landed_before_are_as_good_as_landed():
    headline = headline_of(reports.past(totals={"read": 10, "landed": 2, "unchanged": 7}))

    assert (headline.figure, headline.text) == ("2", "of 10 rows landed")
    assert headline.note == "90 % with 7 that had landed before, unchanged"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.04, "0 s"), (59, "59 s"), (90, "1.5 min"), (3_600, "1 h 00 min"), (7_199, "2 h 00 min")],
)
def test_a_time_is_shown_as_people_read_it(seconds, shown):
    assert duration(seconds) == shown


@pytest.mark.parametrize(
    ("change", "shown"),
    [(0.004, "the same"), (-0.004, "the same"), (0.02, "+2 %"), (-0.5, "\N{MINUS SIGN}50 %")],
)
def test_a_change_has_a_sign_unless_it_cannot_be_seen(change, shown):
    assert signed_percent(change) == shown
