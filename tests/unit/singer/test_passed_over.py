"""Which rows are not to be imported, though nothing is wrong with them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from target_constant_contact.mapping.field_mapping import FieldMapping, MappingOptions
from target_constant_contact.singer.passed_over import BlankRows, has_left, is_blank

BLANKS: list[Any] = [None, "", " \t", "\u00a0", "\u200b\ufeff", "\x00", "\r\n", [], {}]
SCHEMA = {
    "properties": {
        name: {} for name in ("mail", "given", "deep", "mobile", "agreed", "other", "deep.city")
    }
}
FIELDS = {
    "first_name": "given",
    "email": "mail",
    "city": "deep.city",
    "state": "deep.state",
    "sms_number": "mobile",
    "sms_consent_date": "agreed",
}


@pytest.fixture
def blank_rows() -> BlankRows:
    mapping = FieldMapping.compile("members", SCHEMA, FIELDS, MappingOptions(date(2026, 1, 1)))
    return BlankRows(mapping, SCHEMA)


@pytest.mark.parametrize("value", [*BLANKS, False])
def test_a_row_without_a_moment_of_deletion_is_there(value):
    assert not has_left(value)


@pytest.mark.parametrize("value", ["2026-01-05T10:00:00Z", "x", 1_767_607_200, 0, True])
def test_a_row_with_anything_in_it_has_left(value):
    assert has_left(value)


@pytest.mark.parametrize("value", [0, False, "0", ".", Decimal(0), [None], {"a": None}, "\ud800"])
def test_what_can_be_seen_is_not_blank(value):
    assert not is_blank(value)


@pytest.mark.parametrize("value", BLANKS)
def test_a_record_is_blank_when_every_mapped_field_is(blank_rows, value):
    assert {} in blank_rows
    row = dict.fromkeys(("mail", "given", "mobile", "agreed", "deep.city"), value)
    assert row | {"deep": {"state": value}, "other": "unmapped"} in blank_rows
    assert {"deep": value} in blank_rows


@pytest.mark.parametrize("field", ["mail", "given", "mobile", "agreed", "deep.city"])
def test_a_record_with_a_value_in_any_mapped_field_is_not_blank(blank_rows, field):
    """Also consent without a number, which would not be sent."""
    assert {field: "x"} not in blank_rows


def test_a_value_deep_in_a_record_counts_and_what_is_beside_it_does_not(blank_rows):
    assert {"deep": {"state": "MA"}} not in blank_rows
    assert {"deep": {"county": "Suffolk"}} in blank_rows
