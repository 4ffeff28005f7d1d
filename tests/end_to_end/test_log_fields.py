"""What the lines of the log say in numbers is in their fields, as programs read them."""

from __future__ import annotations

import json
import logging
import re

import pytest
from singer_sdk.logging import StructuredFormatter

from target_constant_contact.log_fields import Fields
from target_constant_contact.sandbox import Fault
from tests.support.target import member, record, schema, state

IMPORT = "/activities/contacts_json_import"
FLAGGED = "member20@example.com"
OUT = "ada.optout@example.org"

_NO_NUMBER = re.compile(
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{8}T\d{6}Z-\w+|/\S+|v\d\S+|'[^']*'|https:\S+"
    r"|less than [\d.]+"
)
"""Ids, names of runs, paths, versions, quotations and bounds."""
_NUMBER = re.compile(r"\b\d[\d,]*(?:\.\d+)?\b")


class Log(logging.Handler):
    """The lines of the target as events for programs."""

    def __init__(self):
        super().__init__()
        self.events = []

    def emit(self, record):
        event = json.loads(StructuredFormatter().format(record))
        # pytest's own formatter has left it in the record.
        event["extra"].pop("message", None)
        if "target" in event["logger_name"] and "sandbox" not in event["logger_name"]:
            self.events.append(event)

    def of(self, *names):
        """The fields of the lines that have all of these."""
        extras = [event["extra"] for event in self.events]
        return [extra for extra in extras if extra.keys() >= set(names)]


@pytest.fixture
def log():
    handler, root = Log(), logging.getLogger()
    root.addHandler(handler)
    yield handler
    root.removeHandler(handler)


@pytest.fixture
def hard_night(behave, export, sandbox, caplog):
    """A run in which rows end up in every place, after one that was interrupted."""
    caplog.set_level(logging.DEBUG)
    bad = [record(EmailAddress="no-address"), record(EmailAddress=OUT)]
    messages = [schema(), *map(member, range(8)), member(1), *bad]

    def start():
        sandbox.add_fault(Fault("POST", IMPORT, nth=3, action="quota_exceeded"))
        assert export(*messages, state("end"), batch_size_rows=2).exit_code == 75
        sandbox.add_fault(Fault("GET", "/activities", action="error_503"))
        behave(flagged_addresses=frozenset({FLAGGED}))
        return export(*messages, member(20), state("end"), batch_size_rows=2)

    return start


def test_the_last_line_of_a_run_has_its_sums(export, log):
    outcome = export(schema(), member(1), member(1), record(EmailAddress="no-address"))

    (end,) = log.of("status")
    assert end["run"] == outcome.report["run"]
    assert end["status"] == "completed"
    assert {name: end[name] for name in outcome.report["totals"]} == outcome.report["totals"]
    assert end["requests"] == outcome.report["requests"]
    assert end["requests_today"] == outcome.report["requests_today"]
    assert end["seconds"] > 0


def test_each_import_has_a_line_with_what_became_of_its_rows(export, log):
    outcome = export(schema(), *map(member, range(6)), batch_size_rows=2)

    told = {each["activity_id"]: each for each in log.of("activity_id", "landed")}
    (place,) = outcome.report["destinations"]
    assert told.keys() == {each["activity_id"] for each in outcome.report["imports"]}
    for each in told.values():
        assert (each["run"], each["stream"]) == (outcome.report["run"], "members")
        assert each["list_ids"] == [item["id"] for item in place["lists"]]
        assert (each["rows"], each["landed"], each["refused"]) == (2, 2, 0)


def test_a_stream_is_in_the_place_that_singer_sdk_has_for_it(export, log):
    export(schema(), member(1))

    streams = {(each["stream_name"], each["extra"].get("stream")) for each in log.events}
    assert streams == {(None, None), ("members", "members")}


def test_an_error_has_the_run_and_the_exit_code(export, log):
    outcome = export(schema(), record(EmailAddress="no-address"), max_rejected_percent=10)

    (error,) = [each["extra"] for each in log.events if each["level"] == "error"]
    assert error == {"run": outcome.report["run"], "exit_code": 65}


def test_lines_before_a_run_name_none(export, log):
    first = export(schema(), member(1)).report["run"]
    log.events.clear()
    assert export(schema(), member(1), batch_size_rows=0).exit_code == 78

    assert log.of("exit_code")
    assert first not in json.dumps(log.events)


def test_every_number_of_a_line_is_in_its_fields(hard_night, log):
    outcome = hard_night()

    assert outcome.totals.keys() == {"read", "landed", "rejected", "refused", "suppressed"}
    lines = [each for each in log.events if each["level"] != "error"]
    assert [(each["message"], bad) for each in lines if (bad := missing(each))] == []
    assert len([each for each in lines if _NUMBER.search(_NO_NUMBER.sub("", each["message"]))]) > 9


def test_every_number_of_a_dry_run_is_in_the_fields_of_its_line(export, log):
    two = "Newsletter, VIP"
    outcome = export(schema(), *map(member, range(9)), lists=two, dry_run=True, create_lists=True)

    assert outcome.exit_code == 0
    assert [(each["message"], bad) for each in log.events if (bad := missing(each))] == []


def test_no_line_has_a_field_that_is_not_documented(hard_night, log):
    hard_night()

    used = {name for each in log.events for name in each["extra"]}
    assert used <= Fields.__optional_keys__ | {"metric_info"}


def missing(event):
    """Numbers of a line that are in none of its fields."""
    told = set(numbers(event["extra"]))
    # Seconds are shown as milliseconds where they are few.
    told |= {number * 1000 for number in told}
    shown = [
        text.replace(",", "") for text in _NUMBER.findall(_NO_NUMBER.sub("", event["message"]))
    ]
    return [text for text in shown if not any(is_shown_as(number, text) for number in told)]


def is_shown_as(number, text):
    digits = len(text.partition(".")[2])
    return abs(number - float(text)) <= 0.51 * 10**-digits


def numbers(value):
    if isinstance(value, dict):
        for item in value.values():
            yield from numbers(item)
    elif isinstance(value, (int, float)):
        yield value
