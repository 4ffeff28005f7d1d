"""Which entries of ``segments`` were used, and which were meant to be."""

from __future__ import annotations

import time

import pytest

from target_constant_contact.reports.segments import (
    SegmentUse,
    idle,
    missed_maps,
    misses,
    note_use,
)

ADVICE = "Correct its name, or give each stream an entry of its own"


def uses_of(entries, streams, outside=()):
    """Uses of entries by their names or globs, after streams that fell under them."""
    uses = [SegmentUse(number, each) for number, each in enumerate(entries)]
    uses.append(SegmentUse(None, "*"))
    for entry, stream in streams:
        note_use(uses, entry, stream)
    for stream in outside:
        note_use(uses, None, stream)
    return uses


def test_a_stream_is_noted_once_where_it_fell():
    uses = uses_of(["a*", "b"], [(0, "a1"), (0, "a2"), (0, "a1")], outside=["c"])
    assert [use.streams for use in uses] == [["a1", "a2"], [], ["c"]]


def test_an_entry_without_a_stream_is_a_miss_where_others_fell_under_none():
    uses = uses_of(["vip-customers"], [], outside=["vip_customers"])
    (line,) = misses(uses)
    assert line == (
        "segments.0 (stream 'vip-customers') has matched no stream; did you mean 'vip_customers'? "
        f"'vip_customers' went to the lists for all other streams. {ADVICE}"
    )
    assert not idle(uses)


@pytest.mark.parametrize(
    ("pattern", "stream"),
    [
        ("vip", "VIP"),
        ("vip-*", "vip_gold"),
        ("vip customers", "public-vip_customers"),
        ("crm.vip", "crm-vip"),
        ("vip", "\ufeffvip"),
        ("vip_custmers", "vip_customers"),
    ],
)
def test_a_stream_that_may_have_been_meant_is_named(pattern, stream):
    (line,) = misses(uses_of([pattern], [], outside=["others", stream]))
    assert f"has matched no stream; did you mean {stream!r}?" in line


def test_streams_that_are_like_none_of_them_are_named_too():
    (line,) = misses(uses_of(["vip"], [], outside=[f"table{n}" for n in range(7)]))
    assert line == (
        "segments.0 (stream 'vip') has matched no stream; 'table0', 'table1', 'table2', 'table3', "
        f"'table4' and 2 more went to the lists for all other streams. {ADVICE}"
    )


def test_an_entry_for_all_streams_is_like_the_settings_outside():
    (line,) = misses(uses_of(["vip-gold", "*"], [(1, "vip_gold")]))
    assert "did you mean 'vip_gold'? 'vip_gold' went to the lists for all other" in line


def test_an_entry_that_another_one_keeps_its_stream_from_is_a_miss():
    """Whether or not the names are the same."""
    (line,) = misses(uses_of(["vip_*", "vip-gold"], [(0, "vip_gold")]))
    assert line == (
        "segments.1 (stream 'vip-gold') has matched no stream; did you mean 'vip_gold'? " + ADVICE
    )


@pytest.mark.parametrize("second", ["newsletter_vip", "newsletter_vip*", "newsletter_*"])
def test_an_entry_behind_one_for_more_streams_is_never_used(second):
    uses = uses_of(["newsletter_*", second], [(0, "newsletter_vip")])
    (line,) = misses(uses)
    assert line == (
        f"segments.1 (stream {second!r}) is never used: segments.0 (stream 'newsletter_*') stands "
        "before it and takes its streams. Put the entry for fewer streams first"
    )


@pytest.mark.parametrize(
    "uses",
    [
        uses_of(["members", "loyalty"], [(0, "members")]),
        uses_of(["vip_gold", "vip_*"], [(0, "vip_gold")]),
        uses_of(["members_us", "members_uk"], [(0, "members_us")]),
        uses_of(["vip", "*"], [(0, "vip")]),
        uses_of(["?", "*"], [(0, "a")]),
        uses_of(["vip_g*", "vip_*"], [(0, "vip_gold")]),
        uses_of(["all*", "members"], [(0, "all-members")]),
    ],
)
def test_an_entry_whose_stream_did_not_come_is_no_miss_while_all_others_had_one(uses):
    """One tap brings one segment, and its settings may name those of other taps."""
    assert misses(uses) == []
    assert idle(uses) == f"No stream has come for {uses[1]}"


def test_of_many_misses_twenty_have_a_line():
    lines = misses(uses_of([f"segment-{n}" for n in range(1_000)], [], outside=["members"]))
    assert len(lines) == 21
    assert lines[-1] == "... and further entries of segments; report.json tells which were used"


def test_hundreds_of_entries_and_streams_take_no_time():
    names = [f"segment-{n}" for n in range(500)]
    started = time.process_time()
    misses(uses_of(names, [], outside=[f"table_{n}" for n in range(500)]))
    assert time.process_time() - started < 3


def test_few_of_many_idle_entries_are_named():
    uses = uses_of([f"segment-{n}" for n in range(50)], [(0, "segment-0")])
    assert idle(uses).endswith("segments.5 (stream 'segment-5') and 44 more")


@pytest.mark.parametrize("uses", [[], uses_of(["a"], []), uses_of(["a"], [(0, "a")], ["b"])])
def test_nothing_is_said_without_streams_or_where_every_entry_was_used(uses):
    assert misses(uses) == []
    assert not idle(uses)


@pytest.mark.parametrize(
    ("source", "stream"),
    [("vip-customers", "vip_customers"), ("vip-*", "VIP_gold"), ("vip", "public-vip")],
)
def test_a_stream_map_that_a_stream_was_meant_for_is_a_miss(source, stream):
    lines = missed_maps(["members", source], ["members", stream])
    assert lines == [f"stream_maps: {source!r} has matched no stream; did you mean {stream!r}?"]


@pytest.mark.parametrize(
    ("sources", "streams"),
    [
        (["members", "loyalty"], ["members"]),
        (["members_us", "members_uk"], ["members_uk"]),
        (["mem*"], ["members"]),
        (["loyalty"], ["members"]),
        ([], ["members"]),
        (["members"], []),
    ],
)
def test_a_stream_map_whose_stream_did_not_come_is_none(sources, streams):
    assert missed_maps(sources, streams) == []
