"""What becomes of alerts from run to run, with a real store and real receivers."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import pytest

from target_constant_contact.alerts import memory, telling
from target_constant_contact.alerts.alerting import Alerting
from target_constant_contact.alerts.delivery import deliver
from target_constant_contact.events.events import Events
from target_constant_contact.events.kinds import RunBegun, RunEnded
from target_constant_contact.exceptions import StorageError
from target_constant_contact.listeners import alerts as listener
from target_constant_contact.redaction import json_text
from target_constant_contact.reports.counts import Counts
from target_constant_contact.reports.past_run import read_run
from target_constant_contact.settings.settings import Settings
from target_constant_contact.singer.target import TargetConstantContact
from target_constant_contact.store.postgres import PostgresServer
from target_constant_contact.store.run_row import RunRow
from target_constant_contact.store.runs import RunRows
from target_constant_contact.store.schema import OPEN_RUNS
from tests.support.alerts import SECRET
from tests.support.receivers import inbox, nobody, silence

START = datetime(2026, 6, 1, 3, tzinfo=UTC)


class Nights:
    """Runs of exports that share a store, one after the other."""

    def __init__(self, database, **settings):
        self.database = database
        self.rows = RunRows(database)
        self.day = 0
        self.set(**settings)

    def set(self, *places, **settings):
        webhooks = {"alert_webhooks": [f"http://{place}/" for place in places]} if places else {}
        known = {"sandbox": True, "lists": "N", "load_method": "overwrite", "alert_secret": SECRET}
        schema = TargetConstantContact.settings_schema()
        self.settings = Settings.parse(known | webhooks | settings, schema)

    def begin(self, kind="load", export="acc-exp"):
        """A run begins; return its name, and what tells its end."""
        self.day += 1
        started_at = START + timedelta(days=self.day)
        run = f"{started_at:%Y%m%dT%H%M%SZ}-{self.day:06x}"
        row = RunRow(run, started_at.timestamp(), "m", "f")
        self.rows.put(row)
        events = Events()
        listener.listen(events, self.settings, self.database)
        events.tell(RunBegun(run, kind, export, "f", started_at))
        account, _, own = export.partition("-")
        values = {"account": account, "export": own, "run": run, "begun_at": started_at.timestamp()}
        if kind == "load":
            self.database.run(lambda connection: connection.execute(OPEN_RUNS.insert(), values))

        def end(status="completed", error=None, rows=100, rejected=0, *, concluded=True, **members):
            counts = Counts(read=rows, landed=rows - rejected, rejected=rejected)
            place = {"stream": "a", "lists": [{"id": "1", "name": "N"}], **asdict(counts)}
            document = {
                "run": run,
                "kind": kind,
                "started_at": started_at.isoformat(),
                "ended_at": (started_at + timedelta(minutes=1)).isoformat(),
                "status": status,
                "error": error,
                "export": export,
                "account": "Acme",
                "totals": asdict(counts),
                "destinations": [place] if kind == "load" else [],
                "streams": ["a"] if kind == "load" else [],
                **members,
            }
            if status == "completed" and concluded:
                gone = OPEN_RUNS.delete().where(OPEN_RUNS.c.export == own)
                self.database.run(lambda connection: connection.execute(gone))
            self.rows.put(RunRow(run, started_at.timestamp(), "m", "f", f"{json_text(document)}\n"))
            events.tell(RunEnded(run, kind, export, "f", status, error, 60.0, 9, document))
            return run

        return run, end

    def night(self, kind="load", export="acc-exp", **facts):
        return self.begin(kind, export)[1](**facts)

    def fail(self, **facts):
        return self.night(status="failed", error="It broke", **facts)

    def told(self, run):
        return read_run(self.rows.read(run)).told


@pytest.fixture
def nights(database):
    return Nights(database)


def got(box):
    """The events that have come since this was asked last."""
    posts, box.posts = box.posts, []
    return [json.loads(post.body)["data"]["event"] for post in posts]


def test_one_message_for_a_failure_and_one_for_its_end(nights, box):
    nights.set(box.place)
    nightly = (nights.night, nights.fail, nights.fail, nights.night, nights.night)
    runs = [night() for night in nightly]
    assert got(box) == ["failed", "recovered"]
    assert [nights.told(run)[0].active for run in runs] == [
        (),
        ("failed a",),
        ("failed a",),
        (),
        (),
    ]
    assert not any(nights.told(run)[0].owed for run in runs)


def test_apprise_and_webhooks_are_told_the_same(nights, box):
    with inbox() as apprise:
        nights.set(box.place, alert_urls=[f"json://{apprise.place}/"])
        nights.fail()
    (post,) = apprise.posts
    assert "It broke" in json.loads(post.body)["message"]
    assert got(box) == ["failed"]


def test_where_nobody_is_named_nothing_is_kept_and_nothing_loaded(nights):
    events = Events()
    listener.listen(events, nights.settings, nights.database)
    assert events._listeners == ()
    assert nights.told(nights.fail()) is None


def test_exports_of_one_store_do_not_mix(nights, box):
    nights.set(box.place)
    nights.fail(export="acc-one")
    nights.night(export="acc-two")
    nights.fail(export="acc-two")
    assert got(box) == ["failed", "failed"]
    nights.night(export="acc-one")
    assert got(box) == ["recovered"]


def test_a_load_does_not_end_the_failure_of_a_sweep(nights, box):
    nights.set(box.place)
    nights.fail(kind="sweep")
    nights.night()
    assert got(box) == ["failed"]
    nights.night(kind="sweep")
    assert got(box) == ["recovered"]


def test_a_dry_run_tells_nobody_and_changes_nothing_also_when_it_fails(nights, box):
    nights.set(box.place)
    nights.fail()
    assert got(box) == ["failed"]
    nights.set(box.place, dry_run=True)
    runs = [nights.night(status="dry run", rejected=50), nights.fail()]
    assert got(box) == []
    assert [nights.told(run) for run in runs] == [None, None]
    nights.set(box.place)
    nights.night()
    assert got(box) == ["recovered"]


def test_rejected_rows_and_a_smaller_segment_are_told_in_one_run(nights, box):
    nights.set(box.place)
    nights.night(rows=1_000)
    nights.night(rows=500, rejected=50)
    assert got(box) == ["rejected", "shrunk"]


def test_a_segment_that_is_not_whole_does_not_shrink(nights, box):
    nights.set(box.place, load_method="upsert")
    nights.night(rows=1_000)
    nights.night(rows=1)
    assert got(box) == []


def test_people_who_were_taken_off_are_told_where_that_is_asked_for(nights, box):
    names = ("before", "stay", "taken_off", "not_ours", "left_by_themselves", "requests")
    one = dict.fromkeys(names, 0) | {"before": 9, "stay": 6, "taken_off": 3, "outcome": "swept"}
    swept = [one | {"stream": "a", "list_id": "1", "list_name": "N", "way": "", "reason": ""}]
    nights.set(box.place)
    nights.night(kind="sweep", swept=swept)
    assert got(box) == []
    nights.set(box.place, alert_on=["removed"])
    nights.night(kind="sweep", swept=swept)
    assert got(box) == ["removed"]


def test_what_could_not_be_delivered_is_told_with_the_next_run(nights, box, caplog):
    """With its name, so that a receiver that has had it after all can tell."""
    nights.set(box.place)
    box.status = 503
    failed = nights.fail()
    assert "alert_webhooks.0 (http://***) was not told: failed (answer 503)" in caplog.text
    (refused,) = box.posts
    assert [one.event for one in nights.told(failed)[0].owed] == ["failed"]
    box.status, box.posts = 200, []
    nights.fail()
    (post,) = box.posts
    assert post.headers["webhook-id"] == refused.headers["webhook-id"]
    assert json.loads(post.body)["data"]["run"] == failed
    nights.night()
    assert got(box)[1:] == ["recovered"]


def test_a_failure_that_nobody_has_heard_of_is_told_before_its_end(nights, box):
    nights.set(box.place)
    box.status = 503
    nights.fail()
    got(box)
    box.status = 200
    nights.night()
    assert got(box) == ["failed", "recovered"]


def test_one_receiver_that_is_gone_takes_nothing_from_another(nights, box):
    with nobody() as place:
        nights.set(place, box.place)
        nights.fail()
        run = nights.fail()
    assert got(box) == ["failed"]
    assert [len(one.owed) for one in nights.told(run)] == [1, 0]


def test_a_receiver_that_is_new_is_told_of_a_failure_that_lasts(nights, box):
    with inbox() as other:
        nights.set(other.place)
        nights.fail()
        nights.set(other.place, box.place)
        nights.fail()
        assert got(other) == ["failed"]
    assert got(box) == ["failed"]


def test_a_server_that_never_answers_holds_a_run_up_for_so_long(nights, monkeypatch, caplog):
    monkeypatch.setattr(telling, "deliver", lambda letters: deliver(letters, 0.3))
    with silence() as place:
        nights.set(place, place, alert_urls=[f"json://{place}/"])
        run = nights.fail()
    assert caplog.text.count("no answer in 0.3 seconds") == 3
    assert [len(one.owed) for one in nights.told(run)] == [1, 1, 1]


def test_a_run_that_is_killed_while_it_tells_owes_the_message(nights, box, monkeypatch):
    class KilledError(BaseException):
        pass

    def killed(*_):
        raise KilledError

    nights.set(box.place)
    with monkeypatch.context() as patch:
        patch.setattr(telling, "deliver", killed)
        with pytest.raises(KilledError):
            nights.fail()
    nights.night()
    assert got(box) == ["failed", "recovered"]


def test_a_run_that_was_killed_is_told_by_the_next_one(nights, box):
    nights.set(box.place)
    nights.night()
    killed, _ = nights.begin()
    nights.night()
    first, second = (json.loads(post.body)["data"] for post in box.posts)
    assert (first["event"], first["run"]) == ("failed", killed)
    assert "did not come to its end" in first["text"]
    assert second["event"] == "recovered"
    nights.night()
    assert len(box.posts) == 2


def test_a_killed_run_is_told_once_though_the_next_ones_fail(nights, box):
    nights.set(box.place)
    nights.night()
    killed, _ = nights.begin()
    failed = nights.fail()
    nights.fail()
    nights.night()
    first, second = (json.loads(post.body)["data"] for post in box.posts)
    assert (first["event"], second["event"]) == ("failed", "recovered")
    # While runs fail, it may be for one that is still under way: only one that ends well knows.
    assert first["run"] == failed != killed


def test_a_killed_run_is_told_once_though_its_traces_stay(nights, box):
    nights.set(box.place)
    killed, _ = nights.begin()
    nights.night(concluded=False)
    assert got(box) == ["failed", "recovered"]
    nights.night()
    assert killed
    assert got(box) == []


def test_a_run_of_the_same_export_that_is_under_way_was_not_killed(nights, box):
    """The later one waits for it, and gives up or goes on."""
    nights.set(box.place)
    _, end = nights.begin()
    _, end_of_later = nights.begin()
    end()
    end_of_later()
    assert got(box) == []


def test_neither_was_one_of_which_nobody_was_told(nights, box):
    _, end = nights.begin()
    nights.set(box.place)
    _, end_of_later = nights.begin()
    end()
    end_of_later()
    assert got(box) == []


def test_a_killed_run_of_another_export_is_not_told(nights, box):
    nights.set(box.place)
    nights.begin(export="acc-other")
    nights.night()
    assert got(box) == []


def test_a_run_that_gave_up_waiting_for_another_does_not_fail_it(nights, box):
    """It begins later and ends earlier; what the last to end has told is what counts."""
    nights.set(box.place)
    _, end = nights.begin()
    waiting = nights.fail()
    assert waiting
    end(ended_at=(START + timedelta(days=9)).isoformat())
    assert got(box) == ["failed", "recovered"]
    nights.night(ended_at=(START + timedelta(days=10)).isoformat())
    assert got(box) == []


def test_a_failure_is_told_whatever_the_clocks_of_the_machines_say(nights, box):
    """One is ahead: its failed run seems to have ended after all others."""
    nights.set(box.place)
    nights.fail(ended_at=(START + timedelta(days=300)).isoformat())
    nights.night()
    nights.night()
    nights.fail()
    assert got(box) == ["failed", "recovered", "failed"]


def test_loads_between_two_sweeps_do_not_have_their_failure_forgotten(nights, box, monkeypatch):
    monkeypatch.setattr(memory, "_MOST_RUNS", 3)
    nights.set(box.place)
    nights.fail(kind="sweep")
    for _ in range(4):
        nights.night()
    nights.night(kind="sweep")
    assert got(box) == ["failed", "recovered"]


def test_of_earlier_runs_no_more_is_held_than_is_asked_for(nights):
    """A report may have thousands of lists, and there may be a hundred reports."""
    runs = [nights.night(), nights.night(), nights.fail()]
    found = memory.AlertMemory(nights.database, "acc-exp").earlier("another", "load")
    assert [past.run for past in found] == runs[::-1]
    assert [len(past.destinations) for past in found] == [0, 1, 0]


def test_alerts_that_were_off_for_a_while_go_on_where_they_were(nights, box):
    nights.set(box.place)
    nights.fail()
    nights.set()
    nights.night()
    nights.fail()
    nights.set(box.place)
    nights.night()
    assert got(box) == ["failed", "recovered"]


@pytest.mark.parametrize(
    ("facts", "told"), [({}, []), ({"status": "failed", "error": "It broke"}, ["failed"])]
)
def test_a_store_that_is_gone_is_a_warning_and_a_failure_is_told_all_the_same(
    nights, box, caplog, facts, told
):
    nights.set(box.place)
    _, end = nights.begin()
    caplog.set_level(logging.WARNING)
    nights.rows.put = lambda _: None
    with nights.database.transaction() as connection:
        connection.exec_driver_sql("DROP TABLE runs")
    end(**facts)
    (line,) = (line for line in caplog.messages if "so it may be told again" in line)
    assert line.startswith("Alerts: what was told before is not known")
    assert got(box) == told


def test_a_failure_is_told_though_nothing_can_be_written(nights, box, caplog, monkeypatch):
    """As on a full disk, which is the failure."""

    def full(*_, **__):
        raise StorageError(["the disk is full"])

    nights.set(box.place)
    run, end = nights.begin()
    with monkeypatch.context() as patch:
        patch.setattr(RunRows, "report", full)
        end(status="failed", error="the disk is full")
    assert got(box) == ["failed"]
    assert nights.told(run) is None
    assert "is not kept, so it may be told again: the disk is full" in caplog.text


@pytest.mark.parametrize("interrupted", [[], ["a-run"]])
def test_a_store_that_is_gone_at_the_end_is_not_waited_for_once_more(nights, interrupted):
    """The record of the run has waited for it, and a run that is told to stop has little time."""
    waited = []
    server = PostgresServer("postgresql://a:b@127.0.0.1:1/none", sleep=waited.append)
    nights.set("127.0.0.1:1")
    alerts = Alerting(nights.settings, server)
    alerts._interrupted = interrupted
    document = {"status": "failed", "started_at": START.isoformat(), "ended_at": START.isoformat()}
    alerts.end(RunEnded("run", "load", "a-e", "f", "failed", "stopped", 1.0, 1, document))
    server.close()
    assert waited == []


def test_an_address_in_the_name_of_a_stream_or_list_is_in_no_message(nights, box):
    with inbox() as apprise:
        nights.set(box.place, alert_urls=[f"json://{apprise.place}/"])
        place = {"stream": "ann@example.com", "lists": [{"id": "1", "name": "of bob@example.com"}]}
        for read in (100, 10):
            counts = asdict(Counts(read=read, landed=0, rejected=read))
            nights.night(
                destinations=[place | counts],
                streams=["ann@example.com"],
                rejections=[
                    {
                        "rows": read,
                        "stream": "ann@example.com",
                        "reason": "no: cy@example.com",
                        "field": "",
                    }
                ],
            )
        bodies = b"".join(post.body for post in (*box.posts, *apprise.posts))
    assert b"<address>" in bodies
    assert b"@example" not in bodies
    assert got(box) == ["rejected", "shrunk"]


def test_a_name_cannot_say_what_the_run_does_not(nights, box):
    """No line of its own, and nothing that turns what people read around."""
    name = "a\n\nAll is well\u202e"
    place = {"stream": name, "lists": [{"id": "1", "name": name}]}
    counts = asdict(Counts(read=9, rejected=9))
    with inbox() as apprise:
        nights.set(box.place, alert_urls=[f"json://{apprise.place}/"])
        nights.night(destinations=[place | counts], streams=[name], account=name)
    message = json.loads(apprise.posts[0].body)["message"]
    assert "Stream a\\n\\nAll is well\\u202e: 9 of 9 rows" in message
    assert message.splitlines()[1:] == ["", "Account a\\n\\nAll is well\\u202e"]
    data = json.loads(box.posts[0].body)["data"]
    assert "\n" not in data["text"]
    assert data["stream"] == name
