"""The compiled check accepts nothing that the JSON schema of a stream forbids."""

from __future__ import annotations

import sys
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from singer_sdk.typing import DEFAULT_JSONSCHEMA_VALIDATOR

from target_constant_contact.contacts.contact import Rejection
from target_constant_contact.exceptions import InputError
from target_constant_contact.singer.rejected import RowRejectedError
from target_constant_contact.singer.validation import RecordValidator, compile_gate

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


def referring(url: str) -> list[dict[str, Any]]:
    """Schemas that need what is at a URL, in all the ways that JSON Schema knows."""
    base, _, name = url.rpartition("/")
    return [
        {"$ref": url},
        {"$dynamicRef": url},
        {"$id": f"{base}/", "properties": {"a": {"$ref": name}}},
        {"properties": {"a": {"$id": f"{base}/", "$ref": name}}},
        {"$schema": url, "properties": {"a": {"$ref": f"{url}#/$defs/a"}}},
        {"properties": {"a": {"pattern": "x", "$ref": url}}},
        {"allOf": [{"if": {"$ref": url}, "then": {"$ref": f"{url}#a"}}]},
        {"$recursiveRef": url, "$ref": url},
    ]


@pytest.fixture(params=["with the extra", "without"])
def _extra(request, monkeypatch):
    if request.param == "without":
        monkeypatch.setitem(sys.modules, "jsonschema_rs", None)


@pytest.mark.usefixtures("_extra")
# As outside of tests, where it only warns of what it fetches.
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("kind", range(8))
@pytest.mark.parametrize("place", ["server", "file"])
def test_nothing_that_a_schema_refers_to_is_fetched(httpserver, tmp_path, kind, place):
    httpserver.expect_request("/schema.json").respond_with_json({"type": "object"})
    file = tmp_path / "schema.json"
    file.write_text("{}")
    url = httpserver.url_for("/schema.json") if place == "server" else file.as_uri()
    validator = RecordValidator(referring(url)[kind], "members")
    assert not validator.accepts({"a": "x"})
    with pytest.raises(InputError) as caught:
        validator.validate({"a": "x"})
    assert str(caught.value).startswith(
        "The schema of stream 'members' cannot be used for validate_records: it refers to '"
    )
    assert str(caught.value).endswith(
        "which is not in it, and nothing is fetched. Have the tap write another, or set "
        "validate_records: false."
    )
    assert httpserver.log == []


def test_a_schema_that_names_an_unknown_dialect_fetches_nothing(httpserver):
    schema = {"$schema": httpserver.url_for("/dialect"), "properties": {"a": {"type": "string"}}}
    validator = RecordValidator(schema, "members")
    validator.validate({"a": "x"})
    with pytest.raises(RowRejectedError):
        validator.validate({"a": 1})
    assert httpserver.log == []


@pytest.mark.usefixtures("_extra")
def test_a_reference_within_the_schema_and_to_json_schema_itself_is_followed():
    meta = "https://json-schema.org/draft/2020-12/schema"
    schema = {
        "properties": {"a": {"$ref": "#/$defs/text"}, "b": {"$ref": meta}},
        "$defs": {"text": {"type": "string"}},
    }
    validator = RecordValidator(schema, "members")
    assert validator.is_valid({"a": "x", "b": {"type": "string"}})
    assert not validator.is_valid({"a": 1})
    assert not validator.is_valid({"b": {"type": "nonsense"}})


@pytest.mark.usefixtures("_extra")
def test_what_is_nested_too_deeply_to_be_checked_is_rejected():
    schema = {"properties": {"a": {"$ref": "#"}}, "additionalProperties": {"pattern": "x"}}
    record: dict[str, Any] = {}
    for _ in range(900):
        record = {"a": record}
    with pytest.raises(RowRejectedError) as caught:
        RecordValidator(schema, "members").validate(record)
    reason = "record is nested too deeply to be checked against the stream's schema"
    assert caught.value.rejection == Rejection(reason, "")


def test_the_compiled_check_itself_fetches_nothing(httpserver, tmp_path):
    httpserver.expect_request("/schema.json").respond_with_json({"type": "object"})
    file = tmp_path / "schema.json"
    file.write_text('{"type": "object"}')
    for url in (httpserver.url_for("/schema.json"), file.as_uri()):
        accepts = compile_gate({"$ref": url})
        assert not accepts({})
    assert httpserver.log == []


DRAFT_4 = "http://json-schema.org/draft-04/schema#"
DRAFT_7 = "http://json-schema.org/draft-07/schema#"


def of(**rules: Any) -> dict[str, Any]:
    """The schema of a record with one property."""
    return {"properties": {"n": rules}}


@pytest.mark.usefixtures("_extra")
@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"$schema": DRAFT_4} | of(maximum=5, exclusiveMaximum=True), {"n": 4}, {"n": 5}),
        (of(maximum=5, exclusiveMaximum=True), {"n": 4}, {"n": 5}),
        (of(maximum=5, exclusiveMaximum=5), {"n": 4}, {"n": 5}),
        (of(type="string", required=True), {"n": "5"}, {}),
        ({"$schema": DRAFT_4} | of(type="string", required=True), {"n": "5"}, {}),
        ({"$schema": DRAFT_7} | of(items=[{"type": "string"}]), {"n": ["5"]}, {"n": [5]}),
        (of(items=[{"const": "5"}]), {"n": ["5"]}, {"n": ["6"]}),
        (of(prefixItems=[{"type": "string"}]), {"n": ["5"]}, {"n": [5]}),
    ],
)
def test_a_schema_is_read_as_the_draft_that_it_names_or_is_valid_in(schema, good, bad):
    validator = RecordValidator(schema, "members")
    assert validator.is_valid(good)
    assert not validator.is_valid(bad)


@pytest.mark.usefixtures("_extra")
@pytest.mark.parametrize("draft", [{}, {"$schema": DRAFT_4}, {"$schema": DRAFT_7}])
def test_a_number_without_a_fraction_is_an_integer_in_every_draft(draft):
    validator = RecordValidator(draft | of(type="integer"), "members")
    assert validator.is_valid({"n": Decimal("78701.0")})
    for value in (Decimal("1.5"), Decimal("NaN"), True, "1"):
        assert not validator.is_valid({"n": value})


@pytest.mark.parametrize("draft", [DRAFT_4, DRAFT_7])
@settings(max_examples=100)
@given(streams, st.dictionaries(st.sampled_from("abcd"), values))
def test_the_compiled_check_reads_older_drafts_as_jsonschema_does(draft, schema, record):
    del schema["$defs"]
    schema["$schema"] = draft
    schema["definitions"] = {"text": {"type": "string"}}
    try:
        validator = RecordValidator(schema, "members")
        is_valid = validator.is_valid(record)
    except InputError:
        return
    assert not validator.accepts(record) or is_valid


@pytest.mark.parametrize(
    ("schema", "fault"),
    [
        (
            of(pattern="["),
            (
                "at 'properties.n.pattern' it breaks the rule 'format' of "
                "https://json-schema.org/draft/2020-12/schema"
            ),
        ),
        (
            {"$schema": DRAFT_4, "required": "n"},
            f"at 'required' it breaks the rule 'type' of {DRAFT_4}",
        ),
        (of(type="nonsense", required=True), "there is no type 'nonsense'"),
    ],
)
def test_a_schema_that_is_valid_in_no_draft_is_one_line_that_says_what_to_do(schema, fault):
    with pytest.raises(InputError) as caught:
        RecordValidator(schema, "members").validate({"n": "x"})
    assert str(caught.value) == (
        f"The schema of stream 'members' cannot be used for validate_records: {fault}. Have the "
        "tap write another, or set validate_records: false."
    )


def test_older_drafts_are_accepted_at_once_too_as_far_as_they_can_be_compiled():
    rules = {"maximum": 5, "exclusiveMaximum": True}
    assert RecordValidator(of(**rules), "members").accepts({"n": 4})
    assert RecordValidator({"$schema": DRAFT_7} | of(items=[{}]), "members").accepts({"n": [4]})
    assert not RecordValidator(of(required=True), "members").accepts({"n": 4})
