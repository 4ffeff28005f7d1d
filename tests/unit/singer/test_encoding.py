"""Messages as lines that a person can read and correct."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from singer_sdk.singerlib.json import deserialize_json

from target_constant_contact.singer.encoding import readable_line


@pytest.mark.parametrize("text", ["Jürgen", "東京", "Łódź", "😀", "👩\u200d🚀", "O'Neil & <Söhne>"])
def test_letters_of_any_script_stay_as_they_are(text):
    assert readable_line({"name": text}) == f'{{"name":"{text}"}}'


@pytest.mark.parametrize(
    ("char", "written"),
    [
        ("\n", r"\n"),
        ("\x1b", r"\u001b"),
        ("\x85", r"\u0085"),
        ("\u2028", r"\u2028"),
        ("\u2029", r"\u2029"),
        ("\u202e", r"\u202e"),
        ("\u200b", r"\u200b"),
        ("\ufeff", r"\ufeff"),
        ("\ud800", r"\ud800"),
        ("\U000e0041", r"\udb40\udc41"),
    ],
)
def test_what_cannot_be_seen_is_escaped(char, written):
    assert readable_line(char).lower() == f'"{written}"'


def test_numbers_keep_all_of_their_digits():
    line = '{"a":1.10,"b":12345678901234567890,"c":0.1000000000000000055,"d":-0.0}'
    assert readable_line(deserialize_json(line)) == line


def test_what_a_file_of_columns_holds_besides_is_text():
    values = [datetime(2026, 1, 2, 3, 4, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC).date()]
    assert readable_line([*values, Decimal("1.50"), float("nan")]) == (
        '["2026-01-02T03:04:00+00:00","2026-01-02",1.50,null]'
    )


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(values)
def test_a_line_is_one_line_and_decodes_to_the_same(value):
    line = readable_line(value)
    assert line.splitlines() == [line]
    assert line.encode()
    assert json.loads(line, parse_float=Decimal, parse_int=Decimal) == _as_decimals(value)


def _as_decimals(value):
    if isinstance(value, dict):
        return {name: _as_decimals(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_as_decimals(item) for item in value]
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return Decimal(value) if is_whole else value
