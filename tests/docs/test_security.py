"""What SECURITY.md says is at rest is what runs and commands leave there, and nothing else is."""

from __future__ import annotations

import re
import sqlite3
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import pytest

from target_constant_contact.api.models import Activity
from target_constant_contact.api.oauth.connection import Application, Connection
from target_constant_contact.batches.batch import Destination, ImportBatch
from target_constant_contact.data_folder import DataFolder
from target_constant_contact.ledger.settlement import Settlement
from target_constant_contact.sandbox import Fault, Sandbox
from target_constant_contact.store.opening import open_store
from target_constant_contact.store.place import StorePlace
from target_constant_contact.verification.kept import KeptImports
from tests.docs import pages
from tests.support.connections import Connections
from tests.support.saying import saying
from tests.support.target import member, record, schema, state

if TYPE_CHECKING:
    from pathlib import Path

BATCH = ImportBatch(1, Destination("members"), None, 1, 0, b"{}", saying({}))
OF_SQLITE = re.compile(r"-(wal|shm|journal)$")


def patterns() -> list[str]:
    """The names in the table, with a `*` for each part that differs or is in a folder."""
    names = [pages.code(cells[0])[0] for cells in pages.rows(pages.marked("at rest"))]
    return [re.sub(r"<\w+>|/$", "*", name) for name in names]


@pytest.fixture
def files(sandbox: Sandbox, export: Any, tmp_path: Path) -> list[str]:
    """What lies in a data folder that has seen everything, an interrupted run first of all."""
    sandbox.add_fault(Fault("POST", "/activities/contacts_json_import", action="quota_exceeded"))
    assert export(schema(), member(1), record(EmailAddress="bad"), state("end")).exit_code == 75
    data = DataFolder(tmp_path / "data")
    (run,) = data.runs.iterdir()
    KeptImports(run, "json").add(
        BATCH, Activity("a", "completed"), Settlement(0, unexplained=1), 0.0
    )
    application = Application("an-app", None, "https://authz.example.com")
    data.connections.mkdir(mode=0o700)
    (data.connections / "old.json").touch(0o600)  # As version 0.8 may have left it.
    Connections(data.path).write(Connection("shop", application, refresh_token="a token"))
    Sandbox(data.sandbox).close()
    sqlite3.connect(data.requests).close()  # As an earlier version has left it.
    leave_ledger(data.ledgers)
    open_store(StorePlace(data)).close()
    found = [path for path in data.path.rglob("*") if path.is_file()]
    return [str(path.relative_to(data.path)) for path in found if not OF_SQLITE.search(path.name)]


def leave_ledger(place: Path) -> None:
    """Leave what an earlier version has had of its exports."""
    (place / "account" / "export").mkdir(parents=True)
    (place / "key").write_text("ab" * 64)
    (place / "account" / "export" / "journal.jsonl").touch()


def test_what_is_at_rest_is_in_the_table_and_the_reverse(files):
    names = patterns()
    assert [file for file in files if not any(fnmatchcase(file, name) for name in names)] == []
    assert [name for name in names if not any(fnmatchcase(file, name) for file in files)] == []


def test_the_reference_names_the_same_files():
    reference = pages.section(pages.DOCS / "reference" / "report-and-files.md", "Files")
    named = {pages.code(cells[0])[0].removeprefix("<data_dir>/") for cells in pages.rows(reference)}
    of_table = {pages.code(cells[0])[0] for cells in pages.rows(pages.marked("at rest"))}
    parts = {name for name in named if name.endswith("/")}
    assert {
        name for name in of_table if name not in named and not name.startswith((*parts,))
    } == set()
    assert {name for name in named - parts if name not in of_table} == set()


def test_what_holds_personal_data_or_tokens_is_marked():
    """In bold; such files are the ones to look after."""
    bold = {pages.code(row[0])[0] for row in pages.rows(pages.marked("at rest")) if "**" in row[1]}
    assert bold == {
        "connections/<name>.json.old",
        "runs/<run>/rejects.singer.jsonl",
        "runs/<run>/unverified/<n>",
        "sandbox.sqlite",
        "store.sqlite",
    }


def test_a_hole_is_reported_in_the_repository_and_no_address_is_invented():
    text = pages.read(pages.SECURITY)
    assert "/target-constant-contact/target-constant-contact/security/advisories/new)" in text
    assert "@" not in text
