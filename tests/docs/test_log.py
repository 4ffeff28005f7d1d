"""The page about the log says what is in the log."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from singer_sdk.metrics import Metric

from target_constant_contact.listeners.sdk_metrics import OwnMetric
from target_constant_contact.log_fields import Fields
from tests.docs import pages
from tests.support.commands import config_file
from tests.support.process import cli
from tests.support.target import lines, member, schema

if TYPE_CHECKING:
    from pathlib import Path


def test_the_page_explains_every_field_and_no_other():
    rows = pages.rows(pages.marked("log fields"))

    assert [pages.code(name)[0] for name, _ in rows] == list(Fields.__annotations__)
    assert all(meaning for _, meaning in rows)


def test_the_page_explains_metrics_that_there_are():
    told = {pages.code(cells[0])[0] for cells in pages.rows(pages.marked("log metrics"))}

    assert told >= {each.value for each in OwnMetric}
    assert told <= {each.value for each in (*OwnMetric, *Metric)}


def test_the_configuration_of_the_page_makes_lines_of_json_with_fields(tmp_path: Path):
    (shown,) = pages.blocks("json", pages.marked("log configuration"))
    path = tmp_path / "logging.json"
    path.write_text(shown.body, encoding="utf-8")
    settings = config_file(tmp_path, sandbox=True, lists="VIP", create_lists=True)
    done = cli(
        tmp_path,
        "--config",
        str(settings),
        stdin=lines(schema(), member(1), member(2)),
        SINGER_SDK_LOG_CONFIG=str(path),
    )

    events = [json.loads(line) for line in done.stderr.splitlines()]
    (end,) = [event["extra"] for event in events if "status" in event["extra"]]
    assert done.returncode == 0
    assert {event["app_name"] for event in events} == {"target-constant-contact"}
    assert (end["status"], end["read"], end["landed"]) == ("completed", 2, 2)
    assert {field for event in events for field in event["extra"]} <= {*Fields.__annotations__}


def test_the_line_of_the_page_has_fields_that_are_explained_there():
    (line,) = pages.blocks("text", pages.marked("log line of meltano"))
    event = json.loads(line.body.replace(", ...", ""))

    meltano = {"name", "level", "event", "stream_name"}
    assert event.keys() - meltano <= {*Fields.__annotations__}
