"""The brake on lists that a run makes."""

from __future__ import annotations

import difflib
import json
from typing import TYPE_CHECKING, Any

import pytest

from target_constant_contact.account.lists import MAX_EXPLAINED
from target_constant_contact.api.client import ConstantContactClient
from tests.support.checking import Check
from tests.support.target import TEXT, lines, member, record, schema, state

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from target_constant_contact.sandbox import Sandbox

WORDS = ",".join(f"word {number}" for number in range(80))
ANY = {"type": ["null", "string", "array"]}


def columns(**more: Any) -> Any:
    return schema("members", EmailAddress=TEXT, list=ANY, **more)


def naming(lists: Sequence[Any], start: int = 0) -> list[Any]:
    """A record for each text."""
    return [member(start + number, list=text) for number, text in enumerate(lists)]


def names(count: int, word: str = "New") -> list[str]:
    return [f"{word} {number}" for number in range(count)]


@pytest.fixture
def load(export) -> Any:
    """Run with lists that the records name."""

    def start(*messages: Any, **settings: Any) -> Any:
        return export(*messages, **{"lists_field": "list", "create_lists": True} | settings)

    return start


@pytest.fixture
def made(sandbox: Sandbox) -> Any:
    """The lists that were made: `made()`."""
    before = set(sandbox.lists())
    return lambda: set(sandbox.lists()) - before


# Lists


def test_a_record_that_names_more_lists_than_a_contact_can_be_on_makes_none(made, load):
    outcome = load(columns(), *naming([WORDS, WORDS.split(",")]))
    assert outcome.totals == {"read": 2, "rejected": 2}
    assert made() == set()
    assert outcome.report["rejections"][0]["reason"] == "record names more than 50 lists"


def test_a_record_that_is_rejected_makes_no_list(made, load):
    rows = [
        member(1, list="Fine, ann@example.com"),
        record(EmailAddress="no address", list="Other"),
    ]
    outcome = load(columns(), *rows)
    assert outcome.totals == {"read": 2, "rejected": 2}
    assert made() == set()


@pytest.mark.parametrize("chunked", [True, False])
def test_a_wrong_column_makes_no_list_for_each_person(sandbox, made, load, chunked):
    people = [naming([f"Surname {number}"], number) for number in range(20)]
    if chunked:
        rows = [row for (row,) in people]
    else:
        # A STATE between them: no two records are taken together.
        rows = [message for (row,) in people for message in (row, state(row["record"]["list"]))]
    outcome = load(columns(), state("begun"), *rows, state("end"))
    assert outcome.exit_code == 65
    assert "max_new_lists is 10" in outcome.log
    assert "'Surname 1" in outcome.log
    assert len(made()) <= 10
    assert all(f"Made list {name!r}" in outcome.log for name in made())
    assert outcome.states == ["begun"]
    assert all(not sandbox.members(name) for name in made())


def test_of_a_chunk_that_names_more_than_allowed_none_is_made(made, load, pytestconfig):
    outcome = load(columns(), *naming(names(11)))
    assert outcome.exit_code == 65
    assert "11 lists would be made in this run" in outcome.log
    assert len(made()) == (10 if pytestconfig.getoption("records") == "alone" else 0)


def test_a_run_makes_as_many_lists_as_it_may(made, load):
    outcome = load(columns(), *naming([*names(3), "new 1", "NEW 2"]), max_new_lists=3)
    assert outcome.exit_code == 0
    assert len(made()) == 3
    assert outcome.totals == {"read": 5, "landed": 5}


def test_lists_that_were_made_before_the_brake_held_stay_and_are_named(sandbox, made, load):
    outcome = load(
        columns(), *naming(["First"]), state(1), *naming(["Second"], 1), state(2), max_new_lists=1
    )
    assert outcome.exit_code == 65
    assert made() == {"First"}
    assert "Made list 'First'" in outcome.log
    assert "'Second'" in outcome.log
    assert outcome.states in ([], [1])
    assert sandbox.contact("member1@example.com") is None


def test_lists_that_the_service_refuses_count_too(sandbox, load):
    """Otherwise a wrong column costs a request for each person."""
    refused = "y" * 200
    outcome = load(
        columns(), *naming([f"{refused}{number}" for number in range(30)]), max_new_lists=0
    )
    assert outcome.exit_code == 65
    assert not [seen for seen in sandbox.requests if seen.method == "POST"]


def test_batch_files_are_braked_as_well(made, load, tmp_path: Path):
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps(row["record"]) + "\n" for row in naming(names(40))))
    message = {
        "type": "BATCH",
        "stream": "members",
        "encoding": {"format": "jsonl"},
        "manifest": [file.as_uri()],
    }
    outcome = load(columns(), state(1), message, state(2))
    assert outcome.exit_code == 65
    assert "max_new_lists is 10" in outcome.log
    assert len(made()) <= 10
    assert outcome.states == [1]


@pytest.mark.parametrize("name", ["a\x07b", "a\nINFO forged", "a\u2028b", "a\u202eb", "a\ud800b"])
def test_a_name_with_control_characters_is_refused(made, export, load, name):
    outcome = load(columns(), *naming([name]))
    assert outcome.totals == {"read": 1, "rejected": 1}
    assert "control characters" in outcome.rejected[1]["record"]["_reject_reason"]
    outcome = export(schema(), member(1), lists=[name], create_lists=True)
    assert outcome.exit_code == 78
    assert "control characters" in outcome.log
    assert name not in outcome.log
    assert made() == set()


def test_new_lists_of_the_settings_are_counted_before_the_first_is_made(made, export):
    outcome = export(schema(), member(1), lists=names(11), create_lists=True)
    assert outcome.exit_code == 78
    assert "max_new_lists is 10" in outcome.log
    assert made() == set()
    assert export(schema(), lists=names(11), create_lists=True, max_new_lists=11).exit_code == 0
    assert len(made()) == 11


def test_too_many_lists_in_one_text_of_the_settings_make_none(made, export):
    outcome = export(schema(), lists=WORDS, create_lists=True, max_new_lists=100)
    assert outcome.exit_code == 78
    assert made() == set()


def test_a_list_that_another_run_makes_meanwhile_is_taken(sandbox, load, monkeypatch):
    make = ConstantContactClient.create_contact_list

    def late(client: ConstantContactClient, name: str) -> Any:
        sandbox.create_list(name)
        return make(client, name)

    monkeypatch.setattr(ConstantContactClient, "create_contact_list", late)
    outcome = load(columns(), *naming(["Shared"]))
    assert outcome.exit_code == 0
    assert set(sandbox.members("Shared")) == {"member0@example.com"}


# Rehearsal


@pytest.fixture
def check(sandbox: Sandbox, tmp_path: Path) -> Check:
    return Check(sandbox, tmp_path)


def test_check_says_that_the_brake_would_hold_and_makes_nothing(check: Check, made):
    text = lines(columns(), *naming(names(40)))
    settings: Any = {"lists": ..., "lists_field": "list", "create_lists": True}
    checked = check("--input", check.file(text), **settings)
    assert checked.exit_code == 65
    assert "max_new_lists is 10" in checked.details("mapping", "failed")[0]
    checked = check(lists=names(11), create_lists=True)
    assert checked.exit_code == 78
    assert "max_new_lists is 10" in checked.details("lists", "failed")[0]
    assert made() == set()


def test_unknown_lists_cost_no_search_for_each_row(load, monkeypatch):
    """With 300 lists of similar names, each takes up to 28 ms."""
    searched: list[str] = []
    monkeypatch.setattr(difflib, "get_close_matches", lambda text, *_, **__: searched.append(text))
    rows = naming([f"Customer of season {number}" for number in range(1_000)] * 2)
    outcome = load(columns(), *rows, create_lists=False)
    assert outcome.totals["rejected"] == 2_000
    assert len(searched) == len(set(searched)) == MAX_EXPLAINED
