"""Texts in the place of other values, read as what the setting takes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_constant_contact.settings.settings import Settings
from target_constant_contact.settings.texts import without_texts
from target_constant_contact.singer.target import TargetConstantContact

SCHEMA = TargetConstantContact.settings_schema()


def read(**config: Any) -> dict[str, Any]:
    return without_texts(config, SCHEMA)


@pytest.mark.parametrize("text", ["true", "True", " TRUE ", "yes", "on", "1"])
def test_a_text_for_yes_is_yes(text):
    assert read(sandbox=text, flattening_enabled=text) == {
        "sandbox": True,
        "flattening_enabled": True,
    }


@pytest.mark.parametrize("text", ["false", "False", "no", "off", "0"])
def test_a_text_for_no_is_no(text):
    assert read(dry_run=text) == {"dry_run": False}


@pytest.mark.parametrize("text", ["maybe", "y", "2", "null"])
def test_a_text_that_may_mean_either_stays_and_so_breaks_the_type(text):
    """A misspelt `true` for `dry_run` that counted as no would send."""
    assert read(dry_run=text) == {"dry_run": text}


@pytest.mark.parametrize(
    ("text", "number"), [("5000", 5000), (" +7 ", 7), ("5e3", 5000), ("5000.0", 5000), ("-1", -1)]
)
def test_a_text_for_a_whole_number_is_one(text, number):
    (found,) = read(batch_size_rows=text).values()
    assert found == number
    assert isinstance(found, int)


@pytest.mark.parametrize("text", ["many", "1,000", "1_000", "nan", "inf", "0x10", "٣"])
def test_a_text_that_is_no_number_stays(text):
    assert read(batch_size_rows=text, max_rejected_percent=text) == {
        "batch_size_rows": text,
        "max_rejected_percent": text,
    }


def test_a_whole_number_that_was_written_with_a_point_is_whole():
    (found,) = read(batch_size_rows=5000.0).values()
    assert isinstance(found, int)
    assert read(max_rejected_percent="7.5", requests_per_day=1.5) == {
        "max_rejected_percent": 7.5,
        "requests_per_day": 1.5,
    }


@pytest.mark.parametrize("text", ["", "  "])
def test_a_blank_text_counts_as_not_set_where_no_text_is_taken(text):
    assert read(dry_run=text, batch_size_rows=text, segments=text, field_mapping=text) == {}
    assert read(account=text) == {"account": text}


def test_null_counts_as_not_set_also_as_json():
    assert read(lists=None, segments="null", stream_maps=" null ") == {}


@pytest.mark.parametrize(
    ("text", "lists"),
    [
        ('["A","B"]', ["A", "B"]),
        (' [ "Größe, klein" ] ', ["Größe, klein"]),
        ("Newsletter", "Newsletter"),
        ("A, B", "A, B"),
        ("[VIP]", "[VIP]"),
        ("[2024]", "[2024]"),
        ("[]", "[]"),
        ('["A"', '["A"'),
        ('{A,"B"}', '{A,"B"}'),
        ('{"a": "b"}', '{"a": "b"}'),
        ('"A"', '"A"'),
        ("true", "true"),
    ],
)
def test_lists_are_an_array_only_where_the_text_is_one_of_texts(text, lists):
    """Any other text may be a name; whether a list is called so, the account says."""
    assert read(lists=text) == {"lists": lists}


def test_objects_and_arrays_are_read_at_every_depth():
    entry = {"stream": "a", "lists": '["A","B"]', "field_mapping": '{"email": "login"}'}
    expected = [{"stream": "a", "lists": ["A", "B"], "field_mapping": {"email": "login"}}]
    assert read(segments=[entry]) == {"segments": expected}
    assert read(segments=json.dumps([entry])) == {"segments": expected}
    assert read(segments=json.dumps([json.dumps(entry)])) == {"segments": expected}
    assert read(batch_config='{"storage": "{\\"root\\": \\"x\\"}"}') == {
        "batch_config": {"storage": {"root": "x"}}
    }


def test_texts_of_stream_maps_stay_expressions():
    """Only the setting itself is JSON; what is in it is for singer-sdk to read."""
    maps = {"users": {"n": "1", "flag": "true", "list": '["a"]', "__filter__": "1 == 1"}}
    config = {"seed": "1", "list": '["a"]'}
    assert read(stream_maps=maps, stream_map_config=config) == {
        "stream_maps": maps,
        "stream_map_config": config,
    }
    assert read(stream_maps=json.dumps(maps)) == {"stream_maps": maps}


@pytest.mark.parametrize(
    "text",
    ["{email: login}", "{'email': 'login'}", '["email"]', "5", '{"a": NaN}', "[" * 100_000],
    ids=lambda text: text[:20],
)
def test_a_text_that_is_not_the_json_that_is_expected_stays(text):
    assert read(field_mapping=text) == {"field_mapping": text}


def test_settings_that_do_not_exist_stay_as_they_are():
    assert read(zzz="1", segments=[{"stream": "a", "zzz": "1"}, 5]) == {
        "zzz": "1",
        "segments": [{"stream": "a", "zzz": "1"}, 5],
    }


_PLAIN = {
    "sandbox": True,
    "lists": ["A", "B"],
    "create_lists": True,
    "max_new_lists": 0,
    "field_mapping": {"email": "login"},
    "segments": [{"stream": "a", "lists": ["C"], "field_mapping": {"email": "x"}}],
    "max_rejected_percent": 7.5,
    "batch_size_rows": 500,
}


@given(st.sets(st.sampled_from(sorted(_PLAIN))))
def test_settings_as_texts_mean_the_same_as_settings_with_types(names):
    texts = {name: json.dumps(_PLAIN[name]) for name in names}
    assert Settings.parse(_PLAIN | texts, SCHEMA) == Settings.parse(_PLAIN, SCHEMA)


@given(st.dictionaries(st.sampled_from([*_PLAIN, "dry_run", "stream_maps"]), st.text() | st.none()))
def test_reading_twice_is_reading_once(config):
    once = without_texts(config, SCHEMA)
    assert without_texts(once, SCHEMA) == once
