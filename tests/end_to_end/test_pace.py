"""A run keeps the pace of a service that takes minutes for an import, and waits while it moves.

What the sandbox itself needs to import rows counts on its clock, too; so there are fewer rows than
a million here, and as many imports. `scripts/benchmark --at-limits 900` measures a million.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from target_constant_contact import waiting
from target_constant_contact.sandbox import Behaviour, FastClock, Fault, Sandbox
from tests.support.target import lines, member, run, schema, settings_for, state

if TYPE_CHECKING:
    from target_constant_contact.sandbox import RequestSeen

pytestmark = pytest.mark.no_cover

SPEED = 60
IMPORTS = 83
"""As many as a million members of 12 fields need."""
ROWS = 60
MEMBERS = IMPORTS * ROWS

IMPORT = "/v3/activities/contacts_json_import"
POLLS = waiting.POLL_SECONDS
"""Before they are shortened for the tests."""


@pytest.fixture
def _polls_as_in_a_run(monkeypatch):
    monkeypatch.setattr(waiting, "POLL_SECONDS", POLLS)


def stream(count: int) -> str:
    return lines(schema(), *(member(number) for number in range(count)), state("end"))


def share_of_polls(seen: list[RequestSeen]) -> float:
    """Polls among the requests from the first import that is sent to the last one."""
    sent = [n for n, request in enumerate(seen) if request.path == IMPORT]
    sending = seen[sent[0] : sent[-1] + 1]
    polls = [r for r in sending if r.method == "GET" and r.path.startswith("/v3/activities")]
    return len(polls) / len(sending)


@pytest.mark.usefixtures("_polls_as_in_a_run")
def test_imports_of_15_minutes_side_by_side_take_a_million_in_less_than_an_hour(tmp_path):
    """In as many imports as a million members, on a clock that runs 60 times as fast."""
    clock = FastClock(SPEED)
    behaviour = Behaviour(seconds_to_start=10, seconds_to_finish=890)
    with Sandbox(behaviour=behaviour, clock=clock) as sandbox:
        settings = settings_for(
            sandbox,
            tmp_path / "data",
            requests_per_second=4 * SPEED,
            batch_size_rows=ROWS,
        )
        began = clock()
        outcome = run(settings, text=stream(MEMBERS))
        minutes = (clock() - began) / 60
        assert outcome.exit_code == 0, outcome.log
        assert outcome.states == ["end"]
        assert outcome.totals == {"read": MEMBERS, "landed": MEMBERS}
        assert len(sandbox.activities()) == IMPORTS
        assert share_of_polls(sandbox.requests) <= 0.1
        sent = [seen.at for seen in sandbox.requests if seen.path == IMPORT]
    # All of them while the first one is still under way.
    assert sent[-1] - sent[0] < 900
    assert 15 <= minutes < 60


def test_a_queue_that_is_worked_off_one_by_one_for_longer_than_an_import_may_take_is_no_time_out(
    tmp_path,
):
    behaviour = Behaviour(seconds_to_start=0, seconds_to_finish=0.4, one_at_a_time=True)
    with Sandbox(behaviour=behaviour) as sandbox:
        settings = settings_for(
            sandbox, tmp_path / "data", batch_size_rows=1, import_timeout_minutes=0.05
        )
        outcome = run(settings, text=stream(20))
    assert outcome.exit_code == 0, outcome.log
    assert outcome.totals == {"read": 20, "landed": 20}


def test_an_import_that_hangs_is_a_time_out_although_others_have_ended(tmp_path):
    """Some of them one by one behind it, so that the queue has moved for a while."""
    behaviour = Behaviour(seconds_to_start=0, seconds_to_finish=0.1, one_at_a_time=True)
    with Sandbox(behaviour=behaviour) as sandbox:
        sandbox.add_fault(Fault("POST", IMPORT, action="stuck"))
        settings = settings_for(
            sandbox, tmp_path / "data", batch_size_rows=1, import_timeout_minutes=0.06
        )
        outcome = run(settings, text=stream(10))
    assert outcome.exit_code == 75
    assert outcome.states == []
    assert outcome.report["totals"]["landed"] == 9
