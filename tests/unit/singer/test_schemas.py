"""Schemas of taps, as singer-sdk can use them."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st
from singer_sdk.helpers._flattening import flatten_schema

from target_constant_contact.singer.schemas import usable

EMAIL = {"email": {"type": "string"}}
ODD = [
    True,
    False,
    None,
    {"$ref": "shared/discount.json#/"},
    {"anyOf": [{"$ref": "#/definitions/x"}, {"type": "null"}]},
    {"anyOf": [{"type": "null"}, {"type": "string"}]},
    {"oneOf": [True, {"type": "null"}]},
    {"enum": ["a", "b"]},
    {"enum": [{"a": 1}]},
    {"required": ["a"]},
    {"type": None},
]
DEEP = {"type": "object", "properties": {"a": {"anyOf": [{"$ref": "x"}]}, "b": True}}


@pytest.mark.parametrize("properties", [{}, {"properties": None}, {"properties": []}])
def test_a_schema_without_properties_has_none(properties):
    assert usable({"type": "object"} | properties, flattened=False) == {
        "type": "object",
        "properties": {},
    }


@pytest.mark.parametrize("odd", [*ODD, DEEP])
def test_what_singer_sdk_cannot_flatten_becomes_a_field_of_any_kind(odd):
    schema = {"type": "object", "properties": EMAIL | {"odd": odd}}
    before = copy.deepcopy(schema)
    flat = flatten_schema(usable(schema, flattened=True), max_level=3)
    assert schema == before
    fields = flat["properties"].keys() - {"email"}
    assert fields == ({"odd__a", "odd__b"} if odd == DEEP else {"odd"})


@pytest.mark.parametrize("odd", ODD[3:])
def test_a_stream_that_is_not_flattened_keeps_its_properties(odd):
    schema = {"type": "object", "properties": EMAIL | {"odd": odd}}
    assert usable(schema, flattened=False) == schema


nodes = st.recursive(
    st.fixed_dictionaries({"type": st.sampled_from(["string", "object", "array", "integer"])})
    | st.fixed_dictionaries({"type": st.just(["null", "string"])})
    | st.just({"$ref": "elsewhere.json"}),
    lambda inner: st.one_of(
        st.fixed_dictionaries({"anyOf": st.lists(inner, max_size=2)}),
        st.fixed_dictionaries(
            {
                "type": st.just("object"),
                "properties": st.dictionaries(st.sampled_from("ab"), inner),
            }
        ),
    ),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from("abc"), nodes), st.integers(1, 3))
def test_any_schema_can_be_flattened(properties, depth):
    flatten_schema(usable({"properties": properties}, flattened=True), max_level=depth)
