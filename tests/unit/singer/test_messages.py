"""Lines of the input: what can be used, what cannot, and what an error may say."""

from __future__ import annotations

import io
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from target_constant_contact.batches.chunk import Chunk
from target_constant_contact.exceptions import InputError
from target_constant_contact.singer import json_lines
from target_constant_contact.singer.messages import MessageReader

if TYPE_CHECKING:
    from collections.abc import Iterator

RECORD = json.dumps({"type": "RECORD", "stream": "s", "record": {"email": "a@example.com"}})


class Handler:
    """Notes the messages that it gets, and what is asked of it between them."""

    decode = None

    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []
        self.events: list[tuple[str, bool]] = []
        self.errors: list[str] = []
        self.blocked = False
        self.stop_after: int | None = None

    def handle(self, _kind: str, message: dict[str, Any]) -> None:
        self.events.append(("message", self.blocked))
        self.seen.append(message)

    def check(self) -> None:
        self.events.append(("check", self.blocked))
        if len(self.seen) == self.stop_after:
            raise InputError("stop")

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        self.blocked = True
        yield
        self.blocked = False

    def abort(self, error: BaseException) -> None:
        self.errors.append(str(error))


def read(text: str, handler: Handler | None = None) -> Handler:
    handler = handler or Handler()
    MessageReader(handler).process_lines(io.StringIO(text), {})
    return handler


def test_messages_reach_their_handler_and_are_counted():
    handler = Handler()
    counts = MessageReader(handler).process_lines(io.StringIO(f"{RECORD}\n{RECORD}\n"), {})
    assert counts == {"RECORD": 2}
    assert handler.seen == [json.loads(RECORD)] * 2


def test_records_that_a_chunk_leaves_to_be_handled_alone_are_counted_once(monkeypatch):
    monkeypatch.setattr(json_lines, "SHORTEST_CHUNK", 1)

    class Leaving(Handler):
        decode = staticmethod(json.loads)

        def map(self, messages: list[Any]) -> Chunk:
            return Chunk([], messages, [], [])

        def take(self, chunk: Chunk, start: int) -> int:
            return max(start, 1) if start < 3 else len(chunk.keys)

    handler = Leaving()
    counts = MessageReader(handler).process_lines(io.StringIO(f"{RECORD}\n" * 5), {})
    assert len(handler.seen) == 2
    assert counts == {"RECORD": 5}


def test_blank_lines_are_passed_over():
    assert len(read(f"\n  \n{RECORD}\n\n").seen) == 1


def test_a_last_line_without_line_end_is_read():
    assert len(read(RECORD).seen) == 1


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
        ('{"type": "SCHEMA", "stream": "s", "schema": "a@example.com"}', "SCHEMA without 'schema'"),
        ('{"type": "SCHEMA", "stream": "s", "schema": {"properties": [1]}}', "properties that are"),
        ('{"type": "SCHEMA", "stream": "s", "schema": {"properties": "x"}}', "properties that are"),
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


MARK = "\ufeff"


@pytest.mark.parametrize("text", [f"{MARK}{RECORD}\r\n{MARK}\r\n", f"{RECORD}\r\n{MARK}{RECORD}"])
def test_byte_order_marks_and_windows_line_ends_are_passed_over(text):
    seen = read(text).seen
    assert seen == [json.loads(RECORD)] * len(seen)
    assert len(seen) == text.count("RECORD")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_called_by_its_name(tmp_path, encoding):
    path = tmp_path / "input"
    path.write_text(f"{RECORD}\n", encoding=encoding)
    fault = "Line 1 of the input is UTF-16, and not UTF-8"
    with path.open(encoding="utf-8") as file, pytest.raises(InputError, match=fault):
        MessageReader(Handler()).process_lines(file, {})


def test_bytes_that_are_not_utf_8_are_an_input_error(tmp_path):
    path = tmp_path / "input"
    path.write_bytes(RECORD.encode() + b'\n{"type": "RECORD\xff"}\n')
    with path.open(encoding="utf-8") as file, pytest.raises(InputError, match="is not UTF-8"):
        MessageReader(Handler()).process_lines(file, {})


def test_the_check_comes_before_each_line_and_what_it_raises_ends_the_run():
    handler = Handler()
    handler.stop_after = 1
    with pytest.raises(InputError, match="stop"):
        read(f"{RECORD}\n" * 3, handler)
    assert len(handler.seen) == 1
    assert handler.errors == ["stop"]


def test_only_waiting_for_input_may_be_interrupted():
    handler = read(f"{RECORD}\n")
    assert handler.events == [
        ("check", True),
        ("check", False),
        ("message", False),
        ("check", True),
    ]
    assert not handler.blocked
