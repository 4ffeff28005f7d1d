"""The compiled check accepts nothing that the JSON schema of a stream forbids."""

from __future__ import annotations

import sys
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from singer_sdk.typing import DEFAULT_JSONSCHEMA_VALIDATOR

from target_constant_contact.singer.validation import compile_gate

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.integers(-(10**30), 10**30),
    st.sampled_from([Decimal("1.5"), Decimal("-0.25"), Decimal("1E+3"), Decimal("2.00")]),
    st.sampled_from(["", "a", "abc", "Zoë", "2020-01-01"]),
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner),
    max_leaves=5,
)
kinds = st.sampled_from(["string", "number", "null", "boolean", "object", "array"])
rules = st.one_of(
    st.fixed_dictionaries({"type": kinds | st.lists(kinds, min_size=1, max_size=3, unique=True)}),
    st.fixed_dictionaries({"type": st.just("string"), "format": st.just("date-time")}),
    st.fixed_dictionaries({"maxLength": st.integers(0, 3)}),
    st.fixed_dictionaries({"minimum": st.integers(-2, 2)}),
    st.fixed_dictionaries({"enum": st.lists(scalars, min_size=1, max_size=3)}),
    st.fixed_dictionaries({"$ref": st.just("#/$defs/text"), "maxLength": st.integers(0, 3)}),
)
schemas = st.recursive(
    rules,
    lambda inner: st.one_of(
        st.fixed_dictionaries({"anyOf": st.lists(inner, min_size=1, max_size=2)}),
        st.fixed_dictionaries({"items": inner}),
        st.fixed_dictionaries({"prefixItems": st.lists(inner, min_size=1, max_size=2)}),
        st.fixed_dictionaries({"properties": st.dictionaries(st.sampled_from("ab"), inner)}),
    ),
    max_leaves=4,
)
streams = st.fixed_dictionaries(
    {
        "properties": st.dictionaries(st.sampled_from("abc"), schemas),
        "$defs": st.just({"text": {"type": "string"}}),
    },
    optional={
        "dependentRequired": st.just({"a": ["b"]}),
        "required": st.lists(st.sampled_from("abc"), unique=True),
        "additionalProperties": st.booleans(),
    },
)


@settings(max_examples=500)
@given(streams, st.dictionaries(st.sampled_from("abcd"), values))
def test_what_is_accepted_fits_the_schema_and_what_fits_is_accepted(schema, record):
    assert compile_gate(schema)(record) == DEFAULT_JSONSCHEMA_VALIDATOR(schema).is_valid(record)


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"a": {"pattern": "^a"}}},
        {"anyOf": [{"patternProperties": {"^a": {}}}]},
        {"properties": {"a": {"$ref": "https://schemas.example.com/a.json"}}},
        {"type": "nonsense"},
    ],
)
def test_a_schema_that_may_be_read_in_two_ways_accepts_nothing_at_once(schema):
    assert not compile_gate(schema)({"a": "a"})


def test_without_the_extra_nothing_is_accepted_at_once_and_the_log_says_so(monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, "jsonschema_rs", None)
    caplog.set_level("INFO")
    assert not compile_gate({})({})
    assert "target-constant-contact[validation]" in caplog.text


def test_a_number_that_the_check_cannot_hold_is_left_to_jsonschema():
    assert compile_gate({"properties": {"a": {"type": "number"}}})({"a": Decimal("NaN")}) is False


def test_a_schema_does_not_make_the_target_fetch_anything(httpserver, tmp_path):
    httpserver.expect_request("/schema.json").respond_with_json({"type": "object"})
    file = tmp_path / "schema.json"
    file.write_text('{"type": "object"}')
    for url in (httpserver.url_for("/schema.json"), file.as_uri()):
        accepts = compile_gate({"$ref": url})
        assert not accepts({})
    assert httpserver.log == []
