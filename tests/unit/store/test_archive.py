"""The lines of a store: what is no such file, newer or damaged is refused."""

from __future__ import annotations

import json

import pytest

from target_constant_contact.exceptions import SettingsError
from target_constant_contact.store.archive import TABLES, head, line_of, rows_of, tail

RUN = {"run": "r", "started_at": 1.5, "machine": "m", "folder": "f", "report": None}
SAID = {"account": "a", "export": "e", "number": 1, "said": b"\x00\xff"}


def lines_with(table, row):
    return [head(), line_of(TABLES[table], row), tail({table: 1})]


def read(lines):
    return [(table.name, row) for table, row in rows_of(lines, "x.jsonl")]


@pytest.mark.parametrize(("table", "row"), [("runs", RUN), ("fingerprints", SAID)])
def test_a_row_is_read_as_it_was_written(table, row):
    assert read(lines_with(table, row)) == [(table, row)]


def test_an_empty_store_can_be_on_its_way():
    assert read([head(), tail({})]) == []


@pytest.mark.parametrize("first", [b"", b"{}\n", b"[]\n", b"\x80\n", b'{"type":"STATE"}\n'])
def test_another_file_is_none(first):
    with pytest.raises(SettingsError) as caught:
        read([first])
    assert str(caught.value) == (
        "x.jsonl is no export of a store; name a file that target-constant-contact store export "
        "has made"
    )


@pytest.mark.parametrize("name", ["version", "schema"])
def test_a_newer_one_is_refused(name):
    newer = json.dumps(json.loads(head()) | {name: 99}).encode()
    with pytest.raises(SettingsError) as caught:
        read([newer, tail({})])
    assert str(caught.value) == (
        "x.jsonl was exported by a newer version; nothing was changed. Install the newest "
        "target-constant-contact here, too"
    )


@pytest.mark.parametrize(
    "change",
    [
        {"started_at": "1.5"},
        {"started_at": None},
        {"started_at": 1},
        {"machine": "a\0b"},
        {"run": 5},
    ],
    ids=str,
)
def test_a_value_of_another_kind_is_damage(change):
    with pytest.raises(SettingsError) as caught:
        read(lines_with("runs", RUN | change))
    assert str(caught.value) == (
        "x.jsonl is cut off or damaged behind row 0; nothing was changed. Export the store anew"
    )


@pytest.mark.parametrize("number", [1 << 63, True, 1.0])
def test_a_number_that_no_column_takes_is_damage(number):
    with pytest.raises(SettingsError, match="damaged"):
        read(lines_with("fingerprints", SAID | {"number": number}))


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"null\n",
        b"[" * 100_000,
        b'{"table":"store","row":{"version":1}}\n',
        b'{"table":"runs"}\n',
        tail({"runs": 2}),
    ],
    ids=range(6),
)
def test_a_damaged_line_is_refused(line):
    lines = lines_with("runs", RUN)
    with pytest.raises(SettingsError, match="behind row 1;"):
        read([*lines[:2], line, lines[2]])


def test_nothing_may_come_behind_the_last_line():
    with pytest.raises(SettingsError, match="damaged"):
        read([*lines_with("runs", RUN), head()])
