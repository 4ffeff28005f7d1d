"""Record fields by path, and the check of a path against a schema."""

from __future__ import annotations

from types import MappingProxyType

import pytest

from target_constant_contact.mapping.paths import (
    as_spelled,
    described_at,
    field_getter,
    nested,
    path_fault,
    placed,
    types_of,
)

SCHEMA = {
    "type": "object",
    "properties": {
        "FirstName": {"type": ["string", "null"]},
        "a.b": {"type": "string"},
        "address": {
            "anyOf": [
                {"type": "null"},
                {"type": "object", "properties": {"city": {"type": "string"}}},
            ]
        },
        "emails": {
            "type": ["array", "null"],
            "items": {"type": "object", "properties": {"address": {"type": "string"}}},
        },
        "open": {
            "type": "object",
            "properties": {"known": {"type": "string"}},
            "additionalProperties": True,
        },
        "bare": {"type": ["object", "null"]},
        "tags": {"type": "array"},
        "pair": {"type": "array", "items": [{"type": "string"}, {"type": "string"}]},
        "closed": {"type": "object", "properties": {"x": {}}, "additionalProperties": False},
        "pattern": {"type": "object", "patternProperties": {"^x": {}}, "properties": {"k": {}}},
        "reference": {"$ref": "#/definitions/thing"},
        "anything": {},
        "nothing": None,
    },
}


@pytest.mark.parametrize(
    "path",
    [
        *("FirstName", "a.b", "address.city", "emails.0.address", "open.unknown", "bare.x.y"),
        *("tags.3.x", "pair.1", "closed.x", "pattern.xy", "reference.a.b", "anything.a"),
        *("nothing.a", "closed.x.y"),
    ],
)
def test_a_path_that_the_schema_has_or_leaves_open_is_no_fault(path):
    assert path_fault(SCHEMA, path) is None


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("FistName", "; did you mean 'FirstName'?"),
        ("firstname", "; did you mean 'FirstName'?"),
        ("qqqq", ""),
        ("address.ctiy", "; did you mean 'address.city'?"),
        ("emails.0.adress", "; did you mean 'emails.0.address'?"),
        ("emails.address", ""),
        ("FirstName.x", ""),
        ("tags.x", ""),
        ("closed.y", ""),
        ("a.c", ""),
    ],
)
def test_a_path_that_no_record_can_have_is_a_fault_with_close_matches(path, hint):
    assert path_fault(SCHEMA, path) == hint


def test_a_schema_without_properties_leaves_everything_open():
    assert path_fault({}, "x.y") is None
    assert path_fault({"type": "object"}, "x") is None
    assert path_fault({"properties": {"x": True}}, "x.y") is None


def test_additional_properties_leave_unknown_fields_open():
    assert path_fault({"properties": {"a": {}}, "additionalProperties": {}}, "x") is None
    assert path_fault({"properties": {"a": {}}, "additionalProperties": False}, "x") == ""


def test_a_flat_name_is_a_plain_key():
    assert nested(SCHEMA, "FirstName") is None
    assert nested(SCHEMA, "a.b") is None
    assert nested({}, "anything") is None


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("address.city", "Bonn"),
        ("emails.1.address", "b@example.com"),
        ("by.0", "zero"),
        ("emails.2.address", None),
        ("emails.-1.address", None),
        ("emails.²", None),
        ("emails.9999999999", None),
        ("emails.address", None),
        ("name.first", None),
        ("missing.city", None),
        ("address.missing.x", None),
        ("null.x", None),
    ],
)
def test_dots_walk_into_objects_and_digits_into_arrays(path, value):
    record = {
        "address": {"city": "Bonn"},
        "emails": [{"address": "a@example.com"}, {"address": "b@example.com"}],
        "by": {"0": "zero"},
        "name": "Ann",
        "null": None,
    }
    assert nested({}, path)(MappingProxyType(record)) == value


def test_types_are_gathered_over_unions():
    assert types_of({"oneOf": [{"type": "null"}, {"items": {}}, {"type": ["string"]}]}) == {
        "string"
    }
    assert types_of({"properties": {"a": {}}}) == {"object"}
    assert types_of({"items": {"type": "string"}}) == {"array"}


def test_any_field_can_be_read_by_the_rules_of_the_mapping():
    schema = {"properties": {"a.b": {}}}
    record = {"a.b": 1, "a": {"c": 2}}
    assert field_getter("a.b", schema)(record) == 1
    assert field_getter("a.c", schema)(record) == 2
    assert field_getter("missing", schema)(record) is None


@pytest.mark.parametrize(
    ("steps", "value"),
    [
        ([], 1),
        (["a", "b"], {"a": {"b": 1}}),
        (["1", "a"], [None, {"a": 1}]),
        (["a", "1"], {"a": [None, 1]}),
    ],
)
def test_what_is_put_at_a_path_is_read_back_from_there(steps, value):
    assert placed(None, steps, 1) == value


def test_what_is_there_already_stays():
    held = placed({"a": {"b": 1}}, ["a", "c"], 2)
    assert placed(held, ["list", "1"], 3) == {"a": {"b": 1, "c": 2}, "list": [None, 3]}
    assert placed([1], ["2"], 3) == [1, None, 3]
    assert placed({"0": 1}, ["1"], 2) == {"0": 1, "1": 2}


def test_an_array_is_made_up_to_its_thousandth_item_only():
    """A path may name item 999,999,999, and all items before it would be made."""
    assert len(placed(None, ["1000"], 1)) == 1_001
    assert placed(None, ["1001"], 1) == []
    assert placed(["kept"], ["999999999", "address"], 1) == ["kept"]


MARKED = {
    "properties": {
        "\ufeffEmail": {"type": "string"},
        "First\u00a0Name": {"type": "string"},
        "to": {"items": {"properties": {"\u200eaddress": {}}}},
        "\u200btwin": {},
        "twin\u200b": {},
        "plain": {},
        "\u200bplain": {},
        "\ufeff": {},
    }
}


@pytest.mark.parametrize(
    ("path", "spelled"),
    [
        ("Email", "\ufeffEmail"),
        ("\u200eEmail ", "\ufeffEmail"),
        ("First Name", "First\u00a0Name"),
        ("to.0.address", "to.0.\u200eaddress"),
        ("plain", "plain"),
        ("\u200bplain", "\u200bplain"),
    ],
)
def test_a_name_is_found_without_what_cannot_be_seen_in_it(path, spelled):
    assert as_spelled(MARKED, path) == spelled
    assert path_fault(MARKED, path) is None


def test_it_is_read_as_the_record_has_it():
    record = {"\ufeffEmail": "a", "to": [{"\u200eaddress": "b"}]}
    assert field_getter("Email", MARKED)(record) == "a"
    assert field_getter("to.0.address", MARKED)(record) == "b"


def test_names_that_look_the_same_are_shown_with_what_tells_them_apart():
    assert path_fault(MARKED, "twin") == r"; did you mean '\u200btwin' or 'twin\u200b'?"


@pytest.mark.parametrize("path", ["", " ", "email", "a.b", "to.x.address"])
def test_any_other_name_stays_as_it_is(path):
    assert as_spelled(MARKED, path) == path


def test_what_a_schema_says_at_a_path():
    assert described_at(SCHEMA, "emails.0.address") == {"type": "string"}
    assert described_at(SCHEMA, "a.b") == {"type": "string"}
    assert types_of(described_at(SCHEMA, "open.unknown")) == set()
    assert types_of(described_at(SCHEMA, "no.such.path")) == set()
