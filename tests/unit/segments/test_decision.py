"""What a sweep does with a list is decided by its latest load, its owner and its brakes."""

from __future__ import annotations

import pytest

from target_constant_contact.segments.brake import ALWAYS
from target_constant_contact.segments.decision import (
    GO_ON,
    Crowd,
    Export,
    by_crowd,
    by_load,
    never_loaded,
)
from target_constant_contact.settings.streams import StreamSettings
from target_constant_contact.store.segment_row import SegmentRow

EXPORT = Export("members", "an-id", "Newsletter")


RUN = "20260501T040000Z-000001"


def loaded(state, reason=""):
    return SegmentRow("members", "an-id", RUN, 0.0, state, reason)


def braked(within, leavers, *, members=1, percent=20.0, allowed=None):
    crowd = Crowd(within, leavers, members)
    return by_crowd(EXPORT, crowd, max_removed_percent=percent, allowed=allowed)


def test_a_sealed_segment_is_swept():
    assert by_load(EXPORT, loaded("sealed"), "members", RUN) == GO_ON


def test_a_seal_that_no_sweep_came_after_is_not_swept_after_another_load():
    """Its tap may have died, and Meltano has left the sweep out."""
    verdict = by_load(EXPORT, loaded("sealed"), "members", "20260502T040000Z-000002")
    assert verdict.outcome == "refused"
    assert "did not come in the latest load (run 20260502T040000Z-000002)" in verdict.line
    assert by_load(EXPORT, loaded("reached"), "members", "20260502T040000Z-000002") == GO_ON


def test_a_list_that_follows_nobody_yet_is_swept_by_the_first_seal():
    assert by_load(EXPORT, loaded("sealed"), "", RUN) == GO_ON


@pytest.mark.parametrize("state", ["sealed", "void", "loading", "swept", "kept"])
def test_the_list_of_another_stream_is_refused_whatever_was_loaded(state):
    verdict = by_load(EXPORT, loaded(state), "others", RUN)
    assert verdict.outcome == "refused"
    assert "follows stream 'others'" in verdict.line
    assert "release 'Newsletter'" in verdict.line


def test_each_seal_is_swept_once():
    verdict = by_load(EXPORT, loaded("swept"), "members", RUN)
    assert verdict.outcome == "idle"
    assert "members -> Newsletter: nothing was loaded since the last sweep" in verdict.line


def test_a_list_that_no_row_of_the_latest_load_has_named_stays_and_is_named():
    verdict = by_load(EXPORT, loaded("kept"), "members", RUN)
    assert verdict.outcome == "idle"
    assert "members -> Newsletter: no row of the latest load has named the list" in verdict.line


def test_a_load_that_is_not_at_its_end_is_refused():
    verdict = by_load(EXPORT, loaded("loading"), "members", RUN)
    assert verdict.outcome == "refused"
    assert "has not ended well (run 20260501T040000Z-000001). Nobody" in verdict.line


def test_a_void_seal_is_refused_with_its_reason():
    verdict = by_load(EXPORT, loaded("void", "a row was cut off"), "members", RUN)
    assert verdict.outcome == "refused"
    assert "members -> Newsletter: a row was cut off (run " in verdict.line


def test_an_empty_segment_takes_nobody_off_whatever_a_person_agrees_to():
    verdict = braked(100, 100, members=0, percent=100.0, allowed=100)
    assert verdict.outcome == "refused"
    assert "the segment is empty" in verdict.line


def test_the_share_is_of_those_within_the_scope():
    assert braked(1_000, 200) == GO_ON
    verdict = braked(1_000, 201)
    assert verdict.outcome == "refused"
    assert "201 people would leave the list, 20 % of 1,000" in verdict.line
    assert "sweep --yes-remove 201" in verdict.line


def test_a_few_people_may_always_leave():
    assert braked(ALWAYS, ALWAYS, percent=1.0) == GO_ON
    assert braked(ALWAYS + 1, ALWAYS + 1, percent=1.0).outcome == "refused"


def test_nobody_may_leave_where_the_share_is_nothing():
    assert braked(1_000, 0, percent=0.0) == GO_ON
    assert braked(1_000, 1, percent=0.0).outcome == "refused"


@pytest.mark.parametrize(
    ("allowed", "outcome"), [(201, "sweep"), (200, "refused"), (202, "refused")]
)
def test_a_person_agrees_to_the_number_that_the_brake_has_named_and_to_no_other(allowed, outcome):
    assert braked(1_000, 201, allowed=allowed).outcome == outcome


def test_nobody_on_the_list_is_nothing_to_brake():
    assert braked(0, 0) == GO_ON


def test_the_settings_by_which_nothing_was_loaded_are_named():
    entry = StreamSettings(stream="b", place="segments.1 (stream 'b')")
    verdict = never_loaded(entry)
    assert verdict.outcome == "idle"
    assert (
        verdict.line == "segments.1 (stream 'b'): nothing was loaded yet that a list could follow"
    )
