"""What a run does with one stream, in words."""

from __future__ import annotations

import pytest

from target_constant_contact.singer.plan import StreamPlan


def plan(*, lists=(), lists_field="", unsent=()):
    fields = {"email": "Mail"}
    return StreamPlan("s", "", lists, lists_field, fields, automatic=True, unsent=dict(unsent))


@pytest.mark.parametrize(
    ("lists", "field", "goal"),
    [
        (("B", "A"), "", "A, B"),
        ((), "segs", "the lists in 'segs'; rows where it is blank are rejected"),
        (("A", "B"), "segs", "the lists in 'segs', else A, B"),
    ],
)
def test_where_the_rows_go(lists, field, goal):
    assert plan(lists=lists, lists_field=field).goal == goal


def test_what_is_not_sent_is_named_with_the_reason_if_there_is_one():
    unsent = {"state": "may not be of an address", "id": "", "a, b": "", " ": ""}
    assert plan(unsent=unsent).sent == (
        "email <- Mail; not sent: state (may not be of an address), id, 'a, b', ' '"
    )
    assert plan().sent == "email <- Mail"


def test_of_many_fields_that_are_not_sent_twenty_are_named():
    sent = plan(unsent=dict.fromkeys((f"f{n}" for n in range(1_500)), "")).sent
    assert sent.endswith(" f18, f19 and 1,480 more")
