"""The command `plan`, and dry runs: what is printed, and how they end."""

from __future__ import annotations

import json
import logging
import tempfile
from contextlib import nullcontext

import pytest

from target_constant_contact.events import kinds
from target_constant_contact.sandbox import Fault
from tests.support.commands import call, config_file
from tests.support.plans import named
from tests.support.target import lines, member, record, run, schema


def test_what_a_run_warns_of_is_warned_of(plan, sandbox):
    sandbox.add_fault(Fault("GET", "/contacts", "forbidden", times=None))
    plan.settings = {"segments": [{"stream": "other", "lists": "Newsletter"}]}
    nameless = record(EmailAddress=None, _sdc_deleted_at="2020-01-01")
    answer = plan.print(schema(), *named("ann"), nameless)
    unsubscribed, other, nobody = answer.log.splitlines()
    assert unsubscribed.startswith("Who has unsubscribed was not found out before the first row")
    assert "(stream 'other') has matched no stream" in other
    assert "nobody could be taken off a list by it" in nobody


def test_who_listens_hears_of_the_comparison_and_of_no_run(plan, told):
    plan.print(schema(), *named("ann"))
    work = [event.work for event in told if isinstance(event, kinds.WorkBegun)]
    assert "comparing with list Newsletter" in work
    assert not [e for e in told if isinstance(e, (kinds.RunBegun, kinds.RunEnded))]


@pytest.mark.parametrize("command", ["plan", "preview", "check"])
def test_a_command_that_is_killed_leaves_no_rejected_row(plan, monkeypatch, command):
    folder = plan.folder / "aside"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "TemporaryDirectory", lambda **_: nullcontext(str(folder)))
    path = plan.folder / "input.jsonl"
    path.write_text(lines(schema(), *named("ann"), record(EmailAddress="secret.bad")))
    call(command, "--config", config_file(plan.folder, **plan.config), "--input", path)
    assert "secret" not in "".join(each.read_text() for each in folder.iterdir())


class TestExitCode:
    def test_it_is_2_when_something_would_change_and_was_asked_for(self, plan):
        assert plan.print(schema(), *named("ann"), options=["--exit-code"]).exit_code == 2
        assert plan.print(schema(), *named("ann")).exit_code == 0

    def test_it_is_0_when_nothing_would(self, plan):
        plan.load(schema(), *named("ann"))
        answer = plan.print(schema(), *named("ann"), options=["--exit-code"])
        assert answer.exit_code == 0
        assert answer.stdout.endswith("Nothing would change; nothing was changed now.\n")

    def test_it_is_2_when_somebody_would_only_be_taken_off(self, plan):
        plan.load(schema(), *named("ann", "bob"))
        gone = named("ann", _sdc_deleted_at="2020-01-01")
        assert plan.print(schema(), *gone, options=["--exit-code"]).exit_code == 2

    def test_it_is_2_when_a_list_would_be_made(self, plan):
        plan.settings = {"lists": "Brand new", "create_lists": True}
        answer = plan.print(schema(), *named("ann"), options=["--exit-code"])
        assert answer.exit_code == 2

    def test_it_is_2_when_that_cannot_be_known(self, plan, sandbox):
        sandbox.add_fault(Fault("POST", "/activities/contact_exports", "forbidden", times=None))
        assert plan.print(schema(), *named("ann"), options=["--exit-code"]).exit_code == 2

    def test_it_is_that_of_a_run_where_a_run_would_fail(self, plan):
        plan.settings = {"max_rejected_percent": 10}
        answer = plan.print(
            schema(), *named("ann"), record(EmailAddress="bad"), options=["--exit-code"]
        )
        assert answer.exit_code == 65
        assert "1 would be added" in answer.stdout
        assert answer.stdout.endswith(
            "A run would fail, as the error says; nothing was changed now.\n"
        )
        assert "max_rejected_percent is 10. See the reasons in the plan, correct" in answer.log

    def test_an_input_of_which_nothing_can_be_sent_names_no_file_that_is_gone(self, plan):
        plan.settings = {"max_rejected_percent": 10}
        answer = plan.print(schema(), *[record(EmailAddress="bad")] * 2_000)
        assert answer.exit_code == 65
        assert "rejects.singer.jsonl" not in answer.log
        assert "report.json" not in answer.log

    def test_settings_that_do_not_fit_the_account_are_those_of_a_run(self, plan):
        plan.settings = {"lists": "Nowhere"}
        answer = plan.print(schema(), *named("ann"))
        assert answer.exit_code == 78
        assert "no list 'Nowhere' in the account" in answer.log

    def test_an_input_that_cannot_be_read_is_one_line(self, plan):
        file = config_file(plan.folder, **plan.config)
        answer = call("plan", "--config", file, "--input", plan.folder / "none.jsonl")
        assert answer.exit_code == 1
        assert "--input: " in answer.log
        assert "none.jsonl cannot be read (No such file or directory); name another" in answer.log
        assert plan.print(text="{").exit_code == 1


class TestTheContract:
    def test_a_plan_is_shown_before_the_error_of_a_run(self, plan):
        plan.settings = {"max_new_contacts": 2, "batch_size_rows": 2}
        answer = plan.print(schema(), *map(member, range(5)))
        assert answer.exit_code == 65
        assert "5 would be added" in answer.stdout
        assert "max_new_contacts is 2" in answer.log
        assert run(plan.config, schema(), *map(member, range(5))).exit_code == 65

    def test_one_that_is_kept_is_no_matter(self, plan):
        plan.settings = {"max_new_contacts": 5}
        assert plan.print(schema(), *map(member, range(5))).exit_code == 0

    def test_one_that_cannot_be_looked_at_is_the_error_of_a_run(self, plan, sandbox):
        plan.settings = {"max_new_contacts": 5}
        sandbox.add_fault(Fault("GET", "/contacts/counts", "forbidden", times=None))
        answer = plan.print(schema(), *map(member, range(5)))
        assert answer.exit_code == 77
        assert "5 would be added" in answer.stdout


class TestADryRun:
    def test_it_says_the_same_in_its_log_and_report(self, plan):
        plan.load(schema(), *named("ann", FirstName="Old"))
        rows = [schema(), *named("ann", FirstName="New"), *named("bob")]
        outcome = run(plan.config | {"dry_run": True}, *rows)
        assert outcome.exit_code == 0
        assert (
            "members -> Newsletter (3 people on it now): 1 would be added, 1 updated, 0 unchanged"
        ) in outcome.log
        assert outcome.report["planned"]["lists"] == plan(*rows)["lists"]

    def test_a_plan_leaves_no_run_and_no_file(self, plan):
        plan.print(schema(), *named("ann"))
        assert not list((plan.folder / "data").glob("runs/*"))
        runs = call("runs", "--json", "--data-dir", plan.folder / "data")
        assert runs.json == []

    def test_a_load_has_no_plan_in_its_report(self, plan):
        assert "planned" not in plan.load(schema(), *named("ann")).report


def test_what_sending_takes_is_said(plan):
    plan.load(schema(), *named("first"))
    rows = [schema(), *map(member, range(10))]
    plan.settings = {"batch_size_rows": 2, "requests_per_day": 10_000}
    effort = plan(*rows)["effort"]
    assert effort["imports"] == 5
    before = len([a for a in plan.sandbox.activities() if a["kind"] == "contacts_json_import"])
    made = len(plan.sandbox.requests)
    plan.load(*rows)
    imports = [a for a in plan.sandbox.activities() if a["kind"] == "contacts_json_import"]
    assert len(imports) - before == effort["imports"]
    assert abs(len(plan.sandbox.requests) - made - effort["requests"]) <= 8
    assert effort["import_seconds"] is not None


def test_no_address_is_in_the_plan_or_in_the_log(plan, caplog):
    caplog.set_level(logging.DEBUG)
    plan.load(schema(), *named("ann", "bob"))
    caplog.clear()
    rows = [*named("ann", "cid", "una.subscribed", FirstName="Ann"), record(EmailAddress="b@b@b")]
    answer = plan.print(schema(), *rows)
    text = f"{answer.stdout}{answer.stderr}{answer.log}{caplog.text}"
    assert "ann@" not in text.lower()
    assert "cid@" not in text.lower()
    assert "b@b" not in text


@pytest.mark.parametrize("text", ["", "\n"])
def test_an_input_without_schema_is_said(plan, text):
    answer = plan.print(text=text)
    assert answer.exit_code == 0
    assert answer.stdout == "Nothing was compared with the account; nothing was changed.\n"


def test_nobody_has_to_agree_to_a_transfer_of_which_there_is_none(plan):
    plan.settings = {"accept_data_transfer": False}
    assert "1 would be added" in plan.print(schema(), *named("ann")).stdout


def test_it_reads_standard_input(plan):
    file = config_file(plan.folder, **plan.config)
    answer = call(
        "plan", "--config", file, "--input", "-", "--json", text=lines(schema(), *named("ann"))
    )
    assert json.loads(answer.stdout)["lists"][0]["added"] == 1


def test_an_import_that_was_taken_up_does_not_tell_how_long_imports_take(
    export, sandbox, monkeypatch
):
    sandbox.add_fault(Fault("GET", "/activities/*", action="quota_exceeded"))
    rows = [schema(), member(1), member(2)]
    assert export(*rows).exit_code == 75
    (taken_up,) = export(*rows).report["imports"]
    assert taken_up["taken_up"]
    # The dry run itself, and the run before it.
    monkeypatch.setattr("target_constant_contact.run.dry_run._LATEST", 2)
    planned = export(schema(), member(1), dry_run=True).report["planned"]
    assert planned["effort"]["import_seconds"] is None
