"""What is said of a stream map that failed: its expression, and no value of the record."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from singer_sdk.mapper import PluginMapper

from target_constant_contact.singer.map_failures import map_failure

SCHEMA = {"properties": {name: {"type": ["null", "string"]} for name in ("name", "born")}}


def failure(expressions: dict[str, str], **record: Any) -> str:
    """The reason for which a record is rejected that these expressions fail for."""
    mapper = PluginMapper({"stream_maps": {"people": expressions}}, logging.getLogger())
    mapper.register_raw_stream_schema("people", SCHEMA, None)
    (stream_map,) = mapper.stream_maps["people"]
    with pytest.raises(Exception) as caught:  # noqa: PT011 - whatever singer-sdk raises
        stream_map.transform(record)
    return map_failure(caught.value).reason


@pytest.mark.parametrize(
    ("expressions", "reason"),
    [
        (
            {"first_name": "name.split(' ')[0]"},
            "stream map for 'first_name' failed with AttributeDoesNotExist: name.split('...')[0]",
        ),
        ({"age": "int(born)"}, "stream map for 'age' failed with ValueError: int(born)"),
        ({"name": "nobody"}, "stream map for 'name' failed with NameNotDefined: nobody"),
        (
            {"__filter__": "int(born) > 3"},
            "stream map for '__filter__' failed with ValueError: int(born) > 3",
        ),
    ],
)
def test_the_property_the_expression_and_the_kind_of_error_are_named(expressions, reason):
    assert failure(expressions, name=None, born="ann@example.com") == reason


def test_texts_in_an_expression_are_not_shown_and_a_long_one_is_cut():
    secret = {"first_name": f"md5('pepper' + name) + {' + '.join(['born'] * 50)}"}
    shown = failure(secret, name=None, born="ann@example.com")
    assert "pepper" not in shown
    assert "ann@" not in shown
    assert "md5('...' + name) + born" in shown
    assert shown.endswith("...")
    assert len(shown) < 160


def test_an_error_from_elsewhere_is_told_by_its_kind():
    assert map_failure(ValueError("ann@example.com")).reason == "stream map failed with ValueError"
