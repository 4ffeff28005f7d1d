"""What loads and sweeps must not do when something goes wrong between them."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from target_constant_contact.segments.jobs import Jobs
from target_constant_contact.segments.list_memories import ListMemories
from target_constant_contact.segments.memory import Memory
from tests.end_to_end.test_sweep import Exports
from tests.support.target import record, run, schema

ENTRY = {"stream": "members", "lists": "Newsletter", "load_method": "overwrite"}


def test_a_load_by_other_settings_to_another_list_leaves_the_seal_alone(sandbox, tmp_path):
    sandbox.create_list("Loyalty")
    one = Exports(sandbox, tmp_path / "one")
    other = Exports(sandbox, tmp_path / "other", segments=[ENTRY | {"lists": "Loyalty"}])
    other.config["data_dir"] = one.config["data_dir"]
    one.load(range(40))
    assert one.sweep().exit_code == 0
    assert one.load(range(2, 40)).exit_code == 0
    assert other.load(range(40)).exit_code == 0

    assert one.sweep().exit_code == 0

    assert one.members == {*range(2, 40)}


def test_who_has_left_is_not_put_back_after_a_load_that_did_not_bring_them(sandbox, tmp_path):
    """A tap that died has left them out; nobody was taken off, and they left by themselves."""
    exports = Exports(sandbox, tmp_path)
    exports.load(range(40))
    assert exports.sweep().exit_code == 0
    assert exports.load(range(20)).exit_code == 0
    exports.account.leave("Newsletter", "member30@example.com")

    assert exports.load(range(40)).totals == {"read": 40, "landed": 39, "suppressed": 1}

    assert 30 not in exports.members


@pytest.mark.parametrize("send_unchanged", ["always", "never"])
def test_who_comes_back_after_a_sweep_that_was_killed_is_put_back(
    sandbox, tmp_path, send_unchanged, monkeypatch
):
    entry = ENTRY | {"respect_departures": False}
    exports = Exports(sandbox, tmp_path, segments=[entry], send_unchanged=send_unchanged)
    exports.load(range(40))
    assert exports.sweep().exit_code == 0
    exports.load(range(2, 40))
    with monkeypatch.context() as patched:
        patched.setattr(ListMemories, "took_off", _killed)
        exports.sweep()
    assert exports.members == {*range(2, 40)}

    assert exports.load(range(40)).exit_code == 0

    assert exports.members == {*range(40)}


def test_nobody_is_taken_off_after_they_came_back_by_what_a_killed_sweep_has_begun(
    sandbox, tmp_path, monkeypatch
):
    """The service takes its time, and does not keep to the order of jobs."""
    exports = Exports(sandbox, tmp_path)
    exports.load(range(40))
    assert exports.sweep().exit_code == 0
    exports.load(range(2, 40))
    quick = sandbox.behaviour
    sandbox.behaviour = replace(quick, seconds_to_finish=2)
    with monkeypatch.context() as patched:
        patched.setattr(Jobs, "_poll", _killed)
        exports.sweep()
    sandbox.behaviour = quick
    assert len(exports.removals) == 1

    exports.load(range(40))

    time.sleep(2)
    assert exports.members == {*range(40)}


def test_a_sweep_takes_nobody_off_when_a_load_by_other_settings_has_begun(
    sandbox, tmp_path, monkeypatch
):
    one = Exports(sandbox, tmp_path)
    others = [ENTRY, ENTRY | {"stream": "others", "lists": "General Interest"}]
    other = Exports(sandbox, tmp_path / "other", segments=others)
    other.config["data_dir"] = one.config["data_dir"]
    one.load(range(40))
    assert one.sweep().exit_code == 0
    one.load(range(2, 40))
    judge = Memory.judge

    def judge_and_load(*args):
        found = judge(*args)
        assert other.load(range(40)).exit_code == 0
        return found

    with monkeypatch.context() as patched:
        patched.setattr(Memory, "judge", judge_and_load)
        swept = one.sweep()

    assert swept.exit_code == 75
    assert "a load has begun since, so nobody was taken off" in swept.log
    assert one.members == {*range(40)}


class TestAnotherLoadBetween:
    """One by the same settings that does not bring the stream."""

    @pytest.fixture
    def exports(self, sandbox, tmp_path):
        other = ENTRY | {"stream": "others", "lists": "General Interest"}
        made = Exports(sandbox, tmp_path, segments=[ENTRY, other])
        made.load(range(40))
        assert made.sweep().exit_code == 0
        return made

    @staticmethod
    def load_others(exports):
        rows = (record("others", EmailAddress=f"other{n}@example.com") for n in range(9))
        assert run(exports.config, schema("others"), *rows).exit_code == 0

    def test_the_seal_of_a_tap_that_has_died_is_not_swept(self, exports):
        exports.load(range(36))
        self.load_others(exports)
        swept = exports.sweep()
        assert swept.exit_code == 65
        assert "the stream did not come in the latest load" in swept.log
        assert exports.members == {*range(40)}

    def test_what_a_brake_has_held_may_still_leave(self, exports):
        exports.load(range(9, 40))
        assert exports.sweep().exit_code == 65
        self.load_others(exports)
        assert exports.sweep("--yes-remove", 9).exit_code == 0
        assert exports.members == {*range(9, 40)}


def _killed(*_):
    raise KeyboardInterrupt
