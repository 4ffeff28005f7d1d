"""A run of version 0.8 that was interrupted is taken up by one of this version."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime

import pytest
from filelock import FileLock

from target_constant_contact.sandbox import Fault
from tests.support.stores import Store
from tests.support.target import imported, member, schema, state

IMPORT = "/activities/contacts_json_import"
MESSAGES = [schema(), *map(member, range(6)), state("end")]


@pytest.fixture(params=["file", "server"])
def store(request, tmp_path):
    """Where the next run keeps what lasts: on each database, and empty."""
    if request.param == "file":
        return Store(tmp_path)
    return Store(tmp_path, request.getfixturevalue("postgres").new_url())


@pytest.fixture
def left_by_0_8(sandbox, export, tmp_path):
    """The data folder of an interrupted run; two of its three imports have landed."""
    sandbox.add_fault(Fault("POST", IMPORT, nth=3, action="quota_exceeded"))
    assert export(*MESSAGES, batch_size_rows=2).exit_code == 75
    data = tmp_path / "data"
    write_as_0_8(data)
    return data


def write_as_0_8(data):
    """Write what the store in a data folder knows as version 0.8 did, and remove the store."""
    with closing(sqlite3.connect(data / "store.sqlite")) as db:
        db.row_factory = sqlite3.Row
        (run,) = db.execute("SELECT * FROM open_runs")
        entries = db.execute("SELECT * FROM entries ORDER BY number").fetchall()
        said = db.execute("SELECT number, said FROM fingerprints").fetchall()
        key = db.execute("SELECT value FROM secrets WHERE name = 'ledger key'").fetchone()[0]
    folder = data / "ledger" / run["account"] / run["export"]
    folder.mkdir(parents=True)
    (data / "ledger" / "key").write_text(key)
    (folder / "lock").touch()
    for row in said:
        (folder / f"{row['number']}.fingerprints").write_bytes(row["said"])
    begun = line("run", run["begun_at"], run=run["run"], key=run["key"])
    lines = [begun, *(text for entry in entries for text in of_entry(entry))]
    (folder / "journal.jsonl").write_text("".join(lines))
    for path in [*data.glob("store.sqlite*"), data / "runs-in-store"]:
        path.unlink()


def of_entry(entry):
    names = ("number", "content", "stream", "rows", "file_name")
    at = entry["began_at"]
    yield line("sent", at, **{name: entry[name] for name in names})
    if entry["activity_id"]:
        made = moment(entry["created_at"]) if entry["created_at"] else None
        known = {"activity_id": entry["activity_id"], "created_at": made}
        yield line("accepted", at, number=entry["number"], **known)
    if entry["state"] not in {"sent", "accepted"}:
        yield line(entry["state"], at, number=entry["number"])


def line(kind, at, **values):
    return json.dumps({"line": kind, "at": moment(at), **values}) + "\n"


def moment(timestamp):
    return datetime.fromtimestamp(timestamp, UTC).isoformat()


def test_what_it_has_imported_is_not_sent_again(sandbox, export, left_by_0_8, store):
    settings = store.settings() | {"data_dir": str(left_by_0_8)}

    outcome = export(*MESSAGES, batch_size_rows=2, **settings)

    assert (outcome.exit_code, outcome.states) == (0, ["end"])
    assert sum(imported(sandbox)) == 6
    assert outcome.log.count("Taken over from an earlier version") == 1
    assert "what 1 interrupted export had sent (ledger is now ledger.old)" in outcome.log
    assert "2 of 2 imports of interrupted runs were taken up, with 4 rows" in outcome.log
    assert not (left_by_0_8 / "ledger").exists()
    assert not list(left_by_0_8.glob("ledger.old/key"))

    again = export(*MESSAGES, batch_size_rows=2, **settings)
    assert "Taken over" not in again.log
    assert sum(imported(sandbox)) == 6 + 6


def test_one_that_is_under_way_is_not_disturbed(sandbox, export, left_by_0_8, store):
    (lock,) = left_by_0_8.glob("ledger/*/*/lock")
    settings = store.settings() | {"data_dir": str(left_by_0_8)}

    with FileLock(lock):
        outcome = export(*MESSAGES, batch_size_rows=2, **settings)

    assert outcome.exit_code == 75
    assert "A run of an earlier version is under way" in outcome.log
    assert sum(imported(sandbox)) == 4
    assert export(*MESSAGES, batch_size_rows=2, **settings).exit_code == 0
    assert sum(imported(sandbox)) == 6


def test_a_damaged_journal_is_told_of_and_all_is_sent_again(sandbox, export, left_by_0_8, store):
    (journal,) = left_by_0_8.glob("ledger/*/*/journal.jsonl")
    journal.write_text("{\n" + journal.read_text())

    outcome = export(
        *MESSAGES, batch_size_rows=2, **store.settings() | {"data_dir": str(left_by_0_8)}
    )

    assert outcome.exit_code == 0
    assert f"The journal of an interrupted run is damaged ({journal})" in outcome.log
    assert sum(imported(sandbox)) == 4 + 6


def test_with_the_key_lost_all_is_sent_again(sandbox, export, left_by_0_8, store):
    (left_by_0_8 / "ledger" / "key").unlink()

    outcome = export(
        *MESSAGES, batch_size_rows=2, **store.settings() | {"data_dir": str(left_by_0_8)}
    )

    assert outcome.exit_code == 0
    assert "The store's ledger key is not that of the interrupted run" in outcome.log
    assert sum(imported(sandbox)) == 4 + 6
    assert len(sandbox.members("Newsletter")) >= 6


def test_another_machine_has_run_the_export_into_the_database_since(
    sandbox, export, left_by_0_8, postgres, tmp_path
):
    """What the database knows is newer, and is not written over."""
    store = Store(tmp_path, postgres.new_url())
    others = store.settings() | {"data_dir": str(tmp_path / "another")}
    assert export(*MESSAGES, batch_size_rows=2, **others).exit_code == 0

    outcome = export(
        *MESSAGES, batch_size_rows=2, **store.settings() | {"data_dir": str(left_by_0_8)}
    )

    assert outcome.exit_code == 0
    assert "interrupted" not in outcome.log
    assert sum(imported(sandbox)) == 4 + 6 + 6
    shutil.rmtree(left_by_0_8)
