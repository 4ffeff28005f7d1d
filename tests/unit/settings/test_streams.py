"""What differs between streams: the first entry that matches, and what it takes over."""

from __future__ import annotations

import pytest

from target_constant_contact.exceptions import SettingsError
from target_constant_contact.settings.streams import StreamSettings


def test_the_first_segment_that_matches_wins_and_inherits_what_it_does_not_say(parse):
    settings = parse(
        field_mapping={"email": "Mail"},
        segments=[
            {"stream": "crm-vip*", "lists": ["VIP", "All"]},
            {"stream": "crm-*", "lists_field": "list", "field_mapping": {"email": "E"}},
        ],
    )
    assert settings.for_stream("crm-vips") == StreamSettings(
        "crm-vip*", ("VIP", "All"), None, {"email": "Mail"}
    )
    assert settings.for_stream("crm-x") == StreamSettings("crm-*", (), "list", {"email": "E"})
    assert settings.for_stream("shop") == StreamSettings(
        "*", ("Newsletter",), None, {"email": "Mail"}
    )


def test_an_entry_has_a_date_order_of_its_own_or_that_of_the_settings(parse):
    settings = parse(
        date_order="dmy",
        segments=[{"stream": "us", "date_order": "mdy"}, {"stream": "uk", "lists": "UK"}],
    )
    found = {name: settings.for_stream(name).date_order for name in ("us", "uk", "others")}
    assert found == {"us": "mdy", "uk": "dmy", "others": "dmy"}
    assert parse().for_stream("us").date_order == "mdy"


def test_a_wrong_date_order_of_an_entry_is_named_with_its_entry(faults):
    found = faults(segments=[{"stream": "uk", "date_order": "DMY"}], lists="x")
    assert "segments.0 (stream 'uk'): date_order: 'DMY' is not one of ['mdy', 'dmy']" in found


def test_a_segment_without_lists_takes_the_default_ones(parse):
    settings = parse(segments=[{"stream": "a", "field_mapping": {"email": "E"}}])
    assert settings.for_stream("a").lists == ("Newsletter",)


def test_a_stream_that_nothing_matches_needs_a_default(parse):
    settings = parse(lists=None, segments=[{"stream": "a", "lists": "A"}])
    with pytest.raises(SettingsError, match=r"stream 'b' has no list.*stream_maps"):
        settings.for_stream("b")


def test_lists_are_cleaned_and_kept_in_order(parse):
    assert parse(lists=[" B ", "", "A", "B"]).default == StreamSettings(lists=("B", "A"))
