"""The rejected rows of a run are read from their file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from target_constant_contact.exceptions import DataError, StorageError
from target_constant_contact.reports.rejected_rows import rejected_streams
from target_constant_contact.reports.rejects import RejectsFile
from target_constant_contact.singer.encoding import readable_line
from tests.support.target import TEXT, record, schema

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "rejects.singer.jsonl"


def write(path: Path, *rows: tuple[Any, Any], evidence: str = "") -> None:
    file = RejectsFile(path, readable_line)
    for described, row in rows:
        file.write(described, row, "is blank", "EmailAddress", evidence=evidence)
    file.close()


def test_rows_are_counted_for_each_stream(path):
    people, others = schema(), schema("others", mail=TEXT)
    write(path, (people, record(FirstName="Ann")), (others, record("others", mail="x")))
    write(path, (people, record(FirstName="Bob")))
    streams = rejected_streams(path)
    assert {name: stream.rows for name, stream in streams.items()} == {"members": 2, "others": 1}


def test_columns_are_the_fields_in_their_order_and_what_was_said_of_the_rows(path):
    write(path, (schema(), record(Extra=1, FirstName="Ann", Another=2)))
    (stream,) = rejected_streams(path).values()
    assert stream.columns == [
        *("EmailAddress", "FirstName", "Extra", "Another"),
        *("_reject_reason", "_reject_field"),
    ]


def test_the_evidence_is_a_column_where_there_is_some(path):
    write(path, (schema(), record()), evidence="look-up of the address")
    (stream,) = rejected_streams(path).values()
    assert stream.columns[-1] == "_reject_evidence"


def test_a_schema_that_changes_adds_its_fields(path):
    write(path, (schema(a=TEXT), record(a="x")), (schema(b={"type": "integer"}), record(b=1)))
    (stream,) = rejected_streams(path).values()
    assert list(stream.fields) == ["a", "b"]
    assert stream.fields["b"] == {"type": "integer"}
    assert {"a", "b", "_reject_reason"} <= stream.schema["schema"]["properties"].keys()


def test_a_file_that_an_editor_has_saved_is_read(path):
    write(path, (schema(), record(FirstName="Jürgen")))
    text = path.read_text(encoding="utf-8").replace("\n", "\r\n")
    path.write_bytes(f"\ufeff{text}\r\n".encode())
    assert rejected_streams(path)["members"].rows == 1


@pytest.mark.parametrize(
    "line",
    [
        b'{"type": "RECORD", "stream": "members", "record": {"EmailAddress": "ann@example',
        b"[]",
        b'{"type": "RECORD", "stream": "members"}',
        b'{"type": ["RECORD"], "stream": "members", "record": {}}',
        b'{"type": "RECORD", "stream": 5, "record": {}}',
        b"\xff",
        b"[" * 100_000,
    ],
)
def test_a_damaged_line_is_named_and_not_quoted(path, line):
    write(path, (schema(), record()))
    with path.open("ab") as file:
        file.write(line)
    with pytest.raises(
        DataError, match=r"^Line 3 of .* is neither a SCHEMA nor a RECORD"
    ) as caught:
        rejected_streams(path)
    assert "ann" not in str(caught.value)


def test_a_file_that_cannot_be_read_is_named(path):
    with pytest.raises(StorageError, match=r"rejects\.singer\.jsonl"):
        rejected_streams(path)
