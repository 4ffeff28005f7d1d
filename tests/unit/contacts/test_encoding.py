"""Contacts as lines of bytes: JSON, or rows of a CSV file."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from target_constant_contact.contacts.encoding import (
    ContactsEncoder,
    columns_of,
    decode_contact,
    encode_contact,
)

NAMES = ("email", "first_name", "birthday_month", "birthday_day", "cf:size, in cm")
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8) | st.sampled_from(
    [
        "Miller, Jr.",
        'the "one"',
        '"',
        ",",
        "Zoë",
        "None",
        "null",
        "5",
        "a\nb",
        "a\rb",
        "a\0b",
        "{",
        "{}",
    ]
)
contacts = st.fixed_dictionaries(
    {"email": st.from_regex(r"[a-d]{1,2}@example\.com", fullmatch=True)},
    optional={
        "first_name": texts,
        "birthday_month": st.integers(1, 12),
        "birthday_day": st.integers(1, 31),
        NAMES[-1]: texts,
    },
)


@settings(max_examples=400)
@given(st.lists(contacts, min_size=1, max_size=6), st.sampled_from([(), NAMES]))
def test_many_contacts_are_encoded_as_one_by_one(many, columns):
    values: list[list[Any]] = [[contact.get(name, "") for contact in many] for name in NAMES]
    found = ContactsEncoder(NAMES, columns)(values)
    # JSON as it was given to the encoder of one has its properties in the order of the names.
    ordered = [{name: each[name] for name in NAMES if name in each} for each in many]
    assert found == [encode_contact(each, columns) for each in ordered]


@settings(max_examples=400)
@given(contacts, st.sampled_from([(), NAMES, (*NAMES, 'cf:"it"')]))
def test_what_is_encoded_can_be_decoded(contact, columns):
    assert decode_contact(encode_contact(contact, columns)) == contact


@given(contacts)
def test_a_row_is_written_as_the_csv_module_writes_it(contact):
    file = io.StringIO()
    csv.DictWriter(file, NAMES, lineterminator="\n").writerow(contact)
    encoded = encode_contact(contact, NAMES)
    if columns_of(encoded):
        assert encoded.partition(b"\0,")[2] + b"\n" == file.getvalue().encode()


@given(contacts)
def test_an_encoded_contact_is_one_line_that_says_what_its_columns_are(contact):
    """Whatever its values are: contacts are put into files line by line."""
    for columns in ((), NAMES):
        encoded = encode_contact(contact, columns)
        assert b"\n" not in encoded
        has_row = columns and not any(
            char in str(value) for value in contact.values() for char in "\0\r\n"
        )
        assert columns_of(encoded) == (NAMES if has_row else ())


@pytest.mark.parametrize("names", [("email",), ("email", "cf:two\nlines")])
def test_a_property_that_is_no_column_is_not_lost(names):
    contact = {"email": "ann@example.com", "city": "Oslo"}
    assert decode_contact(encode_contact(contact, names)) == contact


def test_text_is_encoded_as_utf_8_and_not_escaped():
    assert encode_contact({"first_name": "Zoë 李"}) == '{"first_name":"Zoë 李"}'.encode()
