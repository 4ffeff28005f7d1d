"""Nobody is taken off after a broken input, or where a brake holds."""

from __future__ import annotations

import pytest

from target_constant_contact.exceptions import InterruptedRunError
from target_constant_contact.sandbox import Fault
from tests.support.sweeping import IMPORT, Exports
from tests.support.target import lines, member, record, run, schema, state


class TestBrakes:
    def test_more_than_the_share_stay_until_a_person_names_their_number(self, loaded):
        loaded.load(range(9, 40))
        swept = loaded.sweep()
        assert swept.exit_code == 65
        assert "9 people would leave the list, 22 % of 40" in swept.log
        assert "sweep --yes-remove 9" in swept.log
        assert loaded.sweep("--yes-remove", 8).exit_code == 65
        assert loaded.members == {*range(40)}
        assert loaded.removals == []
        assert loaded.sweep("--yes-remove", 9).exit_code == 0
        assert loaded.members == {*range(9, 40)}

    def test_a_brake_that_has_held_is_in_the_report(self, loaded):
        loaded.load(range(9, 40))
        loaded.sweep()
        shown = loaded.command("runs", "show", "--json").json
        assert shown["status"] == "failed"
        assert "9 people would leave" in shown["error"]
        assert [one["outcome"] for one in shown["swept"]] == ["refused"]

    def test_what_keeps_one_list_does_not_keep_another(self, sandbox, tmp_path):
        exports = Exports(sandbox, tmp_path)
        names = {"members": "Newsletter", "others": "Product updates"}
        exports.set(
            segments=[
                {"stream": stream, "lists": name, "load_method": "overwrite"}
                for stream, name in names.items()
            ]
        )

        def load(members, others):
            two = [record("others", EmailAddress=f"o{n}@example.com") for n in others]
            return exports.load(members, schema("others"), *two)

        load(range(40), range(40))
        assert exports.sweep().exit_code == 0
        load(range(20), range(38))
        swept = exports.sweep()
        assert swept.exit_code == 65
        assert exports.members == {*range(40)}
        assert len(sandbox.members("Product updates")) == 38


class TestBrokenInputs:
    """Nobody is taken off after any of these."""

    @pytest.fixture(autouse=True)
    def _nobody_was_taken_off(self, loaded):
        yield
        assert {*range(40)} <= loaded.members
        assert loaded.removals == []

    def refused(self, loaded, code=65):
        swept = loaded.sweep()
        assert swept.exit_code == code, swept.log
        return swept

    def test_a_cut_line(self, loaded):
        text = lines(schema(), *map(member, range(38)))[:-20]
        assert run(loaded.config, text=text).exit_code == 1
        assert "has not ended well" in self.refused(loaded).log

    def test_a_signal(self, loaded, monkeypatch):
        def stopped(*_):
            raise InterruptedRunError("SIGTERM came before the run was finished.")

        with monkeypatch.context() as patched:
            patched.setattr("target_constant_contact.run.run.Run.finish", stopped)
            assert loaded.load(range(38)).exit_code == 1
        self.refused(loaded)

    def test_a_failed_import(self, loaded, sandbox):
        sandbox.add_fault(Fault("POST", IMPORT, action="fail"))
        assert loaded.load(range(38)).exit_code == 1
        assert "Run the load again first" in self.refused(loaded, 75).log

    def test_an_import_whose_end_nobody_knows(self, loaded, sandbox):
        # An export of the list would be asked after first.
        loaded.set(respect_departures=False)
        sandbox.add_fault(Fault("GET", "/activities/*", action="quota_exceeded", times=None))
        sandbox.add_fault(Fault("GET", "/activities", action="quota_exceeded", times=None))
        assert loaded.load(range(38)).exit_code == 75
        sandbox.clear_faults()
        assert "Run the load again first" in self.refused(loaded, 75).log

    def test_more_rejected_rows_than_the_limit(self, loaded):
        bad = [record(EmailAddress="nobody") for _ in range(20)]
        assert loaded.load(range(38), *bad, max_rejected_percent=10).exit_code == 65
        assert "has not ended well" in self.refused(loaded).log

    def test_an_empty_stream(self, loaded):
        outcome = loaded.load([])
        assert outcome.exit_code == 0
        assert "empty" in outcome.log
        assert "empty" in self.refused(loaded).log

    def test_a_stream_that_has_not_come(self, loaded):
        assert run(loaded.config, state("end")).exit_code == 0
        swept = loaded.sweep()
        assert swept.exit_code == 0
        assert "nothing was loaded since the last sweep" in swept.stdout

    def test_a_load_that_failed_after_one_that_was_sealed(self, loaded, sandbox):
        assert loaded.load(range(38)).exit_code == 0
        sandbox.add_fault(Fault("POST", IMPORT, action="fail"))
        assert loaded.load(range(38)).exit_code == 1
        self.refused(loaded, 75)

    def test_an_activate_version_that_came_too_early(self, loaded):
        entry = {"stream": "members", "lists": "Newsletter", "load_method": "overwrite"}
        loaded.set(segments=[entry | {"overwrite_when": "activate_version"}])
        version = {"type": "ACTIVATE_VERSION", "stream": "members", "version": 1}
        outcome = run(loaded.config, schema(), version, *map(member, range(38)))
        assert outcome.exit_code == 65
        assert "sweep" in outcome.log

    def test_another_owner(self, loaded):
        entry = {"stream": "others", "lists": "Newsletter", "load_method": "overwrite"}
        loaded.set(segments=[entry])
        others = [record("others", EmailAddress=f"o{n}@example.com") for n in range(38)]
        assert run(loaded.config, schema("others"), *others).exit_code == 65
        loaded.sweep()

    def test_more_leavers_than_the_share(self, loaded):
        assert loaded.load(range(10)).exit_code == 0
        assert "30 people would leave" in self.refused(loaded).log

    def test_a_load_that_is_under_way(self, loaded):
        from target_constant_contact.account.account import Account as Target
        from target_constant_contact.settings.settings import Settings
        from target_constant_contact.singer.target import TargetConstantContact
        from target_constant_contact.store.ledger import lock_of

        loaded.load(range(38))
        target = Target(Settings.parse(loaded.config, TargetConstantContact.settings_schema()))
        with target.database.lock(lock_of(*target.export), 0):
            swept = self.refused(loaded, 75)
        target.close()
        assert "of the same export is under way" in swept.log
