"""What the page on leavers says of requests is what is counted."""

from __future__ import annotations

from target_constant_contact.segments.ways import POLLS, plans
from tests.docs import pages

PAGE = pages.read(pages.DOCS / "how-to" / "leavers.md")
MEMBERS, LEAVERS = 1_000_000, 50_000
WORDS = {7: "seven"}


def test_the_requests_of_each_way_are_those_that_are_counted_beforehand():
    told = {cells[0]: cells[1] for cells in pages.rows(PAGE)}
    for plan in plans(MEMBERS, LEAVERS):
        if plan.requests < MEMBERS / 100:
            assert told[plan.way] == f"{plan.requests:,}"
    assert "a million people on a list, 50,000 leave" in PAGE.lower()
    assert f"asked after {WORDS[POLLS]} times" in PAGE
