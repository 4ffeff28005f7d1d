"""Runs as rows of the store."""

from __future__ import annotations

from dataclasses import replace

import pytest

from target_constant_contact.exceptions import TryLaterError
from target_constant_contact.store.database import PAUSES
from target_constant_contact.store.postgres import PostgresServer
from target_constant_contact.store.run_row import RunRow
from target_constant_contact.store.runs import RunRows
from target_constant_contact.store.schema import OPEN_RUNS
from target_constant_contact.store.versions import prepare

DAY = 86_400.0


def row(day: float, name: str = "", report: str | None = "{}") -> RunRow:
    return RunRow(name or f"run {day}", day * DAY, "pod-1", "/data/runs/a", report)


@pytest.fixture
def database(connect):
    prepare(found := connect())
    return found


@pytest.fixture
def rows(database):
    return RunRows(database)


def open_(database, run):
    values = {"account": "a", "export": "e", "run": run, "begun_at": 1.0, "key": None}
    database.run(lambda connection: connection.execute(OPEN_RUNS.insert().values(values)))


def test_a_run_is_known_from_its_beginning_and_tells_at_its_end_what_has_come_of_it(rows):
    begun = row(1, report=None)
    rows.put(begun)
    assert rows.read("run 1") == begun
    ended = replace(begun, report='{"status": "completed", "account": "Käse 🧀"}')
    rows.put(ended)
    assert rows.read("run 1") == ended
    assert rows.newest() == [ended]
    assert rows.read("run 2") is None


def test_runs_are_told_newest_first_by_their_start_and_then_by_their_names(rows):
    for run in (row(2, "b"), row(3, "a"), row(2, "c"), row(1, "d")):
        rows.put(run)
    assert rows.names() == ["a", "c", "b", "d"]
    assert [found.run for found in rows.newest(2)] == ["a", "c"]


def test_runs_are_told_from_a_name_on_in_the_order_of_their_names(rows):
    """Whatever the database sorts by: names have digits, a dash and small letters."""
    names = ["20261129T030000Z-00000a", "20261129T030000Z-0000ff", "20261129T030001Z-000000"]
    for name in reversed(names):
        rows.put(row(1, name))
    assert [found.run for found in rows.after("", 2)] == names[:2]
    assert [found.run for found in rows.after("20261129T030000Z", 9)] == names
    assert [found.run for found in rows.after(names[1], 9)] == names[2:]
    assert rows.after(names[2], 9) == []


def test_runs_are_told_by_their_names_as_far_as_they_are_there(rows):
    rows.put(row(1, "a"))
    rows.put(row(2, "b", report=None))
    assert rows.named(["b", "c"]) == [row(2, "b", report=None)]
    assert rows.named([]) == []


def test_what_is_there_is_not_added_again(rows):
    rows.put(row(1, report="ended"))
    assert rows.add([row(1, report=None), row(2), row(3)]) == 2
    assert rows.read("run 1").report == "ended"
    assert rows.add([]) == 0


def test_a_run_that_others_have_deleted_is_there_again_at_its_end(rows):
    rows.put(row(1, report=None))
    assert rows.delete(ended_before=9 * DAY, dead_before=9 * DAY, spared=[]) == 1
    rows.put(row(1))
    assert rows.names() == ["run 1"]


def test_only_what_has_started_before_is_deleted(rows):
    for day in (1, 2, 3):
        rows.put(row(day))
    assert rows.delete(ended_before=2 * DAY, dead_before=0, spared=[]) == 1
    assert rows.names() == ["run 3", "run 2"]


def test_a_run_that_has_no_report_is_deleted_later(rows):
    rows.put(row(1, report=None))
    rows.put(row(2, report=None))
    assert rows.delete(ended_before=9 * DAY, dead_before=2 * DAY, spared=[]) == 1
    assert rows.names() == ["run 2"]


def test_what_may_be_taken_up_and_what_is_named_is_not_deleted(rows, database):
    for day in (1, 2, 3):
        rows.put(row(day))
    open_(database, "run 1")
    assert rows.taken_up() == {"run 1"}
    assert rows.delete(ended_before=9 * DAY, dead_before=0, spared=["run 2"]) == 1
    assert rows.names() == ["run 2", "run 1"]


def test_the_time_is_that_of_the_store(connect):
    prepare(database := connect(clock=lambda: 12.5))
    assert RunRows(database).now() == 12.5


def test_a_server_that_is_gone_is_asked_once_where_there_is_no_time(opened):
    waited = []
    rows = RunRows(opened(PostgresServer("postgresql://a:b@127.0.0.1:1/none", sleep=waited.append)))
    with pytest.raises(TryLaterError):
        rows.put(row(1), longest=0)
    assert waited == []
    with pytest.raises(TryLaterError):
        rows.put(row(1))
    assert waited == [*PAUSES]
