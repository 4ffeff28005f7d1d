"""Anniversaries are compared with the day of the run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.support.target import TEXT, member, schema

TEN_YEARS = timedelta(days=3_652)


def test_an_anniversary_may_lie_ten_years_ahead_of_the_run_and_no_further(sandbox, export):
    today = datetime.now(UTC).date()
    near, far = (str(today + TEN_YEARS + timedelta(days=days)) for days in (-30, 30))
    outcome = export(
        schema(EmailAddress=TEXT, Anniversary=TEXT),
        member(1, Anniversary=near),
        member(2, Anniversary=far),
    )
    assert sandbox.contact("member1@example.com")["anniversary"] == near
    assert outcome.totals == {"read": 2, "landed": 1, "rejected": 1}
