"""Lists follow their segments: who has left the segment is off the list after a sweep."""

from __future__ import annotations

import json
from errno import ENOSPC
from pathlib import Path
from typing import Any

import pytest

from target_constant_contact.sandbox import Fault
from tests.support.sweeping import REMOVAL, Exports
from tests.support.target import TEXT, record, run, schema


def test_who_has_left_the_segment_is_off_the_list_after_the_sweep(loaded):
    assert loaded.load(range(4, 40)).exit_code == 0
    assert loaded.members == {*range(40)}
    swept = loaded.sweep()
    assert swept.exit_code == 0
    assert loaded.members == {*range(4, 40)}
    assert "Taking 4 people off list Newsletter\n" in swept.log
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


def test_to_plan_nobody_has_to_agree_to_a_transfer_of_which_there_is_none(loaded):
    loaded.load(range(4, 40))
    loaded.set(accept_data_transfer=False)
    assert "4 people would be taken off" in loaded.sweep("--plan").stdout
    assert loaded.sweep().exit_code == 78


def test_settings_by_which_no_list_follows_a_segment_are_said(exports):
    exports.set(segments=[{"stream": "members", "lists": "Newsletter"}])
    answer = exports.sweep()
    assert answer.exit_code == 0
    assert "No list follows a segment by these settings" in answer.stdout


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


def test_what_a_sweep_has_failed_of_matters_more_than_that_its_report_cannot_be_written(
    loaded, sandbox, monkeypatch
):
    def full(*_):
        raise OSError(ENOSPC, "No space left on device")

    loaded.load(range(4, 40))
    monkeypatch.setattr("target_constant_contact.listeners.report_file.write_whole", full)
    sandbox.add_fault(Fault("POST", REMOVAL, action="quota_exceeded"))
    swept = loaded.sweep()
    assert swept.exit_code == 75
    assert "No space left on device" in swept.log
    assert "used up" in swept.log
