"""Nothing gets out by a record of the log, in lines for people and in JSON, whoever logs it."""

from __future__ import annotations

import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st
from singer_sdk.logging import ConsoleFormatter, StructuredFormatter
from singer_sdk.metrics import Metric, Point
from singer_sdk.metrics import log as log_point

from target_constant_contact.known_secrets import keep_secret
from target_constant_contact.log_fields import fields, set_run
from target_constant_contact.log_records import redact_handlers, redact_log

TOKEN = "q8Zp2LxV7tRk4NwB9sYc3HfJ6mDg1aQe5u+/T0=~"
ADDRESS = "ada@example.com"


@pytest.fixture(autouse=True)
def _one_secret_and_no_run():
    keep_secret(TOKEN)
    set_run(None)


class Log(logging.Handler):
    """What the formatters of singer-sdk make of what anybody logs."""

    def __init__(self):
        super().__init__()
        self.lines: list[str] = []
        self.events: list[dict] = []
        self.records: list[logging.LogRecord] = []

    def emit(self, record):
        self.records.append(record)
        self.events.append(json.loads(StructuredFormatter().format(record)))
        self.lines.append(ConsoleFormatter(fmt="{levelname} {message}").format(record))

    @property
    def text(self):
        return "\n".join([*self.lines, *map(json.dumps, self.events)])


@pytest.fixture
def log(monkeypatch):
    monkeypatch.setattr(logging, "_logRecordFactory", logging.LogRecord)
    redact_log()
    handler, root = Log(), logging.getLogger()
    monkeypatch.setattr(root, "handlers", [handler])
    redact_handlers("target-constant-contact")
    return handler


def somebody():
    return logging.getLogger("somebody.else")


@given(st.text(min_size=1, max_size=40))
def test_any_name_makes_one_line_of_one_event(name):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(logging, "_logRecordFactory", logging.LogRecord)
        redact_log()
        record = logging.getLogger("any").makeRecord(
            "any", logging.INFO, __file__, 1, "stream %s: %d rows", (name, 3), None
        )
    line = logging.Formatter().format(record)
    assert len(line.splitlines()) == 1
    assert "\x1b" not in line


def test_a_record_is_redacted_whoever_logs_it(log):
    somebody().warning("%s and %r", "a\nERROR b", TOKEN)
    assert log.lines == [r"WARNING a\nERROR b and '***'"]
    assert log.events[0]["message"] == r"a\nERROR b and '***'"


def test_a_record_with_nothing_to_hide_keeps_its_arguments(log):
    somebody().info("%s rows", 7)
    assert log.records[-1].args == (7,)
    assert log.lines == ["INFO 7 rows"]


def failed():
    """An exception that quotes what others have sent, in all the ways of Python."""
    try:
        try:
            json.loads("{}")[f"quotes {TOKEN}\nERROR {ADDRESS}"]
        except KeyError as error:
            raise ValueError(f"for {ADDRESS}") from error
    except ValueError as error:
        error.add_note(f"said {ADDRESS}")
        fail()


def fail():
    raise RuntimeError(f"with {TOKEN}")


def test_what_an_exception_and_those_before_it_say_is_redacted(log):
    try:
        failed()
    except RuntimeError:
        somebody().exception("It failed")
    assert TOKEN not in log.text
    assert "ada" not in log.text.replace("failed()", "")
    assert "Traceback" in log.lines[0]
    told = log.events[0]["exception"]
    assert (told["type"], told["message"]) == ("RuntimeError", "with ***")
    assert told["traceback"][-1]["function"] == "fail"
    assert told["context"]["message"] == "for <address>"
    assert told["context"]["cause"]["type"] == "KeyError"
    assert told["context"]["cause"]["message"] == "'quotes *** <address>"


def test_an_exception_that_was_raised_from_itself_is_told_once(log):
    try:
        error = ValueError(f"for {ADDRESS}")
        raise error from error
    except ValueError:
        somebody().exception("It failed")
    assert log.events[0]["exception"]["message"] == "for <address>"


def hide():
    try:
        {}["Ada Lovelace"]
    except KeyError:
        raise ValueError("A row is wrong") from None


def test_what_an_exception_was_made_to_hide_stays_hidden(log):
    try:
        hide()
    except ValueError:
        somebody().exception("It failed")
    told = log.events[0]["exception"]
    assert told["message"] == "A row is wrong"
    assert not told.keys() & {"cause", "context"}


def test_an_exception_that_cannot_say_anything_is_logged(log):
    class SilentError(Exception):
        def __str__(self):
            raise ValueError

    error = SilentError()
    somebody().error("It failed", exc_info=error)
    assert log.events[0]["exception"]["type"] == "SilentError"


def test_what_others_put_beside_a_line_is_redacted(log):
    class Thing:
        def __str__(self):
            return f"thing of {ADDRESS}"

    extra = {"text": TOKEN, "deep": {ADDRESS: [f"a\n{ADDRESS}", 7, None, True]}, "thing": Thing()}
    somebody().info("A line", extra=extra)
    assert log.events[0]["extra"] == {
        "text": "***",
        "deep": {"<address>": [r"a\n<address>", 7, None, True]},
        "thing": "thing of <address>",
    }


def test_a_line_says_which_program_it_is_of(log):
    somebody().info("A line")
    somebody().info("Another", extra={"app_name": "a-host"})
    assert [event["app_name"] for event in log.events] == ["target-constant-contact", "a-host"]


def test_a_handler_that_a_log_configuration_gives_to_one_logger_redacts_too(monkeypatch):
    handler = Log()
    monkeypatch.setattr(somebody(), "handlers", [handler])
    redact_handlers("target-constant-contact")
    somebody().error("It failed", extra={"stream": f"of {ADDRESS}"})
    assert handler.events[0]["extra"]["stream"] == "of <address>"


def test_a_metric_keeps_its_parts_unless_something_in_it_has_to_be_masked(log):
    for stream in ("members", ADDRESS):
        point = Point("counter", Metric.RECORD_COUNT, 3, {"stream": stream})
        log_point(somebody(), point)
    plain, masked = log.events
    assert plain["metric_info"]["value"] == 3
    assert "metric_info" not in masked
    assert "ada" not in log.text


def test_fields_are_redacted_before_any_handler_sees_them():
    told = fields(stream=f"of {ADDRESS}", lists=[TOKEN, "VIP"], landed=7, seconds=1.5)
    assert told == {
        "stream": "of <address>",
        "stream_name": "of <address>",
        "lists": ["***", "VIP"],
        "landed": 7,
        "seconds": 1.5,
    }


def test_fields_name_the_run_that_is_under_way():
    set_run("20260101T000000Z-abcdef")
    assert fields(rows=1) == {"run": "20260101T000000Z-abcdef", "rows": 1}
    set_run(None)
    assert fields(rows=1) == {"rows": 1}
