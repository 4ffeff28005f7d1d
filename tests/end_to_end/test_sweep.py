"""Lists follow their segments: who has left the segment is off the list after a sweep."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from target_constant_contact.exceptions import InterruptedRunError
from target_constant_contact.sandbox import Fault
from tests.support.commands import call, config_file
from tests.support.target import TEXT, lines, member, record, run, schema, settings_for, state
from tests.support.year import Account

IMPORT = "/activities/contacts_json_import"
REMOVAL = "/activities/remove_list_memberships"
BEFORE = {"one.owner@example.com"}


class Exports:
    """Loads and sweeps by one settings file.

    Args:
        sandbox: The account.
        folder: For settings and data.
        settings: Beyond the usual ones.
    """

    def __init__(self, sandbox, folder, **settings):
        self.sandbox = sandbox
        self.account = Account(sandbox)
        self._folder = folder
        self.set(**settings)

    def set(self, **settings):
        entry = {"stream": "members", "lists": "Newsletter", "load_method": "overwrite"}
        self.config = settings_for(
            self.sandbox, self._folder / "data", **({"segments": [entry]} | settings)
        )
        del self.config["lists"]
        self._folder.mkdir(exist_ok=True)
        self.file = config_file(self._folder, **self.config)

    def load(self, people, *after, **settings):
        return run(self.config | settings, schema(), *map(member, people), *after)

    def sweep(self, *options):
        return call("sweep", "--config", self.file, *options)

    def command(self, *words):
        return call(*words, "--config", self.file)

    @property
    def members(self):
        """Numbers of the members on the list whom a load has brought."""
        found = (key.partition("@")[0] for key in self.sandbox.members("Newsletter"))
        return {int(name[6:]) for name in found if name.startswith("member")}

    @property
    def removals(self):
        return [
            one for one in self.sandbox.activities() if one["kind"] == REMOVAL.rpartition("/")[2]
        ]


@pytest.fixture
def exports(sandbox, tmp_path):
    return Exports(sandbox, tmp_path)


@pytest.fixture
def loaded(exports):
    """Forty people on the list, and two others who were there before."""
    assert exports.load(range(40)).exit_code == 0
    assert exports.sweep().exit_code == 0
    return exports


def test_who_has_left_the_segment_is_off_the_list_after_the_sweep(loaded):
    assert loaded.load(range(4, 40)).exit_code == 0
    assert loaded.members == {*range(40)}
    swept = loaded.sweep()
    assert swept.exit_code == 0
    assert loaded.members == {*range(4, 40)}
    assert (
        "members -> Newsletter: 4 people were taken off; on the list before 42 = stay 36 + taken "
        "off 4 + not ours 2 + left by themselves 0"
    ) in swept.stdout


def test_taken_off_means_off_that_list(loaded, sandbox):
    loaded.account.join("General Interest", "member1@example.com")
    loaded.load(range(2, 40))
    loaded.sweep()
    contact = sandbox.contact("member1@example.com")
    assert contact["lists"] == ["General Interest"]
    assert contact["permission_to_send"] == "implicit"


def test_who_was_there_before_stays(loaded, sandbox):
    before = {*sandbox.members("Newsletter")} - {f"member{n}@example.com" for n in range(40)}
    loaded.load(range(4, 40))
    loaded.sweep()
    assert len(before) == 2
    assert before <= {*sandbox.members("Newsletter")}


def test_with_the_scope_all_everybody_leaves_who_is_not_in_the_segment(exports, sandbox):
    entry = {"stream": "members", "lists": "Newsletter", "load_method": "overwrite"}
    exports.set(segments=[entry | {"overwrite_scope": "all"}])
    exports.load(range(40))
    assert exports.sweep().exit_code == 0
    assert len(sandbox.members("Newsletter")) == len(exports.members) == 40


def test_a_plan_says_what_would_happen_and_changes_nothing(loaded, sandbox):
    loaded.load(range(4, 40))
    activities, runs = len(sandbox.activities()), loaded.command("runs", "--json").json
    planned = loaded.sweep("--plan")
    assert planned.exit_code == 0
    assert "4 people would be taken off; on the list before 42 = stay 36" in planned.stdout
    assert "by pages of the list" in planned.stdout
    assert len(sandbox.activities()) == activities
    assert loaded.command("runs", "--json").json == runs
    assert loaded.members == {*range(40)}
    assert loaded.sweep().exit_code == 0
    assert loaded.members == {*range(4, 40)}


def test_a_dry_run_sweeps_nobody(loaded):
    loaded.load(range(4, 40))
    loaded.set(dry_run=True)
    assert "4 people would be taken off" in loaded.sweep().stdout
    assert loaded.members == {*range(40)}


def test_each_seal_is_swept_once(loaded):
    """Who is put back by hand is not taken off a second time."""
    loaded.load(range(4, 40))
    loaded.sweep()
    loaded.account.join("Newsletter", "member1@example.com")
    again = loaded.sweep()
    assert again.exit_code == 0
    assert "nothing was loaded since the last sweep" in again.stdout
    assert 1 in loaded.members


def test_without_a_load_there_is_nothing_to_do(exports):
    swept = exports.sweep()
    assert swept.exit_code == 0
    assert "segments.0 (stream 'members'): nothing was loaded yet" in swept.stdout


def test_a_sweep_is_kept_like_a_run(loaded):
    loaded.load(range(4, 40))
    swept = loaded.sweep("--json").json
    shown = loaded.command("runs", "show", swept["run"], "--json").json
    assert shown["kind"] == "sweep"
    assert shown["status"] == "completed"
    assert shown["swept"] == swept["lists"]
    (one,) = shown["swept"]
    assert (one["stream"], one["list_name"], one["outcome"]) == ("members", "Newsletter", "swept")
    assert (one["before"], one["stay"], one["taken_off"], one["not_ours"]) == (42, 36, 4, 2)
    assert one["way"] == "pages of the list"
    assert one["requests"] > 0
    assert "Lists that follow segments" in loaded.command("runs", "show").stdout


def test_people_who_come_back_to_the_segment_are_put_back(loaded):
    loaded.load(range(4, 40))
    loaded.sweep()
    loaded.load(range(2, 40))
    loaded.sweep()
    assert loaded.members == {*range(2, 40)}


def test_who_has_unsubscribed_leaves_the_list_too(loaded, sandbox):
    """They cannot join a scratch list, and are not revived."""
    address = "member1@example.com"
    loaded.account.unsubscribe(address)
    loaded.account.join("Newsletter", address)
    loaded.load(range(4, 40))
    assert loaded.sweep().exit_code == 0
    assert loaded.members == {*range(4, 40)}
    assert sandbox.contact(address)["permission_to_send"] == "unsubscribed"


def test_a_deleted_leaver_is_not_revived(loaded, sandbox):
    loaded.account.delete("member1@example.com")
    loaded.load(range(4, 40))
    assert loaded.sweep().exit_code == 0
    assert sandbox.contact("member1@example.com") is None


class TestAdopting:
    def test_who_was_there_before_leaves_once_the_list_is_adopted(self, loaded, sandbox):
        adopted = loaded.command("adopt", "Newsletter")
        assert adopted.exit_code == 0
        assert "42 people on 'Newsletter' now count as put there by stream 'members'" in (
            adopted.stdout
        )
        loaded.load(range(40))
        assert loaded.sweep().exit_code == 0
        assert len(sandbox.members("Newsletter")) == 40

    def test_a_list_can_be_adopted_before_the_first_load(self, exports, sandbox):
        assert exports.command("adopt", "Newsletter").exit_code == 0
        exports.load(range(40))
        assert exports.sweep().exit_code == 0
        assert len(sandbox.members("Newsletter")) == 40

    def test_a_list_that_no_setting_names_is_not_adopted(self, exports):
        answer = exports.command("adopt", "General Interest")
        assert answer.exit_code == 78
        assert "no stream is known that this list follows" in answer.log

    def test_a_stream_is_named_where_the_settings_have_a_glob(self, exports):
        entry = {"stream": "mem*", "lists": "Newsletter", "load_method": "overwrite"}
        exports.set(segments=[entry])
        assert exports.command("adopt", "Newsletter").exit_code == 78
        assert exports.command("adopt", "Newsletter", "--stream", "members").exit_code == 0
        assert exports.command("adopt", "Newsletter", "--stream", "others").exit_code == 78

    def test_a_stream_is_named_where_several_may_be_meant(self, exports):
        entries = [
            {"stream": name, "lists_field": "to", "load_method": "overwrite"} for name in "ab"
        ]
        exports.set(segments=entries)
        answer = exports.command("adopt", "Newsletter")
        assert answer.exit_code == 78
        assert "the list may follow 'a' or 'b'; name the stream with --stream" in answer.log

    def test_one_list_is_named(self, exports):
        answer = exports.command("adopt", "Newsletter, General Interest")
        assert answer.exit_code == 78
        assert "is not one list of the account" in answer.log

    def test_a_list_that_follows_another_stream_is_not_adopted(self, loaded):
        entry = {"stream": "others", "lists": "Newsletter", "load_method": "overwrite"}
        loaded.set(segments=[entry])
        answer = loaded.command("adopt", "Newsletter")
        assert answer.exit_code == 65
        assert "follows stream 'members', not 'others'; nothing was changed" in answer.log

    def test_no_such_list(self, exports):
        answer = exports.command("adopt", "Newslettre")
        assert answer.exit_code == 78
        assert "did you mean 'Newsletter'?" in answer.log


class TestReleasing:
    def test_a_list_that_is_released_can_follow_another_stream(self, loaded):
        entry = {"stream": "others", "lists": "Newsletter", "load_method": "overwrite"}
        others = [schema("others"), *(record("others", EmailAddress="a@example.com"),)]
        loaded.set(segments=[entry])
        refused = run(loaded.config, *others)
        assert refused.exit_code == 65
        assert "'members'" in refused.log
        assert "release" in refused.log
        answer = loaded.command("release", "Newsletter")
        assert answer.exit_code == 0
        assert "does not follow stream 'members' any more" in answer.stdout
        assert run(loaded.config, *others).exit_code == 0
        assert loaded.sweep().exit_code == 0
        assert {*range(40)} <= loaded.members

    def test_a_list_that_follows_nobody_is_no_error(self, exports):
        answer = exports.command("release", "Newsletter")
        assert answer.exit_code == 0
        assert "'Newsletter' follows no stream" in answer.stdout


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


@pytest.mark.parametrize("nth", range(1, 8))
@pytest.mark.parametrize("action", ["drop_after", "quota_exceeded", "error_503"])
def test_a_sweep_that_was_disturbed_anywhere_is_finished_by_the_next_one(
    loaded, sandbox, action, nth
):
    loaded.load(range(4, 40))
    sandbox.add_fault(Fault("*", "/v3/*", action=action, nth=nth, times=None))
    first = loaded.sweep()
    sandbox.clear_faults()
    assert first.exit_code in {0, 75}
    assert loaded.members >= {*range(4, 40)}
    assert loaded.sweep().exit_code == 0
    assert loaded.members == {*range(4, 40)}


def test_a_list_that_is_deleted_is_named_and_keeps_nothing_from_being_swept(loaded, sandbox):
    loaded.load(range(4, 40))
    with sandbox._account.store.writing() as db:
        db.execute("UPDATE lists SET deleted_at = 1 WHERE name = 'Newsletter'")
    # Named by its id, the list cannot be found among those of the settings.
    entry = {"stream": "members", "lists_field": "to", "load_method": "overwrite"}
    loaded.set(segments=[entry])
    swept = loaded.sweep()
    assert swept.exit_code == 0
    assert "there is no such list any more" in swept.stdout


def test_a_list_that_no_row_has_named_keeps_its_members_and_is_named(sandbox, tmp_path):
    exports = Exports(sandbox, tmp_path)
    exports.set(
        segments=[
            {"stream": "members", "lists_field": "to", "load_method": "overwrite"},
        ]
    )
    columns = schema(EmailAddress=TEXT, to=TEXT)

    def load(**people):
        rows = [
            record(EmailAddress=f"member{n}@example.com", to=name.replace("_", " "))
            for name, numbers in people.items()
            for n in numbers
        ]
        return run(exports.config, columns, *rows)

    assert load(Newsletter=range(30), Product_updates=range(5)).exit_code == 0
    assert exports.sweep().exit_code == 0
    assert load(Newsletter=range(28)).exit_code == 0
    swept = exports.sweep()
    assert swept.exit_code == 0
    assert exports.members == {*range(28)}
    assert len(sandbox.members("Product updates")) == 5
    assert (
        "members -> Product updates: no row of the latest load has named the list" in swept.stdout
    )


def test_nothing_that_is_kept_of_a_sweep_holds_an_address(loaded):
    loaded.load(range(4, 40))
    swept = loaded.sweep()
    folder = loaded.config["data_dir"]
    assert "@example.com" not in swept.stdout + swept.log + swept.stderr
    for path in Path(folder).rglob("*"):
        if path.is_file():
            assert b"member1@example.com" not in path.read_bytes(), path


def test_the_report_of_a_sweep_is_a_file_too(loaded):
    loaded.load(range(4, 40))
    name = loaded.sweep("--json").json["run"]
    (path,) = Path(loaded.config["data_dir"]).glob(f"runs/{name}/report.json")
    document: dict[str, Any] = json.loads(path.read_text())
    assert document["kind"] == "sweep"
    assert document["swept"][0]["taken_off"] == 4
