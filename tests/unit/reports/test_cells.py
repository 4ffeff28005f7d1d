"""Values of records as cells of a spreadsheet, and back."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_constant_contact.mapping.values import plain_text
from target_constant_contact.reports.cells import (
    UnfitCellError,
    cell_of,
    is_nullable,
    marked,
    unmarked,
    value_of,
)
from target_constant_contact.singer.encoding import readable_line


def of(*types: str) -> dict[str, Any]:
    return {"type": [*types, "null"]}


def value(cell: str, *types: str, decimal_comma: bool = False) -> Any:
    return value_of(cell, of(*types), decimal_comma=decimal_comma)


@pytest.mark.parametrize(
    "text",
    [
        *("=1+1", "+15125550100", "-1+1", "@SUM(A1)", "\t=1", "\r=1", " =1+1", "\uff1d1"),
        *("01234", "123456789012", "1.10", "1e5", "5-Apr", "MAR1", "04/05/1980", "1980-04-05"),
        *("true", "FALSE", "10:30", "12 Main Street", "'=1", "''01"),
    ],
)
def test_what_a_spreadsheet_would_execute_or_change_is_marked(text):
    assert marked(text) == f"'{text}"


@pytest.mark.parametrize(
    "text",
    [
        *("", "Jürgen", "'t Hooft", "O'Neil", "ann.1@example.com", "0", "78701", "-5"),
        *("5125550100", '{"a":1}', "[1]", "a=b", "Smith-Jones"),
    ],
)
def test_what_it_leaves_alone_stays_as_it_is(text):
    assert marked(text) == text


@given(st.text(st.sampled_from("'=+-@ 019aeT/.\t")))
def test_the_mark_comes_off_again_and_nothing_else_does(text):
    assert unmarked(marked(text)) == text


def test_a_cell_that_somebody_has_typed_without_the_mark_is_read_too():
    assert value("01234", "string") == "01234"
    assert value("'t Hooft", "string") == "'t Hooft"
    assert value("=1+1", "string") == "=1+1"


@pytest.mark.parametrize(
    ("kept", "types"),
    [
        ("01234", ["string"]),
        ("5", ["string"]),
        ("true", ["string"]),
        ("[1]", ["string"]),
        (5, ["integer"]),
        (12345678901234567890, ["integer"]),
        (Decimal("1.10"), ["number"]),
        (Decimal("0.1000000000000000055"), ["number"]),
        (-3, ["number"]),
        (True, ["boolean"]),
        (False, ["boolean"]),
        ([1, {"a": Decimal("1.50")}], ["array"]),
        ({"a": None, "b": "=1"}, ["object"]),
        (["x"], ["array", "string"]),
        ("x", ["array", "string"]),
        ({}, []),
        ("x", []),
        ("[x", []),
        ("x", ["any"]),
    ],
)
def test_a_value_comes_back_as_the_schema_says(kept, types):
    found = value(cell_of(kept, readable_line), *types)
    assert found == kept
    assert type(found) is type(kept)


@pytest.mark.parametrize(
    ("cell", "types", "read"),
    [
        ("TRUE", ["boolean"], True),
        ("0", ["boolean"], False),
        ("5.0", ["integer"], 5),
        ("5E+3", ["integer"], 5_000),
        (" 5 ", ["integer"], 5),
        ("1", ["boolean", "integer"], True),
        ("2", ["boolean", "integer"], 2),
        ("5E+3", ["number"], 5_000),
    ],
)
def test_a_value_is_read_as_a_spreadsheet_writes_it(cell, types, read):
    found = value(cell, *types)
    assert found == read
    assert type(found) is type(read)


def test_a_comma_is_a_decimal_comma_where_cells_stand_between_semicolons():
    assert value("1,5", "number", decimal_comma=True) == Decimal("1.5")
    with pytest.raises(UnfitCellError):
        value("1,5", "number")


@pytest.mark.parametrize(
    ("cell", "types", "meant"),
    [
        ("WAHR", ["boolean"], "true or false"),
        ("5.5", ["integer"], "a whole number"),
        ("1,234.5", ["number"], "a number"),
        ("NaN", ["number"], "a number"),
        ("Infinity", ["number"], "a number"),
        ("9" * 500, ["integer"], "a whole number"),
        ("[7", ["array"], "an array as JSON"),
        ("[" * 100_000, ["array"], "an array as JSON"),
        ("x", ["object"], "an object as JSON"),
        ("x", ["boolean", "integer"], "true or false or a whole number"),
    ],
)
def test_what_a_column_does_not_take_is_refused_without_quoting_it(cell, types, meant):
    with pytest.raises(UnfitCellError) as caught:
        value(cell, *types)
    assert str(caught.value).startswith(f"takes {meant}")
    assert cell not in str(caught.value)


def test_half_a_character_becomes_a_whole_one():
    assert cell_of("a\ud800", readable_line) == "a\ufffd"


@pytest.mark.parametrize(
    ("described", "takes_null"),
    [
        ({"type": ["null", "string"]}, True),
        ({"type": "null"}, True),
        ({"type": "string"}, False),
        ({"type": ["integer"]}, False),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, True),
        ({"anyOf": [{"type": "string"}, {"type": "integer"}]}, False),
        ({}, True),
        (True, True),
    ],
)
def test_whether_a_column_takes_null_is_what_its_schema_says(described, takes_null):
    assert is_nullable(described) is takes_null


@pytest.mark.parametrize("types", [["string"], ["string", "number"], []])
@pytest.mark.parametrize(
    "number", [Decimal("78701.0"), 78701.0, Decimal("1E+3"), Decimal("1.50"), Decimal(0), 5, True]
)
def test_a_number_in_a_column_of_texts_comes_back_as_the_text_that_would_be_sent(number, types):
    assert value(cell_of(number, readable_line), *types) == plain_text(number)
