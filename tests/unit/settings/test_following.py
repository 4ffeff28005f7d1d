"""Settings of lists that follow segments, as a stream has them."""

from __future__ import annotations

import math

import pytest


def entry(parse, settings, **values):
    return parse(segments=[{"stream": "a", **values}], **settings).for_stream("a")


def test_by_default_nothing_is_remembered(parse):
    stream = parse().for_stream("a")
    assert not stream.overwrites
    assert not stream.remembers
    assert (stream.overwrite_when, stream.overwrite_scope) == ("sweep", "managed")


@pytest.mark.parametrize(
    ("value", "days"), [("always", 0), ("never", math.inf), (30, 30), ("30", 30), (" 7 ", 7)]
)
def test_send_unchanged_is_a_number_of_days(parse, value, days):
    stream = parse(send_unchanged=value).for_stream("a")
    assert stream.resend_days == days
    assert stream.remembers == (days > 0)


def test_departures_are_respected_where_lists_follow_segments_unless_it_is_set(parse):
    assert not parse().for_stream("a").respects_departures
    assert parse(load_method="overwrite").for_stream("a").respects_departures
    assert parse(respect_departures=True).for_stream("a").remembers
    off = parse(load_method="overwrite", respect_departures=False).for_stream("a")
    assert not off.respects_departures
    assert off.remembers


@pytest.mark.parametrize(
    ("name", "default", "own"),
    [
        ("load_method", "overwrite", "upsert"),
        ("overwrite_when", "end_of_input", "activate_version"),
        ("overwrite_scope", "all", "managed"),
        ("respect_departures", True, False),
        ("send_unchanged", "never", "always"),
    ],
)
def test_an_entry_inherits_what_it_does_not_set(parse, name, default, own):
    inherited = entry(parse, {name: default})
    plain, set_itself = (
        parse(**{name: default}).for_stream("b"),
        entry(parse, {name: default}, **{name: own}),
    )
    field = {"load_method": "overwrites", "send_unchanged": "resend_days"}.get(name, name)
    assert getattr(inherited, field) == getattr(plain, field)
    assert getattr(set_itself, field) != getattr(plain, field)
