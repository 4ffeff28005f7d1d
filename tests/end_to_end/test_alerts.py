"""Alerts of whole runs, with real receivers."""

from __future__ import annotations

import json
import signal
from functools import partial

import pytest

from target_constant_contact.alerts import telling
from target_constant_contact.alerts.delivery import deliver
from target_constant_contact.exceptions import StorageError
from target_constant_contact.sandbox import Fault
from tests.support.alerts import SECRET
from tests.support.commands import call
from tests.support.process import TargetProcess
from tests.support.receivers import silence
from tests.support.stores import Store
from tests.support.sweeping import Exports
from tests.support.target import member, record, run, schema, settings_for, state
from tests.support.waits import wait_for

IMPORT = "/activities/contacts_json_import"


@pytest.fixture
def webhook(box):
    return {"alert_webhooks": [f"http://{box.place}/hook"], "alert_secret": SECRET}


@pytest.fixture(params=["file", "server"])
def store(request, tmp_path):
    """An empty store, on each database."""
    if request.param == "file":
        return Store(tmp_path)
    return Store(tmp_path, request.getfixturevalue("postgres").new_url())


def got(box):
    """What has come since this was asked last: nothing of a person."""
    posts, box.posts = box.posts, []
    assert not any(b"member0" in post.body or b"nonsense" in post.body for post in posts)
    return [json.loads(post.body)["data"] for post in posts]


def events(box):
    return [one["event"] for one in got(box)]


MEMBERS = [schema(), *map(member, range(6)), state("end")]


def test_a_run_that_fails_is_told_and_so_is_the_one_that_recovers(
    sandbox, export, webhook, store, box
):
    export = partial(export, *MEMBERS, **store.settings(), **webhook)
    assert export().exit_code == 0
    assert got(box) == []
    sandbox.add_fault(Fault("POST", IMPORT, action="quota_exceeded"))
    assert export().exit_code == 75
    (failed,) = got(box)
    assert failed["event"] == "failed"
    assert "has failed: " in failed["text"]
    assert (failed["number"], failed["of"]) == (0, 6)
    assert failed["connection"]
    assert export().exit_code == 0
    (recovered,) = got(box)
    assert (recovered["event"], recovered["number"], recovered["of"]) == ("recovered", 6, 6)
    assert recovered["export"] == failed["export"]


def test_a_run_that_fails_before_its_first_row_is_told(export, webhook, box):
    outcome = export(*MEMBERS, lists="No such list", **webhook)
    assert outcome.exit_code == 78
    (failed,) = got(box)
    assert "no list 'No such list' in the account" in failed["text"]


def test_a_killed_run_is_told_by_the_next_one(sandbox, tmp_path, webhook, store, box):
    config = settings_for(sandbox, tmp_path / "data", batch_size_rows=2, **webhook)
    config |= store.settings()
    process = TargetProcess(config, tmp_path).start()
    process.write(*MEMBERS[:-1])
    wait_for(sandbox.activities)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert got(box) == []
    assert run(config, *MEMBERS).exit_code == 0
    killed, recovered = got(box)
    assert (killed["event"], recovered["event"]) == ("failed", "recovered")
    assert f"Run {killed['run']} did not come to its end" in killed["text"]
    assert killed["run"] != recovered["run"]
    assert run(config, *MEMBERS).exit_code == 0
    assert got(box) == []


def test_rejected_rows_are_told_with_their_reasons(export, webhook, box):
    bad = [record(EmailAddress=f"nonsense {n}") for n in range(3)]
    assert export(schema(), *bad, *map(member, range(7)), **webhook).exit_code == 0
    (rejected,) = got(box)
    assert (rejected["event"], rejected["number"], rejected["of"]) == ("rejected", 3, 10)
    assert "Stream members: 3 of 10 rows (30 %) were rejected or refused: " in rejected["text"]
    assert "nonsense" not in json.dumps(rejected)


def test_a_corrected_file_of_rejected_rows_is_no_news(export, webhook, box):
    """It is small, and has landed: neither has the segment shrunk, nor is the tap well again."""
    settings = webhook | {"load_method": "overwrite"}
    bad = [record(EmailAddress=f"nonsense {n}") for n in range(3)]
    first = export(schema(), *bad, *map(member, range(40)), **settings)
    assert events(box) == ["rejected"]
    for message in first.rejected:
        if message["type"] == "RECORD":
            message["record"]["EmailAddress"] = f"good{len(message['record'])}@example.com"
    assert export(*first.rejected, **settings).exit_code == 0
    assert got(box) == []


def test_a_segment_that_shrank_is_told(export, webhook, box):
    settings = webhook | {"load_method": "overwrite"}
    export(schema(), *map(member, range(40)), **settings)
    assert got(box) == []
    outcome = export(schema(), *map(member, range(10)), **settings)
    assert outcome.exit_code == 0
    (shrunk,) = got(box)
    assert (shrunk["event"], shrunk["number"], shrunk["of"]) == ("shrunk", 10, 40)
    assert (shrunk["stream"], shrunk["list_name"]) == ("members", "Newsletter")
    # The segment is empty, and a stream without rows is in none of the sums.
    export(schema(), **settings)
    assert [(one["event"], one["number"], one["of"]) for one in got(box)] == [("shrunk", 0, 10)]


def test_a_sweep_that_a_brake_holds_is_told_and_so_is_whom_the_next_one_takes_off(
    sandbox, tmp_path, webhook, box
):
    exports = Exports(sandbox, tmp_path, alert_on=["failed", "recovered", "removed"], **webhook)
    exports.load(range(40))
    exports.sweep()
    exports.load(range(20, 40))
    assert got(box) == []
    assert exports.sweep().exit_code == 65
    (failed,) = got(box)
    assert (failed["event"], failed["kind"]) == ("failed", "sweep")
    assert exports.sweep("--yes-remove", 20).exit_code == 0
    recovered, removed = got(box)
    assert recovered["event"] == "recovered"
    assert (removed["event"], removed["number"]) == ("removed", 20)
    assert "members -> Newsletter: 20 people" in removed["text"]


def test_a_sweep_that_cannot_even_read_the_lists_is_told(sandbox, tmp_path, webhook, box):
    """As when the sign-in is over: a sweep of each night would fail unheard."""
    exports = Exports(sandbox, tmp_path, **webhook)
    exports.load(range(40))
    sandbox.add_fault(Fault("GET", "/contact_lists", action="quota_exceeded"))
    assert exports.sweep().exit_code == 75
    (failed,) = got(box)
    assert (failed["event"], failed["kind"]) == ("failed", "sweep")
    assert exports.sweep().exit_code == 0
    assert events(box) == ["recovered"]


def test_a_sweep_of_another_account_than_is_meant_is_told(sandbox, tmp_path, webhook, box):
    exports = Exports(sandbox, tmp_path, account="another", **webhook)
    assert exports.sweep().exit_code == 78
    (failed,) = got(box)
    assert (failed["event"], failed["kind"]) == ("failed", "sweep")
    assert "account" in failed["text"]


def test_leavers_of_a_load_are_told_too(export, webhook, box):
    export(schema(), *map(member, range(40)))
    gone = {"EmailAddress": "member1@example.com", "_sdc_deleted_at": "2026-01-01T00:00:00Z"}
    properties = {name: {"type": ["null", "string"]} for name in gone}
    messages = [schema(**properties), record(**gone)]
    outcome = export(*messages, alert_on=["removed"], **webhook)
    assert outcome.exit_code == 0
    (removed,) = got(box)
    assert (removed["event"], removed["number"]) == ("removed", 1)


def test_dry_runs_and_plans_tell_nobody(sandbox, tmp_path, webhook, box):
    exports = Exports(sandbox, tmp_path, alert_on=["failed", "removed", "rejected"], **webhook)
    exports.load(range(40))
    assert exports.load([*range(2, 40), " nonsense"], dry_run=True).exit_code == 0
    exports.load(range(2, 40))
    assert exports.sweep("--plan").exit_code == 0
    assert got(box) == []


def test_receivers_that_never_answer_change_nothing_but_the_log(export, webhook, monkeypatch):
    monkeypatch.setattr(telling, "deliver", lambda letters: deliver(letters, 0.5))
    with silence() as place:
        settings = {"alert_urls": [f"json://{place}/"], "alert_rejected_percent": 0}
        settings |= webhook | {"alert_webhooks": [f"http://{place}/"]}
        rows = [record(EmailAddress="nonsense"), *MEMBERS[1:]]
        outcome = export(schema(), *rows, **settings)
    assert outcome.exit_code == 0
    assert outcome.states == ["end"]
    assert outcome.report["status"] == "completed"
    assert outcome.log.count("was not told: rejected (no answer in 0.5 seconds)") == 2


def test_what_a_run_could_not_tell_is_told_by_the_next(export, webhook, store, box):
    export = partial(export, **store.settings(), **webhook)
    box.status = 500
    export(schema(), record(EmailAddress="nonsense"))
    box.status, box.posts = 200, []
    export(*MEMBERS)
    assert events(box) == ["rejected", "recovered"]


def test_a_report_that_cannot_be_written_is_no_reason_not_to_tell(
    export, webhook, box, monkeypatch
):
    """The run fails of it, and somebody should know."""

    def full(*_):
        raise StorageError(["data_dir: the disk is full"])

    monkeypatch.setattr("target_constant_contact.listeners.report_file.write_whole", full)
    outcome = export(schema(), record(EmailAddress="nonsense"), **webhook)
    assert outcome.exit_code == 78
    assert events(box) == ["rejected"]


def test_the_report_in_the_folder_does_not_say_what_was_told(export, webhook, box):
    """What is kept from run to run is in the store, which all machines share."""
    outcome = export(schema(), record(EmailAddress="nonsense"), **webhook)
    assert events(box) == ["rejected"]
    assert "alerts" not in outcome.report
    assert outcome.report["streams"] == ["members"]
    assert outcome.report["replayed"] == []


def test_what_is_owed_is_shown_with_the_run(export, webhook, box):
    box.status = 500
    outcome = export(schema(), record(EmailAddress="nonsense"), **webhook)
    shown = call("runs", "show", "--data-dir", outcome.data_dir)
    assert shown.lines[shown.lines.index("Alerts") + 3].split() == [
        *("alert_webhooks", "http", "1"),
        *("rejected", "members"),
        "rejected",
    ]
    (told,) = call("runs", "show", "--json", "--data-dir", outcome.data_dir).json["alerts"]
    assert told["active"] == ["rejected members"]
    assert [one["event"] for one in told["owed"]] == ["rejected"]
