"""Past runs, as their reports tell them."""

from __future__ import annotations

from target_constant_contact.reports.past_run import past_run
from target_constant_contact.store.run_row import RunRow

MOMENT = "2026-11-29T10:00:00+00:00"
REPORT = {"status": "failed", "started_at": MOMENT, "ended_at": MOMENT, "totals": {}}


def test_a_run_that_failed_before_its_first_request_is_read():
    document = REPORT | {"requests_today": None, "requests_per_day": 10_000}
    past = past_run(RunRow("run", 0.0, "machine", "/runs/run"), document)
    assert (past.status, past.requests_today, past.requests_per_day) == ("failed", None, 10_000)
