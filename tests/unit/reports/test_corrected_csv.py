"""Rejected rows as CSV, and the corrected CSV as Singer messages."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_constant_contact.exceptions import CorrectionError
from target_constant_contact.reports.corrected_csv import (
    BYTE_ORDER_MARK,
    as_csv,
    from_csv,
)
from target_constant_contact.reports.rejected_rows import RejectedStream
from target_constant_contact.singer.encoding import readable_line
from tests.support.target import TEXT, schema

PATH = Path("corrected.csv")
COLUMNS = {
    "EmailAddress": TEXT,
    "Zip": TEXT,
    "visits": {"type": ["null", "integer"]},
    "spent": {"type": ["null", "number"]},
    "member": {"type": ["null", "boolean"]},
    "tags": {"type": ["null", "array"]},
}
ROW = {
    "EmailAddress": "jürgen@example.org",
    "Zip": "01234",
    "visits": 7,
    "spent": Decimal("1.10"),
    "member": True,
    "tags": ["a;b", 'say "hi"', None],
}


def stream(**properties: Any) -> RejectedStream:
    described = schema(**(properties or COLUMNS))
    made = RejectedStream(described)
    made.add_schema(described)
    return made


def written(*rows: dict[str, Any], delimiter: str = ",", **properties: Any) -> str:
    return "".join(as_csv(stream(**properties), rows, readable_line, delimiter))


def read(content: str | bytes, **properties: Any) -> list[dict[str, Any]]:
    data = content.encode() if isinstance(content, str) else content
    _, *records = from_csv(PATH, data, stream(**properties))
    return [message["record"] for message in records]


def faults(content: str | bytes, **properties: Any) -> list[str]:
    with pytest.raises(CorrectionError) as caught:
        read(content, **properties)
    return [fault.removeprefix(f"{PATH}: ") for fault in caught.value.faults]


def test_a_file_for_a_spreadsheet_has_a_byte_order_mark_a_header_and_its_line_ends():
    text = written({"EmailAddress": "jürgen", "_reject_reason": "is no address"})
    assert text == (
        "\ufeffEmailAddress,Zip,visits,spent,member,tags,_reject_reason,_reject_field\r\n"
        "jürgen,,,,,,is no address,\r\n"
    )


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_rows_come_back_as_they_were(delimiter):
    assert read(written(ROW, delimiter=delimiter)) == [ROW]


texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


names = texts.map(str.strip).filter(lambda name: name and not name.startswith("_reject_"))


@given(st.dictionaries(names, texts, min_size=1), st.sampled_from([",", ";"]))
def test_any_text_in_any_column_comes_back(row, delimiter):
    properties = dict.fromkeys(row, TEXT)
    described = {"type": "SCHEMA", "stream": "s", "schema": {"properties": properties}}
    made = RejectedStream(described)
    made.add_schema(described)
    content = "".join(as_csv(made, [row], readable_line, delimiter)).encode()
    _, message = from_csv(PATH, content, made)
    assert message["record"] == row


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_what_spreadsheets_save_is_read(encoding, delimiter, line_end):
    text = written(ROW).removeprefix(BYTE_ORDER_MARK)
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator=line_end)
    writer.writerows(csv.reader(io.StringIO(text, newline="")))
    assert read(out.getvalue().encode(encoding)) == [ROW]


def test_the_messages_begin_with_the_schema_that_says_what_they_are():
    made = stream()
    message, row = from_csv(PATH, written(ROW).encode(), made)
    assert message == made.schema
    assert row["type"] == "RECORD"
    assert row["stream"] == "members"


def test_what_was_said_of_a_row_is_left_out():
    row = {"EmailAddress": "a@example.org", "_reject_reason": "x", "_reject_field": "y"}
    (found,) = read(written(row))
    assert not [name for name in found if name.startswith("_reject")]


def test_formulas_are_marked_in_headings_and_reasons_too():
    text = written({"=a": "x", "_reject_reason": "=1+1"}, **{"=a": TEXT})
    assert text.splitlines() == ["\ufeff'=a,_reject_reason,_reject_field", "x,'=1+1,"]
    assert read(text, **{"=a": TEXT}) == [{"=a": "x"}]


def test_rows_and_columns_may_be_deleted_moved_or_left_blank():
    text = "Zip,EmailAddress,,\r\n'01234,a@example.org,,\r\n,,,\r\n,b@example.org\r\n"
    assert read(text) == [
        {"Zip": "01234", "EmailAddress": "a@example.org"},
        {"Zip": None, "EmailAddress": "b@example.org"},
    ]


def test_a_blank_cell_is_null_only_where_null_may_stand():
    properties = {"a": {"type": "string"}, "b": {"type": "integer"}, "c": {}, "d": TEXT, "e": TEXT}
    assert read("a,b,c,d,e\n,,,,x\n", **properties) == [{"a": "", "c": None, "d": None, "e": "x"}]


def test_every_fault_is_named_by_its_row_and_column_and_quotes_nothing():
    text = (
        "EmailAddress,visits,member\nann@example.org,seven,yes\nbob@example.org,1,true,left over\n"
    )
    assert faults(text) == [
        "row 2, column visits: takes a whole number",
        "row 2, column member: takes true or false",
        "row 3 has more cells than the first row",
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "its first row names no field"),
        ("ann@example.org,5\n", "its first row names no field"),
        ("EmailAddress,Colour\nx,y\n", "column 2 of the first row is no field"),
        ("EmailAddress,Zip,EmailAddress\nx,y,z\n", "column EmailAddress is there twice"),
        ("EmailAddress,\nx,y\n", "row 2 has a value in a column without a heading"),
        ('EmailAddress\n"ann@example.org\nx\n', "line 3 is no CSV: a quote is not closed"),
        ('EmailAddress\n"a"b\n', "line 2 is no CSV"),
        ("EmailAddress\n", "there is no row in it"),
        ("EmailAddress\n\n,\n", "there is no row in it"),
        ("EmailAddress\njürgen\n".encode("cp1252"), "it is not UTF-8"),
    ],
)
def test_a_file_that_is_none_is_told_in_one_line(text, fault):
    (found,) = faults(text)
    assert found.startswith(fault)
    assert "ann" not in found


def test_a_long_cell_is_read():
    tags = ["x" * 200_000]
    assert read(written({"tags": tags}))[0]["tags"] == tags


def test_names_with_blanks_at_their_ends_come_back_and_are_not_taken_for_each_other():
    row = {" Zip": "1", "Zip": "2", "City\u00a0": "Ulm", "\ufeffEmail": "x"}
    columns = dict.fromkeys(row, TEXT)
    assert read(written(row, **columns), **columns) == [row]
    assert read("City ,Zip\nUlm,2\n", City=TEXT, Zip=TEXT) == [{"City": "Ulm", "Zip": "2"}]
