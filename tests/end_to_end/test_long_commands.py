"""Commands that may take long say what they are doing, to whoever shows it."""

from __future__ import annotations

import pytest

from target_constant_contact.checks import checkup
from target_constant_contact.commands import common
from target_constant_contact.events.kinds import RowsRead, WorkBegun, WorkEnded
from target_constant_contact.listeners import progress
from target_constant_contact.store.cipher import new_key
from tests.support.checking import Check
from tests.support.commands import call, config_file
from tests.support.target import lines, member, schema, settings_for


@pytest.fixture
def told(monkeypatch):
    """Events of commands, instead of a display of them."""
    events = []
    for room in (common, checkup, progress):
        monkeypatch.setattr(room, "Reporter", lambda _stderr: events.append)
    return events


def works(told):
    return [(event.work, event.span) for event in told if isinstance(event, WorkBegun)]


def test_moving_and_rotating_a_store_and_erasing_are_told(told, tmp_path, postgres):
    kept = {"store_url": postgres.new_url(), "store_key": new_key()}
    config = config_file(tmp_path, data_dir=str(tmp_path / "data"), **kept)
    for words in (
        ["erase", "ada@example.com"],
        ["store", "export", tmp_path / "store.jsonl"],
        ["store", "import", tmp_path / "store.jsonl"],
        ["store", "rotate"],
    ):
        call(*words, "--config", config)
    (erasing, exporting, importing, rotating) = works(told)
    assert erasing == ("erasing 1 person", "erase")
    assert exporting[0].startswith("exporting the store at ")
    assert importing[0].startswith("importing into the store at ")
    assert rotating[0].startswith("encrypting what is secret in the store at ")
    assert len([event for event in told if isinstance(event, WorkEnded)]) == 4


def test_a_check_of_a_whole_input_is_told_with_its_rows(told, sandbox, tmp_path):
    check = Check(sandbox, tmp_path)
    path = check.file(lines(schema(), *map(member, range(7))))
    assert check("--input", path).exit_code == 0
    begun = told.index(WorkBegun(f"trying the mapping on {path}", "rehearsal"))
    (ended,) = [n for n, event in enumerate(told) if isinstance(event, WorkEnded)]
    assert max(event.rows for event in told[begun:ended] if isinstance(event, RowsRead)) == 7


def test_taking_a_list_over_is_told(told, sandbox, tmp_path):
    entry = {"stream": "members", "lists": "Newsletter", "load_method": "overwrite"}
    settings = settings_for(sandbox, tmp_path / "data", segments=[entry])
    del settings["lists"]
    assert call("adopt", "Newsletter", "--config", config_file(tmp_path, **settings)).exit_code == 0
    assert works(told) == [("waiting for an export of contacts", "read_back")]


def test_a_plan_is_told_with_its_rows_and_the_lists_that_it_compares_with(told, sandbox, tmp_path):
    path = tmp_path / "input.jsonl"
    path.write_text(lines(schema(), *map(member, range(7))))
    config = config_file(tmp_path, **settings_for(sandbox, tmp_path / "data"))
    assert call("plan", "--config", config, "--input", path).exit_code == 0
    assert works(told) == [
        ("planning what a run would do", "plan"),
        ("learning who has unsubscribed", "opt_outs"),
        ("comparing with list Newsletter", "compare"),
        ("waiting for an export of contacts", "read_back"),
    ]
    assert max(event.rows for event in told if isinstance(event, RowsRead)) == 7
    assert isinstance(told[-1], WorkEnded)
