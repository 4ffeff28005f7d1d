"""A store on its way: of one moment, encrypted, and in little memory."""

from __future__ import annotations

import json
import tracemalloc

import pytest
from sqlalchemy import delete

from target_constant_contact.exceptions import SettingsError, TryLaterError
from target_constant_contact.store import standstill
from target_constant_contact.store.archive import rows_of
from target_constant_contact.store.cipher import Cipher
from target_constant_contact.store.exporting import Export
from target_constant_contact.store.postgres import PostgresServer
from target_constant_contact.store.schema import CONNECTIONS, EXPORTS, RUNS
from target_constant_contact.store.sqlite import SqliteFile
from tests.support.stored import (
    KEY,
    LEDGER_KEY,
    NEW_KEY,
    OTHER_KEY,
    TOKEN,
    documents,
    export_rows,
    fill,
    rows_in,
)


@pytest.fixture
def filled(connect):
    return fill(connect())


def lines_of(database, keys=NEW_KEY):
    export = Export(database, Cipher(keys))
    with export.standstill():
        return [*export.lines()]


def test_every_row_is_exported_with_its_values(filled):
    found = {name: [] for name in rows_in(filled)}
    cipher = Cipher(NEW_KEY)
    for table, row in rows_of(lines_of(filled), "a file"):
        for hidden in {"document", "value"} & row.keys():
            row[hidden] = cipher.show(row[hidden])
        found[table.name].append(row)
    assert found == rows_in(filled)
    assert all(found.values())


def test_nothing_secret_is_exported_in_clear(filled):
    text = b"".join(lines_of(filled)).decode()
    assert TOKEN not in text
    assert LEDGER_KEY not in text
    assert NEW_KEY not in text


def test_what_the_keys_do_not_open_is_not_exported(opened, postgres):
    database = fill(opened(PostgresServer(postgres.new_url())))
    database.cipher = Cipher(OTHER_KEY)
    with pytest.raises(SettingsError) as caught:
        lines_of(database)
    assert str(caught.value) == (
        f"store_key does not open connection 'shop' in the store at {database.place}, which was "
        "encrypted with another key; no token was used, and nothing was changed. Set that "
        "key, or several with commas between them"
    )


@pytest.mark.parametrize("what", ["connection shop", "export account-1/weekly"])
def test_what_is_being_used_is_not_exported(filled, connect, monkeypatch, what):
    monkeypatch.setattr(standstill, "_RENEWAL_SECONDS", 0.1)
    with connect().lock(what, 5), pytest.raises(TryLaterError) as caught:
        lines_of(filled)
    assert what.split()[-1] in str(caught.value)
    assert str(caught.value).endswith("Run this command again when that has ended")


@pytest.mark.parametrize("what", ["connection shop-é", "export account-1/nightly"])
def test_nobody_uses_what_is_being_exported(filled, connect, what):
    other = connect()
    with Export(filled, Cipher(KEY)).standstill(), other.lock(what, 0) as held:
        assert held is None
    with other.lock(what, 0) as held:
        assert held


@pytest.mark.parametrize(
    ("table", "row"),
    [
        (CONNECTIONS, {"name": "new", "document": "{}", "writes": 1}),
        (EXPORTS, {"account": "account-1", "export": "new", "written_at": 1.0}),
    ],
    ids=["a connection", "an export"],
)
def test_what_has_begun_meanwhile_stops_the_export(filled, table, row):
    export = Export(filled, Cipher(KEY))
    with export.standstill():
        with filled.transaction() as connection:
            connection.execute(table.insert().values(row))
        with pytest.raises(TryLaterError, match="new"):
            [*export.lines()]


def test_all_of_it_is_of_one_moment(filled, connect):
    other, export = connect(), Export(filled, Cipher(KEY))
    with export.standstill():
        lines = export.lines()
        found = [next(lines) for _ in range(2)]
        with other.transaction() as connection:
            connection.execute(delete(RUNS))
        found += lines
    assert len([line for line in found if b'"table":"runs"' in line]) == 2


def test_fingerprints_are_in_memory_one_at_a_time(connect):
    rows = export_rows("big", "run")
    rows["fingerprints"] = [
        rows["fingerprints"][0] | {"number": number, "said": bytes(1 << 20)} for number in range(30)
    ]
    export = Export(fill(connect(), rows), Cipher(KEY))
    rows.clear()
    tracemalloc.start()
    with export.standstill():
        size = sum(map(len, export.lines()))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size > 30 << 20
    assert peak < 10 << 20


def test_the_connections_can_be_removed_at_the_end(filled):
    export = Export(filled, Cipher(KEY))
    before = rows_in(filled)
    with export.standstill() as held:
        [*export.lines()]
        export.forget(held)
    assert rows_in(filled) == before | {"connections": []}


def test_nothing_of_a_removed_connection_is_left_on_the_disk(opened, file):
    """So many that whole pages of the file are empty afterwards."""
    names = [f"shop{number}" for number in range(60)]
    database = fill(opened(SqliteFile(file)), {"connections": documents(*names)})
    export = Export(database, Cipher(KEY))
    assert TOKEN.encode() in on_disk(file)
    with export.standstill() as held:
        [*export.lines()]
        export.forget(held)
    assert TOKEN.encode() not in on_disk(file)


def on_disk(file):
    return b"".join(path.read_bytes() for path in file.parent.iterdir())


def test_the_last_line_tells_the_counts(filled):
    assert json.loads(lines_of(filled)[-1]) == {
        "rows": {name: len(found) for name, found in rows_in(filled).items()}
    }
