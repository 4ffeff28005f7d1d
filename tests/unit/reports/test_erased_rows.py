"""Rows of people who were erased are cut out of the files of rejected rows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from target_constant_contact.reports.erased_rows import erase_rows

if TYPE_CHECKING:
    from pathlib import Path

KAY = "kay@example.com"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "rejects.singer.jsonl"


def line(**values: Any) -> str:
    return json.dumps({"type": "RECORD", "stream": "members", "record": values}) + "\n"


SCHEMA = json.dumps({"type": "SCHEMA", "stream": "members", "schema": {}}) + "\n"


@pytest.mark.parametrize(
    "values",
    [
        {"email": KAY},
        {"email": " Kay@EXAMPLE.com\n"},
        {"id": 1, "person": {"contact": [{"address": "KAY@example.com"}]}},
        {"note": "Kay <kay@example.com> has asked"},
        {"note": "write to kay@example.com."},
        {"emails": "lou@example.com;kay@example.com"},
        {"kay@example.com": 1},
    ],
    ids=repr,
)
def test_a_row_in_which_the_address_stands_is_cut_out(file, values):
    rest = line(email="lou@example.com", note="\u00e9")
    file.write_text(SCHEMA + line(**values) + rest)
    assert erase_rows(file, {KAY}) == 1
    assert file.read_text() == SCHEMA + rest


@pytest.mark.parametrize(
    "values",
    [
        {"email": "mckay@example.com"},
        {"email": "kay@example.company"},
        {"email": "kay@example.com.au"},
        {"email": None, "note": "kay at example.com"},
        {"email": 5},
    ],
    ids=repr,
)
def test_a_row_of_another_person_stays(file, values):
    file.write_text(SCHEMA + line(**values))
    before = file.stat()
    assert erase_rows(file, {KAY}) == 0
    assert file.read_text() == SCHEMA + line(**values)
    assert file.stat().st_mtime_ns == before.st_mtime_ns


def test_a_file_without_a_row_is_deleted_and_one_that_is_not_there_is_none(file):
    file.write_text(SCHEMA + line(email=KAY) + "\n")
    assert erase_rows(file, {KAY}) == 1
    assert not file.exists()
    assert erase_rows(file, {KAY}) == 0


def test_lines_that_a_person_has_damaged_go_only_with_the_address(file):
    damaged = '{"type": "RECORD", "record": {"email": "lou@example.com"\n'
    of_kay = '{"type": "RECORD", "record": {"email": "Kay@example.com"\n'
    file.write_text("\ufeff" + SCHEMA + damaged + of_kay + "[1]\n")
    assert erase_rows(file, {KAY}) == 1
    assert file.read_text() == "\ufeff" + SCHEMA + damaged + "[1]\n"


def test_the_new_file_is_as_private_as_the_old_one(file):
    file.write_text(line(email=KAY) + line(email="lou@example.com"))
    erase_rows(file, {KAY})
    assert file.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in file.parent.iterdir()] == [file.name]
