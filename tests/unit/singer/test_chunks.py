"""Chunks of records: what is decoded, and for which of them lists are looked at."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest

from target_constant_contact.batches.batch import Destination
from target_constant_contact.mapping.field_mapping import FieldMapping, MappingOptions
from target_constant_contact.mapping.paths import field_getter
from target_constant_contact.singer.chunks import Chunks, StreamChunks
from target_constant_contact.singer.passed_over import LeftRows
from target_constant_contact.singer.routes import RouteColumn

SCHEMA = {"properties": {name: {"type": "string"} for name in ("id", "email", "list", "other")}}
TODAY = MappingOptions(date(2026, 11, 24))
MAPPING = FieldMapping.compile("members", SCHEMA, {"email": "email"}, TODAY)


def chunks(asked: list[Any], **options: Any) -> StreamChunks:
    """Chunks of a stream whose records name their list; what is asked for is noted."""

    def destination_for(value: Any) -> Destination | None:
        asked.append(value)
        return Destination("members", (str(value),)) if value else None

    routes = RouteColumn(field_getter("list", SCHEMA), destination_for)
    return StreamChunks(MAPPING, routes, LeftRows("members", None, {}), **options)


def record(number: int, **values: Any) -> dict[str, Any]:
    return {"id": str(number), "email": f"m{number}@example.com", "list": f"L{number}"} | values


def test_the_lists_of_a_record_that_breaks_the_schema_are_not_looked_at():
    """Looking at them could make one."""
    asked: list[Any] = []
    stream = chunks(asked, is_valid=lambda item: item["other"] == "good")
    chunk = stream.map([record(0, other="good"), record(1, other="bad"), record(2, other="good")])
    assert "L1" not in asked
    assert {"L0", "L2"} <= set(asked)
    assert chunk.unfit == [1]


@pytest.mark.parametrize("options", [{}, {"is_valid": lambda _item: True}])
def test_a_record_that_is_deleted_in_the_source_comes_alone_and_makes_no_list(options):
    asked: list[Any] = []
    stream = chunks(asked, **options)
    deleted = [None, "2026-01-05", " ", False, "", 1]
    rows = [record(number, _sdc_deleted_at=value) for number, value in enumerate(deleted)]
    known = msgspec.json.decode(msgspec.json.encode(rows), type=list[stream.record_type])
    chunk = stream.map(known)
    assert chunk.unfit == [1, 5]
    assert {"L1", "L5"}.isdisjoint(asked)


def test_only_records_of_a_known_stream_are_decoded():
    known = Chunks()
    known.set("members", chunks([]))
    decode: Any = known.decode
    decode(b'{"type":"RECORD","stream":"members","record":{"id":"1","email":"a@example.com"}}')
    decode(b'{"type":"RECORD","stream":"members","record":{}}')
    for line in (
        b'{"type":"RECORD","stream":"others","record":{"id":"1"}}',
        b'{"type":"STATE","stream":"members","record":{"id":"1"}}',
    ):
        with pytest.raises(msgspec.MsgspecError):
            decode(line)


def test_interleaved_streams_keep_the_order_of_their_records():
    known = Chunks()
    for name in ("members", "others"):
        routes = RouteColumn(None, lambda _value, name=name: Destination(name))
        known.set(name, StreamChunks(MAPPING, routes, LeftRows("members", None, {})))
    decode: Any = known.decode
    text = b'{"type":"RECORD","stream":"%s","record":{"email":"m%d@example.com"}}'
    names = [b"members", b"others", b"others", b"members"]
    chunk = known.map([decode(text % (name, number)) for number, name in enumerate(names)])
    assert [destination.stream.encode() for destination, _ in chunk.routes] == names
    assert list(chunk.keys) == [f"m{number}@example.com" for number in range(4)]


def test_a_further_stream_leaves_those_that_are_known_as_they_are():
    known = Chunks()
    known.set("members", chunks([]))
    decode: Any = known.decode
    text = b'{"type":"RECORD","stream":"members","record":{"email":"a@example.com"}}'
    message = decode(text)
    known.set("others", chunks([]))
    decode = known.decode
    assert type(decode(text)) is type(message)
    assert list(known.map([message, decode(text)]).keys) == ["a@example.com"] * 2
