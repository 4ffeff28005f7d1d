"""The rows of a ledger: all or nothing, and only with the export's lock."""

from __future__ import annotations

import os

import pytest
from sqlalchemy import Column, MetaData, Table, Text

from target_constant_contact.exceptions import TargetError, TryLaterError
from target_constant_contact.store.ledger import LedgerRows, living_runs
from target_constant_contact.store.schema import ENTRIES, OPEN_RUNS
from target_constant_contact.store.sqlite import SqliteFile
from tests.support.stored import fill, rows_in

OF_RUNS = ("open_runs", "entries", "fingerprints")


@pytest.fixture
def database(connect):
    return fill(connect(), {})


@pytest.fixture
def begin(database):
    """Begin a run that holds the lock of its export."""
    begun = []

    def begin(export="nightly", run="a-run", account="an-account"):
        rows = LedgerRows(database, account, export)
        assert rows.take_lock()
        rows.begin(run, "a-key")
        begun.append(rows)
        return rows

    yield begin
    for rows in begun:
        rows.release()


def entry(number, **facts):
    found = {"number": number, "content": f"{number:064x}", "stream": "members", "rows": 2}
    more = {"file_name": "", "state": "sent", "activity_id": "", "newest_before": None}
    return found | more | facts


def test_what_is_added_is_read_as_it_was_with_what_it_says_of_its_people(begin):
    rows = begin()
    at = [rows.add(entry(number), bytes([number] * 9)) for number in (2, 1)]
    found = rows.entries()
    assert [row["number"] for row in found] == [1, 2]
    assert found[1] == found[1] | entry(2) | {"began_at": at[0], "created_at": None}
    assert [rows.fingerprints(number) for number in (1, 2, 3)] == [b"\1" * 9, b"\2" * 9, None]


def test_entries_are_told_in_the_order_of_sending_whatever_was_written_last(begin):
    rows = begin()
    for number in (3, 1, 2):
        rows.add(entry(number), b"said")
    rows.change(1, durable=True, state="accepted")
    assert [row["number"] for row in rows.entries()] == [1, 2, 3]


def test_an_entry_that_cannot_be_added_leaves_nothing_of_it(begin, database):
    rows = begin()
    rows.add(entry(1), b"said")
    with database.transaction() as connection:
        connection.execute(ENTRIES.delete())
    before = rows_in(database)
    with pytest.raises(TargetError):
        rows.add(entry(1), b"said otherwise")
    assert rows_in(database) == before


def test_a_change_is_of_its_entry_in_its_export_only(begin):
    rows, other = begin(), begin("weekly")
    for each in (rows, other):
        each.add(entry(1), b"")
        each.add(entry(2), b"")
    rows.change(2, durable=True, state="accepted", activity_id="an-id")
    assert [row["state"] for row in rows.entries()] == ["sent", "accepted"]
    assert rows.entries()[1]["activity_id"] == "an-id"
    assert [row["state"] for row in other.entries()] == ["sent", "sent"]


def test_the_end_removes_all_of_its_export_and_nothing_of_others(begin, database):
    rows, other = begin(), begin("weekly")
    for each in (rows, other):
        each.add(entry(1), b"said")
    rows.end()
    found = rows_in(database)
    assert [[row["export"] for row in found[table]] for table in OF_RUNS] == [["weekly"]] * 3
    assert [row["export"] for row in found["exports"]] == ["nightly", "weekly"]


def own_columns():
    return Column("account", Text), Column("export", Text)


def test_an_end_that_fails_removes_nothing(begin, database, monkeypatch):
    rows = begin()
    rows.add(entry(1), b"said")
    before = rows_in(database)

    tables = (OPEN_RUNS, ENTRIES, Table("fingerprints_of_nobody", MetaData(), *own_columns()))
    monkeypatch.setattr("target_constant_contact.store.ledger._OF_RUNS", tables)
    with pytest.raises(TargetError):
        rows.end()
    assert rows_in(database) == before


def test_the_runs_since_the_last_good_end_are_known_the_latest_last(begin):
    rows = begin(run="z-first")
    rows.begin("a-second", "another-key")
    assert rows.open_runs() == [("z-first", "a-key"), ("a-second", "another-key")]
    rows.end()
    assert rows.open_runs() == []


@pytest.mark.parametrize("act", ["begin", "add", "change", "end"])
def test_every_write_leaves_a_trace_for_the_other_exports_to_the_account(connect, act):
    time = [1_000.0]
    database = fill(connect(clock=lambda: time[0]), {})
    rows = LedgerRows(database, "an-account", "nightly")
    other = LedgerRows(database, "an-account", "weekly")
    assert rows.take_lock()
    rows.begin("a-run", "a-key")
    rows.add(entry(1), b"")
    assert other.others_written_at() == 1_000
    time[0] = 2_000.5
    steps = {
        "begin": lambda: rows.begin("another", "a-key"),
        "add": lambda: rows.add(entry(2), b""),
        "change": lambda: rows.change(1, durable=False, state="settled"),
        "end": rows.end,
    }
    steps[act]()
    rows.release()
    assert other.others_written_at() == 2_000.5
    assert rows.others_written_at() == 0
    assert LedgerRows(database, "another", "weekly").others_written_at() == 0


def test_nothing_is_written_without_the_lock(database):
    rows = LedgerRows(database, "an-account", "nightly")
    with pytest.raises(RuntimeError, match="lock is not held"):
        rows.begin("a-run", "a-key")
    assert rows_in(database)["exports"] == []


def test_only_one_holds_the_lock_of_an_export_over_all_who_use_the_store(begin, connect):
    first = begin()
    other = fill(connect(), {})
    rows = LedgerRows(other, "an-account", "nightly")
    assert [rows.take_lock(), rows.take_lock()] == [False, False]
    weekly = LedgerRows(other, "an-account", "weekly")
    assert weekly.take_lock()
    weekly.release()
    first.release()
    assert rows.take_lock()
    rows.release()


WRITES = {
    "begin": lambda rows: rows.begin("another", "a-key"),
    "add": lambda rows: rows.add(entry(2), b"said"),
    "change": lambda rows: rows.change(1, durable=True, state="settled"),
    "end": lambda rows: rows.end(),
}


@pytest.mark.parametrize("connect", ["server", "server with a schema"], indirect=True)
@pytest.mark.parametrize("act", WRITES)
def test_who_has_lost_the_lock_writes_nothing_also_when_the_server_is_there(
    begin, database, postgres, act
):
    rows = begin()
    rows.add(entry(1), b"said")
    before = rows_in(database)
    assert postgres.terminate(only_locks=True) == 1
    for _ in range(3):
        with pytest.raises(TryLaterError):
            WRITES[act](rows)
    assert rows_in(database) == before
    successor = LedgerRows(database, "an-account", "nightly")
    assert successor.take_lock()
    with pytest.raises(TryLaterError):
        WRITES[act](rows)
    successor.release()
    assert rows_in(database) == before


def test_runs_are_living_as_long_as_the_last_of_their_export_holds_the_lock(begin, database):
    rows = begin(run="interrupted")
    rows.begin("under way", "a-key")
    dead = begin("weekly", run="dead")
    dead.release()
    assert living_runs(database) == {"interrupted", "under way"}
    rows.release()
    assert living_runs(database) == set()


def test_the_file_does_not_grow_from_run_to_run(tmp_path):
    path = tmp_path / "store.sqlite"
    sizes = []
    for run in range(20):
        database = fill(SqliteFile(path), {})
        rows = LedgerRows(database, "an-account", "nightly")
        assert rows.take_lock()
        rows.begin(f"run-{run}", "a-key")
        for number in range(4):
            rows.add(entry(number), os.urandom(500_000))
        rows.end()
        rows.release()
        database.close()
        sizes.append(path.stat().st_size)
    assert max(sizes) < 500_000
