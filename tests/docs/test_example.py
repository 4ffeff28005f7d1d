"""The output in the pages is what the example, and the tutorial's own tap, print."""

from __future__ import annotations

import json
import logging
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from target_constant_contact.batches.batch import MAX_ROWS, BatchLimits, Destination, ImportBatch
from target_constant_contact.batches.packer import Packer
from target_constant_contact.contacts.encoding import encode_contact
from target_constant_contact.mapping.field_mapping import FieldMapping, MappingOptions
from target_constant_contact.sandbox import Sandbox
from tests.conftest import AT_ONCE
from tests.docs import pages
from tests.support.target import Message, Outcome, record, run, schema, settings_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FOLDER = pages.ROOT / "examples"
STREAMS = ("newsletter_subscribers", "loyalty_members")
NEWSLETTER_BEFORE = 2
"""Members whom the sandbox's list has from the start; one of them is in the segment."""


@cache
def messages(stream: str) -> tuple[Message, ...]:
    """An example segment as tap-jsonl writes it: types of all values of a column."""
    text = (FOLDER / "segments" / f"{stream}.jsonl").read_text(encoding="utf-8")
    return _messages(stream, text)


def _messages(stream: str, text: str) -> tuple[Message, ...]:
    rows = [json.loads(line) for line in text.splitlines()]
    columns: dict[str, dict[str, Any]] = {}
    for row in rows:
        for name, value in row.items():
            column = columns.setdefault(name, {"type": ["null"]})
            if (kind := _type_of(value)) not in column["type"]:
                column["type"].append(kind)
            if kind == "object":
                column["additionalProperties"] = True
    return (schema(stream, **columns), *(record(stream, **row) for row in rows))


def _type_of(value: Any) -> str:
    kinds = {str: "string", int: "integer", float: "number", dict: "object"}
    return "null" if value is None else kinds[type(value)]


def _project_config() -> dict[str, Any]:
    project = yaml.safe_load((pages.ROOT / "meltano.yml").read_text(encoding="utf-8"))
    config: dict[str, Any] = project["plugins"]["loaders"][0]["config"]
    return {name: value for name, value in config.items() if name != "data_dir"}


@dataclass(frozen=True, slots=True)
class Example:
    """Two runs of the job, and how many members the list has then."""

    first: list[Outcome]
    second: list[Outcome]
    newsletter: int


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Example]:
    """The job of meltano.yml with its settings, without Meltano."""
    # As the command line has it; the fixture of each test, which does so too, comes after this one.
    logging.getLogger().setLevel(logging.INFO)
    folder: Path = tmp_path_factory.mktemp("example")
    with Sandbox(behaviour=AT_ONCE) as sandbox:
        config = settings_for(sandbox, folder)
        del config["lists"], config["max_rejected_percent"]
        config |= _project_config()
        first, second = ([run(config, *messages(name)) for name in STREAMS] for _ in range(2))
        yield Example(first, second, _members(sandbox, "Newsletter"))


def _members(sandbox: Sandbox, name: str) -> int:
    import requests

    answer = requests.get(
        f"{sandbox.api_url}/contact_lists",
        params={"include_membership_count": "all"},
        headers={"Authorization": f"Bearer {sandbox.access_token}"},
        timeout=10,
    )
    found = {item["name"]: item["membership_count"] for item in answer.json()["lists"]}
    return int(found[name])


def _sums(outcomes: list[Outcome]) -> list[str]:
    return [line for run in outcomes for line in run.log.splitlines() if " read = " in line]


@pytest.mark.parametrize("part", ["example output", "example sums"])
def test_every_line_of_the_shown_output_is_printed(example: Example, part: str):
    printed = [line for run in example.first for line in run.log.splitlines()]
    (shown,) = pages.blocks("text", pages.marked(part))

    # A single missing line says more than two long texts that differ.
    assert shown.body
    assert [line for line in shown.body.splitlines() if line not in printed] == []


def test_no_reason_of_the_first_segment_is_left_out(example: Example):
    (shown,) = pages.blocks("text", pages.marked("example output"))
    reasons = [line for line in example.first[0].log.splitlines() if " rejected: " in line]

    assert reasons
    assert [line for line in reasons if line not in shown.body] == []


def test_both_runs_succeed_and_have_the_same_sums(example: Example):
    assert [run.exit_code for run in (*example.first, *example.second)] == [0, 0, 0, 0]
    assert _sums(example.first) == _sums(example.second)
    assert len(_sums(example.first)) == len(STREAMS)


def test_the_list_has_as_many_members_as_the_tutorial_says(example: Example):
    landed = example.first[0].totals["landed"]

    assert example.newsletter == landed + NEWSLETTER_BEFORE - 1
    assert f"has {example.newsletter:,} members: the {landed:,} that landed" in pages.one_line(
        pages.read(pages.page_of("example output"))
    )


def test_the_rejected_row_that_is_shown_is_one_of_them(example: Example):
    (shown,) = pages.blocks("json", pages.marked("rejected row"))

    assert json.loads(shown.body) in example.first[0].rejected


def test_the_tutorial_shows_what_its_own_tap_brings_about(tmp_path: Path):
    """The people, the project and the output that it shows belong together."""
    (segment,) = pages.blocks("text", pages.marked("tutorial segment"))
    (project,) = pages.blocks("yaml", pages.marked("tutorial project"))
    (shown,) = pages.blocks("text", pages.marked("tutorial output"))
    plugins = yaml.safe_load(project.body)["plugins"]
    stream = plugins["extractors"][0]["config"]["stream_name"]
    with Sandbox(behaviour=AT_ONCE) as sandbox:
        config = plugins["loaders"][0]["config"] | {"sandbox": False, "data_dir": str(tmp_path)}
        done = run(settings_for(sandbox, tmp_path) | config, *_messages(stream, segment.body))
        cities = {key: contact["city"] for key, contact in sandbox.members(config["lists"]).items()}

    assert done.exit_code == 0
    assert [line for line in shown.body.splitlines() if line not in done.log.splitlines()] == []
    assert cities["ada@example.com"] == "Hull"


def test_a_million_members_take_as_many_requests_as_the_limits_say():
    batch = _newsletter_as_one_batch()
    size = BatchLimits().size
    per_row = len(batch.body) / batch.rows
    rows = min(MAX_ROWS, int(size / per_row))

    said = pages.one_line(pages.read(pages.DOCS / "reference" / "limits.md"))
    assert f"have {per_row:.0f} bytes on average" in said
    assert f"one request carries about {round(rows, -3):,} of them" in said
    assert f"a million take {-(-1_000_000 // rows)} requests" in said
    assert f"Up to {size // MAX_ROWS - 1} bytes each, it is {1_000_000 // MAX_ROWS}" in said


def _newsletter_as_one_batch() -> ImportBatch:
    described, *rows = messages("newsletter_subscribers")
    mapping = FieldMapping.compile(
        "newsletter", described["schema"], None, MappingOptions(date(2026, 11, 24))
    )
    packer = Packer()
    for number, row in enumerate(rows):
        contact = mapping(row["record"])
        if hasattr(contact, "key"):
            packer.add(
                Destination("newsletter", ("0",)),
                number,
                contact.key,
                encode_contact(contact.properties),
            )
    (batch,) = (batch for packed in packer.finish() for batch in packed.sealed)
    return batch


def test_the_generator_reproduces_the_example_segments(tmp_path: Path):
    for name in ("generate.py", "cultures.json"):
        shutil.copy(FOLDER / name, tmp_path)
    subprocess.run([sys.executable, tmp_path / "generate.py"], check=True, timeout=60)

    for name in STREAMS:
        made = tmp_path / "segments" / f"{name}.jsonl"
        assert made.read_bytes() == (FOLDER / "segments" / made.name).read_bytes()
