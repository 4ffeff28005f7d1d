"""Lines: how they are cut, and which of them are handled together."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_constant_contact.batches.chunk import Chunk
from target_constant_contact.exceptions import InputError
from target_constant_contact.singer import json_lines as room
from target_constant_contact.singer.chunks import decoder
from target_constant_contact.singer.json_lines import Block, cut, hand_over, is_deeper, load
from tests.support.timing import best_of

NUMBERS = msgspec.json.Decoder(int).decode


@dataclass
class Handler:
    """Takes chunks of JSON integers; notes what is handled, and how."""

    lines: list[bytes]
    decodes: bool = True
    left: frozenset[int] = frozenset()
    seen: list[Any] = field(default_factory=list)

    @property
    def decode(self):
        return NUMBERS if self.decodes else None

    def map(self, decoded):
        return Chunk([], decoded, [], [])

    def take(self, chunk, start):
        for place in range(start, len(chunk.keys)):
            if chunk.keys[place] in self.left:
                return place
            self.seen.append(chunk.keys[place])
        return len(chunk.keys)

    def alone(self, position):
        self.seen.append(self.lines[position].removesuffix(b"\n"))


def handled(text: bytes, **options: Any) -> list[Any]:
    block = Block.of(text)
    handler = Handler(list(block.lines), **options)
    hand_over(block, handler)
    return handler.seen


@pytest.fixture(autouse=True)
def _chunks_of_any_length(monkeypatch):
    monkeypatch.setattr(room, "SHORTEST_CHUNK", 1)


@given(st.lists(st.binary(max_size=12), max_size=12))
def test_no_byte_is_lost_or_doubled_by_cutting(pieces):
    pieces = [piece for piece in pieces if piece]
    blocks = list(cut(pieces, InputError))
    found = [line for block in blocks for line in block.lines]
    text = b"".join(pieces)
    assert b"".join(found) == text
    assert all(line.endswith(b"\n") for line in found[:-1])
    assert all(line.count(b"\n") <= 1 for line in found)


def test_lines_come_as_soon_as_they_are_whole():
    pieces = iter([b"1\n2", b"3\n", b"4"])
    blocks = cut(pieces, InputError)
    assert next(blocks).lines == [b"1\n"]
    assert next(blocks).lines == [b"23\n"]
    assert next(blocks).lines == [b"4"]


def test_what_cannot_be_decoded_is_handled_alone_in_its_place():
    assert handled(b'1\n"a"\n2\n3\n{}\n{}\n4') == [1, b'"a"', 2, 3, b"{}", b"{}", 4]


def test_what_a_chunk_leaves_is_handled_alone_in_its_place():
    assert handled(b"x\n1\n2\n3", left=frozenset({2})) == [b"x", 1, b"2", 3]


def test_a_chunk_may_leave_its_first_and_last_lines_and_all_of_them():
    assert handled(b"x\n1\n2\n3", left=frozenset({1, 3})) == [b"x", b"1", 2, b"3"]
    assert handled(b"1\n2", left=frozenset({1, 2})) == [b"1", b"2"]


def test_without_a_decoder_every_line_is_handled_alone():
    assert handled(b"1\n2", decodes=False) == [b"1", b"2"]


def test_a_chunk_that_is_too_short_is_handled_line_by_line(monkeypatch):
    monkeypatch.setattr(room, "SHORTEST_CHUNK", 3)
    assert handled(b"1\n2\nx\n3\n4\n5") == [b"1", b"2", b"x", 3, 4, 5]


@pytest.mark.parametrize(
    "line",
    [b'{"skipped":"\xff"}', b'{"skipped":"\xed\xa0\x80"}', b'{"skipped":%s}' % (b"9" * 4_301)],
)
def test_a_line_that_json_refuses_is_refused_although_the_decoder_passes_over_it(line):
    decode = msgspec.json.Decoder(msgspec.defstruct("Nothing", [], frozen=True)).decode
    decode(line)

    class Passing(Handler):
        @property
        def decode(self):
            return decode

    block = Block.of(b'{}\n%s\n{"skipped":"%s"}' % (line, b"x" * 5_000))
    handler = Passing(list(block.lines))
    hand_over(block, handler)
    assert [seen for seen in handler.seen if isinstance(seen, bytes)] == [line]
    assert len(handler.seen) == 3


@given(st.lists(st.text(max_size=3).map(str.encode) | st.binary(max_size=3), max_size=5))
def test_a_block_is_utf_8_if_all_of_its_lines_are(lines):
    text = b"\n".join(lines)
    is_utf8 = text.decode(errors="replace").encode() == text
    assert Block.of(text).is_utf8 == is_utf8


def test_an_error_names_the_fault_and_not_the_line():
    with pytest.raises(InputError) as caught:
        load(b'{"email": "ann@example.com"', lambda fault: InputError(f"Line 7 {fault}. Look."))
    assert str(caught.value).startswith("Line 7 is not JSON: ")
    assert "example.com" not in str(caught.value)


def test_a_fault_at_the_end_of_a_line_is_on_that_line():
    with pytest.raises(InputError, match=r"^Line 7 is not JSON: .* at column 7$"):
        load(b'{"a":1\n', lambda fault: InputError(f"Line 7 {fault}"))


def test_a_number_that_is_too_large_for_any_decimal_is_one_clear_line():
    line = b'{"a": 1e9999999999999999999}'
    with pytest.raises(InputError) as caught:
        load(line, lambda fault: InputError(f"Line 7 {fault}."))
    assert str(caught.value) == "Line 7 is not JSON: InvalidOperation."
    with pytest.raises(room.UNDECODED):
        decoder(dict[str, Any])(line)


def test_a_line_that_is_too_long_to_be_held_is_refused_before_it_is_read():
    read = []

    def pieces():
        yield b"1\n"
        while True:
            read.append(1 << 18)
            yield b" " * (1 << 18)

    blocks = cut(pieces(), lambda line, fault: InputError(f"Line {line} {fault}."))
    assert next(blocks).lines == [b"1\n"]
    with pytest.raises(InputError, match=r"Line 2 is longer than 16 MiB\."):
        next(blocks)
    assert sum(read) <= room.LONGEST_LINE + (1 << 18)


def test_lines_that_are_long_together_are_not_too_long():
    piece = b"1" * 1_000 + b"\n" + b"2" * 1_000
    blocks = list(cut([piece] * 20_000, InputError))
    assert sum(len(block.lines) for block in blocks) == 20_001


def test_long_runs_of_digits_take_no_longer_than_short_ones():
    """Runs all but as long as what is refused: each of their digits once was a beginning."""
    decode = room._carefully(msgspec.json.Decoder(msgspec.defstruct("Nothing", [])).decode)

    def seconds(run: int) -> float:
        line = b'{"skipped":"%s"}' % (b"%s," % (b"9" * run) * (1_000_000 // (run + 1)))
        return best_of(3, lambda: decode(line))

    assert seconds(4_299) < 8 * max(seconds(40), 0.02)


@pytest.mark.parametrize("before", [b"", b"a", b" -"])
def test_a_number_that_is_too_long_is_found_wherever_it_begins(before):
    line = b'{"skipped":"%s%s"}' % (before, b"9" * 4_300)
    with pytest.raises(ValueError, match=r"^$"):
        room._carefully(json.loads)(line)


@pytest.mark.parametrize("nested", [[], {}, {"a": []}, [[], {"b": {}}], "x", 1])
def test_levels_are_counted(nested):
    def levels(value):
        if not isinstance(value, (dict, list)):
            return 0
        return 1 + max(map(levels, value.values() if isinstance(value, dict) else value), default=0)

    depth = levels(nested)
    assert not is_deeper(nested, depth)
    assert depth == 0 or is_deeper(nested, depth - 1)


@pytest.mark.parametrize("decodes", [True, False])
def test_blank_lines_in_a_row_are_passed_over_together(decodes):
    seen = handled(b"1" + b"\n" * 100_000 + b"x" + b"\n" * 100_000 + b"2\n", decodes=decodes)
    assert [line for line in seen if line != b""] == (
        [1, b"x", 2] if decodes else [b"1", b"x", b"2"]
    )
    assert len(seen) <= 6
