"""A tap that means no good: one clear line, and nothing is fetched."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.target import TEXT, lines, member, schema, state

CHECKED = {"validate_records": True}
FLATTENED = {"flattening_enabled": True, "flattening_max_depth": 9}

NESTINGS = {
    "properties": ('{"type":"object","properties":{"a":', "}}"),
    "anyOf": ('{"anyOf":[', ',{"type":"null"}]}'),
    "items": ('{"type":"array","items":', "}"),
    "unknown": ('{"x":[', "]}"),
}


def nested(nesting: str, levels: int) -> str:
    """A stream whose field "a" has schemas in schemas, as a text: json cannot write all of it."""
    begin, end = NESTINGS[nesting]
    inner = f'{begin * levels}{{"type":"string"}}{end * levels}'
    message = json.dumps(schema(EmailAddress=TEXT, a=0)).replace(": 0", f": {inner}")
    return f"{message}\n{lines(member(1), state('end'))}"


@pytest.mark.parametrize("settings", [{}, FLATTENED])
@pytest.mark.parametrize("place", ["a", "EmailAddress"])
def test_a_schema_fetches_nothing_and_ends_in_one_line(export, httpserver, place, settings):
    httpserver.expect_request("/schema.json").respond_with_json({"type": "string"})
    reference = {"$ref": httpserver.url_for("/schema.json"), "type": "string"}
    properties = {"EmailAddress": TEXT, place: reference}
    outcome = export(
        schema(**properties), *(member(n, a="x") for n in range(20)), **CHECKED, **settings
    )
    assert outcome.exit_code == 1
    assert "The schema of stream 'members' cannot be used for validate_records: it" in outcome.log
    assert "refers to 'http://" in outcome.log
    assert "Unexpected" not in outcome.log
    assert httpserver.log == []


def test_a_schema_that_is_not_checked_may_refer_to_anything(export, httpserver):
    properties = {"EmailAddress": TEXT, "a": {"$ref": httpserver.url_for("/schema.json")}}
    messages = [schema(**properties), *(member(n, a="x") for n in range(20)), state("end")]
    outcome = export(*messages, validate_records=False)
    assert outcome.exit_code == 0
    assert outcome.states == ["end"]
    assert httpserver.log == []


@pytest.mark.parametrize("settings", [{}, CHECKED, FLATTENED])
@pytest.mark.parametrize("nesting", NESTINGS)
@pytest.mark.parametrize("levels", [101, 300])
def test_a_schema_that_is_nested_too_deeply_is_one_clear_line(export, nesting, levels, settings):
    outcome = export(text=nested(nesting, levels), **settings)
    assert outcome.exit_code == 1
    assert "Unexpected" not in outcome.log
    assert (
        "Line 1 of the input is a SCHEMA that is nested more than 100 levels deep. Run the tap "
        "alone"
    ) in outcome.log


@pytest.mark.parametrize("settings", [{}, CHECKED, FLATTENED])
@pytest.mark.parametrize(("nesting", "levels"), [("properties", 48), ("items", 96)])
def test_a_schema_that_is_nested_as_deeply_as_is_allowed_is_used(export, nesting, levels, settings):
    outcome = export(text=nested(nesting, levels), **settings)
    assert outcome.exit_code == 0, outcome.log
    assert outcome.states == ["end"]


@pytest.mark.parametrize("levels", [300, 900])
def test_a_record_that_is_nested_deeply_is_sent_as_it_is_or_rejected(export, levels):
    """Also with a schema that describes itself, and where rejected rows are written."""
    inner: Any = "x"
    for _ in range(levels):
        inner = {"a": inner}
    text = {"EmailAddress": TEXT, "a": {"$ref": "#/properties/a", "pattern": "x"}}
    for properties in ({"EmailAddress": TEXT}, text):
        bad = member("@", a=inner)
        outcome = export(
            schema(**properties), bad, *(member(n, a=inner) for n in range(9)), **CHECKED
        )
        assert "Unexpected" not in outcome.log
        assert outcome.totals["read"] == 10


@pytest.mark.parametrize("stream", [[], {}, None, 1, "others"], ids=repr)
def test_a_version_of_what_is_no_stream_says_nothing(export, stream):
    version = {"type": "ACTIVATE_VERSION", "stream": stream, "version": 1}
    outcome = export(schema(), version, member(1), version)
    assert outcome.exit_code == 0
