"""Entries of ``segments`` that are meant for a stream and match none."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from tests.support.checking import Check
from tests.support.target import TEXT, lines, member, record, schema

if TYPE_CHECKING:
    from pathlib import Path

    from target_constant_contact.sandbox import Sandbox

MISSPELLED = [{"stream": "vip-customers", "lists": "Loyalty members"}]
MISS = "segments.0 (stream 'vip-customers') has matched no stream; did you mean 'vip_customers'?"


@pytest.fixture
def check(sandbox: Sandbox, tmp_path: Path) -> Check:
    return Check(sandbox, tmp_path)


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [each.getMessage() for each in caplog.records if each.levelno == logging.WARNING]


def test_the_run_warns_of_an_entry_that_its_stream_was_meant_for(export, caplog):
    outcome = export(
        schema("vip_customers"),
        record("vip_customers", EmailAddress="ada@example.com"),
        segments=MISSPELLED,
    )

    assert outcome.exit_code == 0
    (line,) = warnings(caplog)
    assert line.startswith(MISS)
    assert outcome.report["segments"] == [
        {"entry": 0, "stream": "vip-customers", "streams": []},
        {"entry": None, "stream": "*", "streams": ["vip_customers"]},
    ]


def test_settings_for_the_streams_of_other_taps_are_no_reason_to_warn(export, caplog):
    segments = [*MISSPELLED, {"stream": "members", "lists": "Newsletter"}]

    outcome = export(schema(), member(1), segments=segments)

    assert warnings(caplog) == []
    assert "No stream has come for segments.0 (stream 'vip-customers')" in outcome.log


def test_an_entry_counts_for_the_name_that_stream_maps_give(export, caplog):
    outcome = export(
        schema(),
        member(1),
        segments=[{"stream": "people", "lists": "Newsletter"}],
        stream_maps={"members": {"__alias__": "people"}},
    )

    assert warnings(caplog) == []
    assert outcome.report["segments"][0]["streams"] == ["people"]


def test_without_lists_outside_the_error_names_the_entry_that_may_be_meant(export):
    outcome = export(schema("vip_customers"), lists=None, segments=MISSPELLED)

    assert outcome.exit_code == 78
    assert "stream 'vip_customers' has no list: " in outcome.log
    assert "; did you mean 'vip-customers'?" in outcome.log


@pytest.mark.parametrize("option", ["--schema", "--input"])
def test_for_check_it_is_a_fault(check: Check, option: str):
    checked = check(option, check.file(lines(schema("vip_customers"))), segments=MISSPELLED)

    assert checked.exit_code == 78
    (detail,) = checked.details("mapping", "failed")
    assert detail.startswith(MISS)


def test_for_check_settings_for_other_taps_are_none(check: Check):
    segments = [*MISSPELLED, {"stream": "members", "lists": "Newsletter"}]

    checked = check("--schema", check.file(lines(schema())), segments=segments)

    assert checked.exit_code == 0
    assert checked.details("mapping", "ok")[1].startswith("No stream has come for segments.0 ")


def test_for_check_a_stream_that_cannot_be_sent_has_used_its_entry(check: Check):
    segments = [{"stream": "bad", "lists": "Newsletter"}]

    checked = check(
        "--schema", check.file(lines(schema("bad", id=TEXT), schema())), segments=segments
    )

    (detail,) = checked.details("mapping", "failed")
    assert detail.startswith("stream 'bad': no field looks like an e-mail address")


def test_an_input_that_breaks_off_proves_nothing_about_entries(check: Check):
    path = check.file(lines(schema()) + "{oops\n")

    checked = check("--input", path, segments=MISSPELLED)

    (detail,) = checked.details("mapping", "failed")
    assert "vip-customers" not in detail


MAPS = {"vip-customers": None, "copy": {"__source__": "membres", "x": "1"}}


def test_the_run_warns_of_stream_maps_that_a_stream_was_meant_for(export, caplog):
    outcome = export(schema("vip_customers"), schema(), stream_maps=MAPS)

    assert outcome.exit_code == 0
    assert warnings(caplog) == [
        "stream_maps: 'vip-customers' has matched no stream; did you mean 'vip_customers'?",
        "stream_maps: 'membres' has matched no stream; did you mean 'members'?",
    ]


def test_for_check_they_are_faults(check: Check):
    checked = check("--schema", check.file(lines(schema("vip_customers"))), stream_maps=MAPS)

    (detail,) = checked.details("mapping", "failed")
    assert detail.startswith("stream_maps: 'vip-customers' has matched no stream; did you mean")
