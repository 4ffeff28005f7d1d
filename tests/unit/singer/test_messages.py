"""Lines of the input: what can be used, what cannot, and what an error may say."""

from __future__ import annotations

import io
import json

import pytest

from target_constant_contact.exceptions import InputError
from target_constant_contact.singer.messages import MessageReader

RECORD = json.dumps({"type": "RECORD", "stream": "s", "record": {"email": "a@example.com"}})


def read(text: str) -> tuple[list[dict[str, object]], MessageReader]:
    reader, seen = MessageReader(), []
    reader.process_lines(
        io.StringIO(text), {"RECORD": seen.append, "SCHEMA": seen.append, "STATE": seen.append}
    )
    return seen, reader


def test_messages_reach_their_callbacks_and_are_counted():
    reader = MessageReader()
    seen: list[object] = []
    counts = reader.process_lines(io.StringIO(f"{RECORD}\n{RECORD}\n"), {"RECORD": seen.append})
    assert counts == {"RECORD": 2}
    assert len(seen) == 2


def test_blank_lines_are_passed_over():
    seen, _ = read(f"\n  \n{RECORD}\n\n")
    assert len(seen) == 1


def test_a_last_line_without_line_end_is_read():
    seen, _ = read(RECORD)
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ('{"type": "RECORD", "email": "a@example.com"', "is not JSON"),
        ('["a@example.com"]', "is not a JSON object"),
        ('{"email": "a@example.com"}', "no message type"),
        ('{"type": "a@example.com"}', "no message type"),
        ('{"type": ["a@example.com"]}', "no message type"),
        ('{"type": "RECORD", "record": {"email": "a@example.com"}}', "RECORD without 'stream'"),
        ('{"type": "RECORD", "stream": "s", "record": "a@example.com"}', "without 'record'"),
        ('{"type": "SCHEMA", "stream": "s", "schema": {"x": "a@example.com"}}', "properties"),
        ('{"type": "SCHEMA", "stream": "s", "schema": {"properties": []}}', "properties"),
        (
            '{"type": "SCHEMA", "stream": "s", "schema": {"properties": {}}, "key_properties": 7}',
            "key_properties",
        ),
        (
            '{"type": "SCHEMA", "stream": "", "schema": {"properties": {}}, "key_properties": [1]}',
            "key_properties",
        ),
        ('{"type": "STATE", "value": "a@example.com"}', "without 'value'"),
        ("1" * 5_000, "is not JSON"),
        ("[" * 200_000, "is not JSON"),
    ],
)
def test_a_line_that_cannot_be_used_is_named_by_number_and_never_quoted(line, fault, caplog):
    with pytest.raises(InputError, match=rf"^Line 2 of the input .*{fault}") as caught:
        read(f"{RECORD}\n{line}\n")
    shown = f"{caught.value} {caplog.text}"
    assert "example.com" not in shown
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None or caught.value.__suppress_context__


def test_bytes_that_are_not_utf_8_are_an_input_error(tmp_path):
    path = tmp_path / "input"
    path.write_bytes(RECORD.encode() + b'\n{"type": "RECORD\xff"}\n')
    with path.open(encoding="utf-8") as file, pytest.raises(InputError, match="is not UTF-8"):
        MessageReader().process_lines(file, {"RECORD": lambda _message: None})


def test_the_check_comes_before_each_line_and_what_it_raises_reaches_on_error():
    reader, seen, errors = MessageReader(), [], []

    def check() -> None:
        if len(seen) == 1:
            raise InputError("stop")

    reader.check, reader.on_error = check, errors.append
    with pytest.raises(InputError, match="stop"):
        reader.process_lines(io.StringIO(f"{RECORD}\n" * 3), {"RECORD": seen.append})
    assert len(seen) == 1
    assert [str(error) for error in errors] == ["stop"]


def test_only_waiting_for_a_line_counts_as_blocked():
    reader, states = MessageReader(), []
    reader.check = lambda: states.append(("check", reader.blocked))
    reader.process_lines(
        io.StringIO(f"{RECORD}\n"),
        {"RECORD": lambda _message: states.append(("row", reader.blocked))},
    )
    assert states == [("check", True), ("check", False), ("row", False), ("check", True)]
    assert not reader.blocked
