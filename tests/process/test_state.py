"""STATE of a real process whose activities take their time."""

from __future__ import annotations

from dataclasses import replace

from target_constant_contact.sandbox import Behaviour, Fault, Sandbox
from tests.support.process import TargetProcess
from tests.support.target import member, schema, settings_for, state

SLOW = Behaviour(seconds_to_start=0.2, seconds_to_finish=(0.3, 2.5))
NEWS = "Newsletter"


def test_no_state_appears_before_its_rows_are_in_completed_activities(tmp_path):
    """Activities take up to seconds and finish in any order; looked at as each line appears."""
    too_early = []
    with Sandbox(behaviour=SLOW) as sandbox:

        def look(bookmark: int) -> None:
            members = sandbox.members(NEWS)
            missing = [n for n in range(bookmark) if f"member{n}@example.com" not in members]
            too_early.extend((bookmark, number) for number in missing)

        config = settings_for(sandbox, tmp_path / "data", batch_size_rows=10)
        target = TargetProcess(config, tmp_path).start(look)
        target.write(schema())
        # So many that the first are done before the last are sent.
        for number in range(120):
            target.write(member(number), state(number + 1))
        target.close_input()
        assert target.wait() == 0, target.stderr
    assert too_early == []
    assert target.states == sorted(target.states)
    assert target.states[-1] == 120
    assert len(target.states) > 1
    assert target.other_output == []


def test_state_comes_while_the_tap_is_silent(tmp_path):
    """Settled rows are checkpointed although no further line makes the target look up."""
    with Sandbox(behaviour=replace(SLOW, seconds_to_finish=0.1)) as sandbox:
        config = settings_for(sandbox, tmp_path / "data", batch_size_rows=5)
        target = TargetProcess(config, tmp_path).start()
        target.write(schema(), *map(member, range(5)), state("five"), member(5))
        target.wait_for_log("completed in")
        target.wait_for_states("five")
        target.close_input()
        assert target.wait() == 0


def test_state_of_a_failing_activity_never_appears(tmp_path):
    with Sandbox(behaviour=replace(SLOW, seconds_to_finish=0.5)) as sandbox:
        path = "/activities/contacts_json_import"
        sandbox.add_fault(Fault("POST", path, nth=2, action="fail"))
        config = settings_for(sandbox, tmp_path / "data", batch_size_rows=10)
        target = TargetProcess(config, tmp_path).start()
        target.write(schema())
        for number in range(30):
            target.write(member(number), state(number + 1))
        target.close_input()
        assert target.wait() == 1
        members = sandbox.members(NEWS)
    # Several are sent at a time, so that the second to come need not be that of the second rows.
    failed = [number for number in range(30) if f"member{number}@example.com" not in members]
    assert failed
    assert max(target.states, default=0) <= failed[0]
    assert "ended as 'failed'" in target.stderr
    assert "Traceback" not in target.stderr
