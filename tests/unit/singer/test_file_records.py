"""Lines of batch files: bare records, or the Singer messages that some taps write there."""

from __future__ import annotations

import json
from typing import Any

import pytest

from target_constant_contact.exceptions import InputError
from target_constant_contact.singer.batch_files import FileBlock
from target_constant_contact.singer.file_records import FileRecords
from target_constant_contact.singer.json_lines import Block, hand_over

ANN = {"email": "ann@example.com"}


def records_of(*lines: Any, may_be_messages: bool = True, text: bytes | None = None) -> list[Any]:
    text = b"\n".join(json.dumps(line).encode() for line in lines) if text is None else text
    part = FileBlock("a.jsonl", 1, Block.of(text))
    seen: list[Any] = []
    records = FileRecords(part, "members", None, lambda *_: 0, seen.append, may_be_messages)
    hand_over(part.block, records)
    assert all(message["stream"] == "members" for message in seen)
    return [message["record"] for message in seen]


def record(stream: str = "members", **more: Any) -> dict[str, Any]:
    return {"type": "RECORD", "stream": stream, "record": ANN} | more


def test_record_messages_are_read_and_messages_about_the_stream_are_passed_over(caplog):
    found = records_of(
        {"type": "SCHEMA", "stream": "members", "schema": {"properties": {}}},
        record(),
        {"type": "ACTIVATE_VERSION", "stream": "members", "version": 1},
        record(version=1, time_extracted="2026-01-01T00:00:00Z"),
        {"type": "STATE", "value": {"bookmark": 1}},
    )
    assert found == [ANN, ANN]
    (said,) = caplog.messages
    assert said.startswith("Batch file a.jsonl holds Singer messages")


def test_a_message_of_another_stream_is_one_clear_line():
    with pytest.raises(InputError) as caught:
        records_of(record(), record("others"))
    assert str(caught.value) == (
        "Line 2 of batch file a.jsonl is a Singer message of another stream than 'members'. Look "
        "at that line of the file."
    )


@pytest.mark.parametrize(
    "line",
    [
        ANN,
        {"type": "RECORD"},
        {"type": "RECORD", "record": ANN},
        {"type": "RECORD", "stream": "members", "record": "vinyl"},
        {"type": "STATE", "value": "MA"},
        {"type": "BATCH", "stream": "members", "manifest": []},
        {"type": ["RECORD"], "stream": "members", "record": ANN},
    ],
)
def test_what_is_no_message_is_a_record(line):
    assert records_of(line) == [line]


def test_a_stream_with_such_columns_has_records_only():
    assert records_of(record(), may_be_messages=False) == [record()]


def test_byte_order_marks_windows_line_ends_and_blank_lines_are_passed_over():
    line = json.dumps(ANN).encode()
    mark = "\ufeff".encode()
    text = mark + line + b"\r\n\r\n" + mark + b"\r\n" + line + b"\r\n" + mark + line
    assert records_of(text=text) == [ANN] * 3


def test_a_file_in_utf_16_is_called_so():
    with pytest.raises(InputError, match=r"Line 1 of batch file a\.jsonl is UTF-16"):
        records_of(text=json.dumps(ANN).encode("utf-16"))
