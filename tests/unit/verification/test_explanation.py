"""Counters and what is known of single rows are brought together, and nothing is hidden."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_constant_contact.api.models import ContactStatus
from target_constant_contact.ledger.settlement import Settlement
from target_constant_contact.verification.explanation import (
    LINE,
    LOOK_UP,
    OTHER_VALUES,
    READ_BACK,
    Finding,
    Missing,
    explain,
    lines_of,
    looked_up,
)

ANN, BOB, CAT = ({"email": f"{name}@example.com"} for name in ("ann", "bob", "cat"))
LISTS = ("list-a", "list-b")


def missing(row: Any, place: Any = None, why: str = "") -> Missing:
    return Missing(row, place, why)


# What a look-up says


@pytest.mark.parametrize(
    ("status", "place", "why"),
    [
        (None, "refused", "not in the account"),
        (ContactStatus("unsubscribed"), "suppressed", "unsubscribed"),
        (ContactStatus("unsubscribed", deleted=True), "suppressed", "unsubscribed"),
        (ContactStatus("implicit", deleted=True), "refused", "deleted"),
        (ContactStatus("temp_hold"), "refused", "on hold"),
        (ContactStatus("pending_confirmation"), "refused", "confirmation pending"),
        (ContactStatus("implicit"), "refused", "not on the list"),
        (ContactStatus("implicit", list_ids=frozenset({"list-a"})), "refused", "not on the list"),
        (ContactStatus("implicit", list_ids=frozenset(LISTS)), "landed", ""),
        (ContactStatus("temp_hold", list_ids=frozenset({*LISTS, "c"})), "landed", ""),
    ],
)
def test_a_person_is_judged_by_how_the_account_stands_to_them(status, place, why):
    assert looked_up(ANN, status, LISTS) == Missing(ANN, place, why)


# Lines in the errors


def test_the_header_is_line_one():
    errors = ["Line 2: Invalid birthday", "Line 4: Invalid email address"]
    assert lines_of(errors, 3, 2) == {0: "Invalid birthday", 2: "Invalid email address"}


@pytest.mark.parametrize(
    ("errors", "counted"),
    [
        (["Line 2: bad"], 2),
        (["Line 2: bad", "Line 3: bad"], 1),
        (["Line 2: bad", "Line 2: worse"], 2),
        (["Line 1: bad"], 1),
        (["Line 5: bad"], 1),
        (["something else"], 1),
        ([], 1),
    ],
    ids=["too few", "too many", "twice", "header", "beyond", "no line", "none"],
)
def test_lines_that_do_not_fit_the_counters_are_not_believed(errors, counted):
    assert lines_of(errors, 3, counted) == {}


# Bringing together


def test_what_nobody_could_name_stays_counted():
    counted = Settlement(5, refused=2, suppressed=1, unexplained=3)
    assert explain(counted, []) == (counted, ())


def test_an_unsubscribed_person_is_suppressed_and_no_error():
    settlement, findings = explain(
        Settlement(9, suppressed=1), [missing(ANN, "suppressed", "unsubscribed")]
    )
    assert settlement == Settlement(9, suppressed=1)
    assert findings == (Finding(ANN, "suppressed: unsubscribed", LOOK_UP),)


def test_an_unsubscribed_person_who_was_counted_as_an_error_is_suppressed_all_the_same():
    settlement, _ = explain(
        Settlement(9, unexplained=1), [missing(ANN, "suppressed", "unsubscribed")]
    )
    assert settlement == Settlement(9, suppressed=1)


def test_a_person_without_a_look_up_is_only_not_imported():
    settlement, findings = explain(
        Settlement(8, refused=1, suppressed=1), [missing(ANN), missing(BOB)]
    )
    assert settlement == Settlement(8, refused=1, suppressed=1)
    assert {(finding.reason, finding.evidence) for finding in findings} == {
        ("refused: not imported", READ_BACK),
        ("suppressed: not imported", READ_BACK),
    }


def test_who_is_missing_and_not_counted_is_unexplained():
    settlement, findings = explain(Settlement(10), [missing(ANN, "refused", "not in the account")])
    assert settlement == Settlement(9, unexplained=1)
    assert findings == (Finding(ANN, "unexplained: not in the account", LOOK_UP),)


def test_who_is_a_member_after_all_has_landed():
    assert explain(Settlement(10), [missing(ANN, "landed")]) == (Settlement(10), ())


def test_rows_that_the_service_has_named_are_refused():
    named = [Finding(ANN, "refused: counted as an error", LINE)]
    settlement, findings = explain(Settlement(9, refused=1), [], named)
    assert settlement == Settlement(9, refused=1)
    assert findings == tuple(named)


def test_unexplained_rows_have_landed_when_everybody_is_there_with_their_values():
    assert explain(Settlement(7, unexplained=3), [], changed=[]) == (Settlement(10), ())


def test_a_row_with_other_values_stays_unexplained_and_is_named():
    settlement, findings = explain(Settlement(7, unexplained=3), [], changed=[ANN])
    assert settlement == Settlement(9, unexplained=1)
    assert findings == (Finding(ANN, "unexplained: on the list with other values", OTHER_VALUES),)


def test_other_values_prove_nothing_when_there_are_more_of_them_than_unexplained_rows():
    """The service may write names in its own way."""
    counted = Settlement(9, unexplained=1)
    assert explain(counted, [], changed=[ANN, BOB]) == (counted, ())


settlements = st.builds(
    Settlement,
    st.integers(0, 6),
    refused=st.integers(0, 4),
    suppressed=st.integers(0, 4),
    unexplained=st.integers(0, 4),
)


@given(counted=settlements, data=st.data())
def test_the_numbers_always_add_up_to_the_rows(counted, data):
    rows = counted.landed + counted.refused + counted.suppressed + counted.unexplained
    people = [{"email": f"member{number}@example.com"} for number in range(rows)]
    named = data.draw(st.integers(0, counted.refused))
    away = data.draw(st.integers(0, rows - named))
    places = st.sampled_from([None, "landed", "suppressed", "refused"])
    gone = [missing(row, data.draw(places)) for row in people[named : named + away]]
    changed = data.draw(
        st.none() | st.integers(0, rows - named - away).map(lambda n: people[rows - n :])
    )
    settlement, findings = explain(
        counted, gone, [Finding(row, "refused: x", LINE) for row in people[:named]], changed
    )
    numbers = (
        settlement.landed,
        settlement.refused,
        settlement.suppressed,
        settlement.unexplained,
    )
    assert min(numbers) >= 0
    assert sum(numbers) == rows
    assert len(findings) <= rows - settlement.landed
    for place in ("refused", "suppressed"):
        found = sum(finding.reason.startswith(f"{place}: ") for finding in findings)
        assert found <= getattr(settlement, place)
    emails = [finding.properties["email"] for finding in findings]
    assert len(emails) == len(set(emails))
    away_for_good = sum(item.place != "landed" for item in gone) + named
    assert settlement.landed <= rows - away_for_good
