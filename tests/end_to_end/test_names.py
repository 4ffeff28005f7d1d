"""Names that others gave, with whatever characters in them: a line of each event, and no more."""

from __future__ import annotations

import json
import tempfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from target_constant_contact.data_folder import DataFolder
from target_constant_contact.sandbox import Sandbox
from target_constant_contact.store.opening import open_store
from target_constant_contact.store.place import StorePlace
from target_constant_contact.store.runs import RunRows
from tests.support.commands import call, config_file
from tests.support.secrets import HIDDEN
from tests.support.target import Outcome, record, run, schema, settings_for, state

TEXT = {"type": ["null", "string"]}
FORGED = "a\n2026-01-01 00:00:00,000 | ERROR | forged\r\x1b[2K\x1b[31m\u202ex\u2028\x85\x9b\x00"
names = st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


def load(sandbox: Sandbox, folder: Path, stream: str, field: str, list_name: str) -> Outcome:
    list_id = sandbox.create_list(list_name)
    config = settings_for(sandbox, folder, lists=list_id)
    people = [
        record(stream, **{"email": "member1@example.com", field: "x" * 3_000}),
        record(stream, email="member2@example.com", first_name="F" * 60),
        record(stream, email="nobody"),
    ]
    first = schema(stream, **{"email": TEXT, "first_name": TEXT, field: TEXT})
    return run(config, first, *people, state("end"))


def events(outcome: Outcome) -> int:
    return len(outcome.log.splitlines())


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(stream=names, field=names, list_name=names)
@example(stream=FORGED, field=FORGED, list_name=FORGED)
def test_any_name_makes_as_many_log_lines_as_a_plain_one(stream, field, list_name):
    with Sandbox() as sandbox, tempfile.TemporaryDirectory() as folder:
        sandbox.behaviour = type(sandbox.behaviour)(seconds_to_start=0, seconds_to_finish=0)
        plain = load(sandbox, Path(folder) / "plain", "members", "zz_unknown", "A plain name")
        odd = load(
            sandbox, Path(folder) / "odd", f"s{stream}", f"zz_{field}", f"{list_name.strip()} list"
        )
    assert odd.exit_code == plain.exit_code == 0
    assert HIDDEN.findall(odd.log) == []
    assert events(odd) == events(plain), odd.log
    assert not any(line.startswith("2026-01-01") for line in odd.log.splitlines())


@pytest.fixture
def config(sandbox, tmp_path):
    """Settings of an account whose list, fields and past run are called by forgers."""
    list_id = sandbox.create_list(f"list {FORGED}")
    sandbox.create_custom_field("field\n\x1b[2Kforged\u202e")
    data = tmp_path / "data"
    outcome = load(sandbox, data, f"stream {FORGED}", f"zz {FORGED}", f"other {FORGED}")
    assert outcome.exit_code == 0
    with closing(open_store(StorePlace(DataFolder(data)))) as store:
        (row,) = RunRows(store).newest()
        document = json.loads(row.report)
        forged = json.dumps(document | {"account": FORGED, "error": FORGED})
        RunRows(store).put(replace(row, report=forged))
    return config_file(tmp_path, **settings_for(sandbox, data, lists=list_id))


@pytest.mark.parametrize(
    "words",
    [
        ("lists",),
        ("fields",),
        ("check",),
        ("runs",),
        ("runs", "show"),
        *[("lists", "--json"), ("fields", "--json"), ("check", "--json"), ("runs", "--json")],
        ("runs", "show", "--json"),
    ],
    ids=" ".join,
)
def test_a_command_shows_each_name_on_one_line_and_written_out(config, words):
    answer = call(*words, "--config", config)
    assert "forged" in answer.stdout or words[0] == "check"
    for text in (answer.stdout, answer.stderr, answer.log):
        assert HIDDEN.findall(text) == []
        assert not any(line.startswith("2026-01-01") for line in text.splitlines())


def test_json_of_a_command_has_the_name_as_it_is(config):
    found = call("lists", "--json", "--config", config).json
    assert f"list {FORGED}".strip() in [item["name"] for item in found]


def test_a_table_has_a_line_for_each_list(config):
    found = call("lists", "--json", "--config", config).json
    assert len(call("lists", "--config", config).lines) == len(found) + 2
