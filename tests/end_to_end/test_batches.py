"""BATCH messages: the same mapping, checks, counts and promises as RECORD messages."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest

from target_constant_contact.singer import json_lines as room
from tests.support.target import run, settings_for

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA = {
    "type": "SCHEMA",
    "stream": "members",
    "schema": {"properties": {"email": {"type": "string"}, "first_name": {"type": "string"}}},
}
STATE = {"type": "STATE", "value": {"bookmark": 1}}
RECORDS = [
    {"email": f"m{number}@example.com", "first_name": f"Member {number}"} for number in range(9)
]
ODD = [{"email": "nobody"}, {"email": None}, {"email": "m1@example.com", "first_name": "Last"}]


def batch(path: Path, *records: Any, stream: str = "members") -> dict[str, Any]:
    text = b"".join(json.dumps(record).encode() + b"\n" for record in records)
    path.write_bytes(gzip.compress(text))
    return {
        "type": "BATCH",
        "stream": stream,
        "encoding": {"format": "jsonl", "compression": "gzip"},
        "manifest": [path.as_uri()],
    }


@pytest.fixture(params=[1, 1_000_000], ids=["in chunks", "alone"])
def shortest_chunk(request, monkeypatch):
    monkeypatch.setattr(room, "SHORTEST_CHUNK", request.param)


@pytest.mark.usefixtures("shortest_chunk")
def test_a_batch_is_what_its_records_are(sandbox, tmp_path):
    records = [*RECORDS[:5], *ODD, *RECORDS[5:]]
    messages = [{"type": "RECORD", "stream": "members", "record": record} for record in records]
    in_files = run(
        settings_for(sandbox, tmp_path / "files"),
        SCHEMA,
        batch(tmp_path / "a.gz", *records),
        STATE,
    )
    one_by_one = run(settings_for(sandbox, tmp_path / "records"), SCHEMA, *messages, STATE)
    assert in_files.exit_code == one_by_one.exit_code == 0
    assert in_files.totals == {"read": 12, "landed": 9, "merged": 1, "rejected": 1, "blank": 1}
    assert in_files.totals == one_by_one.totals
    assert in_files.rejected == one_by_one.rejected
    assert in_files.states == one_by_one.states == [1]
    assert sandbox.members("Newsletter").keys() >= {record["email"] for record in RECORDS}
    assert sandbox.members("Newsletter")["m1@example.com"]["first_name"] == "Last"


@pytest.mark.usefixtures("shortest_chunk")
def test_a_line_that_cannot_be_read_ends_the_run_and_state_stays_before_it(sandbox, tmp_path):
    good = batch(tmp_path / "a.gz", *RECORDS)
    bad = batch(tmp_path / "b.gz", *RECORDS, "m1@example.com")
    later = {"type": "STATE", "value": {"bookmark": 2}}
    outcome = run(settings_for(sandbox, tmp_path / "data"), SCHEMA, good, STATE, bad, later)
    assert outcome.exit_code == 1
    assert f"Line 10 of batch file {bad['manifest'][0]} is not a JSON object" in outcome.log
    assert "m1@example.com" not in outcome.log
    assert 2 not in outcome.states


def test_stream_maps_apply_to_batches(sandbox, tmp_path):
    settings = settings_for(
        sandbox,
        tmp_path / "data",
        stream_maps={"members": {"first_name": "first_name.upper()", "email": "email"}},
    )
    outcome = run(settings, SCHEMA, batch(tmp_path / "a.gz", *RECORDS))
    assert outcome.totals == {"read": 9, "landed": 9}
    assert sandbox.members("Newsletter")["m1@example.com"]["first_name"] == "MEMBER 1"


def test_a_batch_before_its_schema_is_one_clear_line(sandbox, tmp_path):
    other = batch(tmp_path / "a.gz", *RECORDS, stream="others")
    outcome = run(settings_for(sandbox, tmp_path / "data"), SCHEMA, other)
    assert outcome.exit_code == 1
    assert "'others' came before a corresponding schema" in outcome.log


@pytest.mark.parametrize("storage", [{}, {"params": {"auto_mkdir": False}}])
def test_the_settings_say_where_the_files_are(sandbox, tmp_path, storage):
    """Also without an encoding, which only taps need."""
    (tmp_path / "moved").mkdir()
    message = batch(tmp_path / "a.gz", *RECORDS)
    (tmp_path / "a.gz").rename(tmp_path / "moved" / "a.gz")
    root = (tmp_path / "moved").as_uri()
    settings = settings_for(
        sandbox, tmp_path / "data", batch_config={"storage": {"root": root} | storage}
    )
    outcome = run(settings, SCHEMA, message)
    assert outcome.totals == {"read": 9, "landed": 9}


def test_an_encoding_in_the_settings_changes_nothing(sandbox, tmp_path):
    config = {"encoding": {"format": "jsonl", "compression": "gzip"}}
    settings = settings_for(sandbox, tmp_path / "data", batch_config=config)
    assert run(settings, SCHEMA, batch(tmp_path / "a.gz", *RECORDS)).totals["landed"] == 9


MESSAGES = [{"type": "RECORD", "stream": "members", "record": each} for each in RECORDS]


@pytest.mark.usefixtures("shortest_chunk")
def test_a_file_of_singer_messages_is_what_its_records_are(sandbox, tmp_path):
    lines = [SCHEMA, *MESSAGES, STATE]
    outcome = run(
        settings_for(sandbox, tmp_path / "data"), SCHEMA, batch(tmp_path / "a.gz", *lines), STATE
    )
    assert outcome.totals == {"read": 9, "landed": 9}
    assert outcome.states == [1]
    assert "a.gz holds Singer messages" in outcome.log


@pytest.mark.usefixtures("shortest_chunk")
@pytest.mark.parametrize("described", [{"record": {}}, {}], ids=["in the schema", "mapped"])
def test_a_column_called_like_a_part_of_a_message_stays_one(sandbox, tmp_path, described):
    properties = {"properties": described, "additionalProperties": True}
    settings = settings_for(
        sandbox, tmp_path / "data", field_mapping={"email": "record.email", "job_title": "type"}
    )
    message = {**SCHEMA, "schema": properties}
    outcome = run(settings, message, batch(tmp_path / "a.gz", *MESSAGES))
    assert outcome.totals == {"read": 9, "landed": 9}
    assert sandbox.members("Newsletter")["m1@example.com"]["job_title"] == "RECORD"
