"""Lists as taps and people write them: arrays as text, other separators, twins, old ids."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.checking import Check
from tests.support.target import TEXT, lines, member, schema, state

if TYPE_CHECKING:
    from pathlib import Path

    from target_constant_contact.sandbox import Sandbox

ANY = {"type": ["null", "string", "array", "number"], "items": {"type": ["null", "string"]}}
COLUMNS = schema("members", EmailAddress=TEXT, list=ANY)
TWO = ["Newsletter", "General Interest"]
ADDRESS = "member0@example.com"
OTHER = "member1@example.com"
PLACES = ["lists", "segments"]


@pytest.fixture(params=["together", "alone"])
def load(request, export) -> Any:
    """Run with records that name lists, which are read together or one by one."""

    def start(*values: Any, **settings: Any) -> Any:
        rows = [member(number, list=value) for number, value in enumerate(values)]
        if request.param == "alone":
            rows = [message for row in rows for message in (row, state(1))]
        settings = {"lists_field": "list", "create_lists": True} | settings
        if settings.pop("in_segment", False):
            names = ("lists", "lists_field")
            entry = {name: settings.pop(name) for name in names if name in settings}
            settings["segments"] = [{"stream": "mem*"} | entry]
        return export(COLUMNS, *rows, **settings)

    return start


@pytest.fixture
def made(sandbox: Sandbox) -> Any:
    """The lists that were made: `made()`."""
    before = set(sandbox.lists())
    return lambda: set(sandbox.lists()) - before


def reason(outcome: Any) -> str:
    """Why the only rejected row was rejected, with the hint of the rejects file."""
    (row,) = [each for each in outcome.rejected if each["type"] == "RECORD"]
    return row["record"]["_reject_reason"]


@pytest.mark.parametrize(
    "value", [json.dumps(TWO), '{Newsletter,"General Interest",NULL}', [*TWO, None], ", ".join(TWO)]
)
@pytest.mark.parametrize("in_segment", [False, True])
def test_records_name_the_same_lists_however_the_array_arrives(
    sandbox, made, load, value, in_segment
):
    assert load(value, in_segment=in_segment).totals == {"read": 1, "landed": 1}
    assert all(ADDRESS in sandbox.members(name) for name in TWO)
    assert made() == set()


@pytest.mark.parametrize("value", ["[]", "{}", "[null]", []])
def test_an_empty_array_goes_to_the_lists_of_the_settings(sandbox, load, value):
    assert load(value, lists="Loyalty members").totals == {"read": 1, "landed": 1}
    assert ADDRESS in sandbox.members("Loyalty members")


def test_flattening_changes_no_list(sandbox, made, load):
    load(TWO, [], flattening_enabled=True, flattening_max_depth=1, lists="Loyalty members")
    places = {
        name: {*sandbox.members(name)} & {ADDRESS, OTHER} for name in (*TWO, "Loyalty members")
    }
    assert places == {TWO[0]: {ADDRESS}, TWO[1]: {ADDRESS}, "Loyalty members": {OTHER}}
    assert made() == set()


@pytest.mark.parametrize(
    ("value", "group", "hint"),
    [
        ('["Newsletter"', "looks like a broken array", "'[\"Newsletter\"'"),
        ("['Newsletter']", "looks like a broken array", "['Newsletter']"),
        ('[["Newsletter"]]', "looks like a broken array", '[["Newsletter"]]'),
        ("Newsletter;General Interest", "write commas between lists", "'General Interest'"),
        (["Newsletter, Zebras"], 'write ["Newsletter", "Zebras"]', "but 'Newsletter'"),
        (1945328372, "looks like an id of the old API (V2)", "'1945328372'"),
        (Decimal(1945328372), "looks like an id of the old API (V2)", "'1945328372'"),
    ],
)
def test_what_is_no_name_makes_no_list_and_says_what_it_is(made, load, value, group, hint):
    value = float(value) if isinstance(value, Decimal) else value
    outcome = load(value)
    assert outcome.totals == {"read": 1, "rejected": 1}
    assert group in outcome.report["rejections"][0]["reason"]
    assert group in outcome.log
    assert hint in reason(outcome)
    assert made() == set()


def test_lists_of_odd_names_are_found_as_they_are(sandbox, made, load):
    names = ["Springfield, MA", "[VIP]", "Fish;Chips"]
    for name in names:
        sandbox.create_list(name)
    before = made()
    assert load(*names).totals == {"read": 3, "landed": 3}
    assert [len(sandbox.members(name)) for name in names] == [1, 1, 1]
    assert made() == before


def test_names_that_look_the_same_are_one_list(sandbox, made, load):
    sandbox.create_list("Börse")
    before = made()
    assert load("Bo\u0308rse", "\ufeffBörse\u00a0", "BÖRSE\u200b").totals == {
        "read": 3,
        "landed": 3,
    }
    assert len(sandbox.members("Börse")) == 3
    assert made() == before


def test_names_of_a_new_list_that_look_the_same_make_one(made, load):
    assert load("Bo\u0308rse", "Börse", " börse\u200e").totals == {"read": 3, "landed": 3}
    assert made() == {"Börse"}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("value", [json.dumps(TWO), '{Newsletter,"General Interest"}', TWO])
def test_settings_name_the_same_lists_however_the_array_arrives(
    sandbox, made, export, place, value
):
    entry = {"lists": value}
    settings = entry if place == "lists" else {"segments": [{"stream": "members"} | entry]}
    assert export(schema(), member(0), create_lists=True, **settings).exit_code == 0
    assert all(ADDRESS in sandbox.members(name) for name in TWO)
    assert made() == set()


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    ("value", "line"),
    [
        (
            '["Newsletter"',
            "lists: no list '[\"Newsletter\"' in the account; it looks like a broken array",
        ),
        ("Newsletter;Zebras", "but 'Newsletter'; write commas between lists"),
        (["Newsletter, Zebras"], 'write ["Newsletter", "Zebras"]'),
        ("1945328372", "'1945328372' in the account; it looks like an id of the old API (V2)"),
    ],
)
def test_settings_with_something_else_than_a_name_end_the_run(made, export, place, value, line):
    entry = {"lists": value}
    settings = entry if place == "lists" else {"segments": [{"stream": "members"} | entry]}
    outcome = export(schema(), member(0), create_lists=True, **settings)
    assert outcome.exit_code == 78
    assert line in outcome.log
    assert made() == set()


def test_the_comma_of_an_item_makes_no_second_list(sandbox, made, export):
    assert export(schema(), member(0), lists=["Springfield, MA"], create_lists=True).exit_code == 0
    assert made() == {"Springfield, MA"}
    assert ADDRESS in sandbox.members("Springfield, MA")


# What the log says of unknown lists


def test_the_end_of_a_run_names_unknown_lists(load):
    outcome = load("Newslettter", "Zebras", "Zebras", "Newsletter", create_lists=False)
    line = "members rejected: record names a list that does not exist: no list"
    assert f"1 of {line} 'Newslettter' in the account; did you mean 'Newsletter'?" in outcome.log
    assert f"2 of {line} 'Zebras' in the account; set create_lists: true to create" in outcome.log


def test_a_column_of_addresses_is_not_shown(load):
    outcome = load("ann@example.com", "+1 512 555 0100", create_lists=False)
    assert "does not exist: with an at sign it looks like an address" in outcome.log
    assert "512 555" not in outcome.log
    assert "example.com" not in outcome.log


def test_check_tells_a_text_with_commas_from_an_item_of_that_text(sandbox: Sandbox, tmp_path: Path):
    check = Check(sandbox, tmp_path)
    pair = "Newsletter, Loyalty members"
    segments = [{"stream": "a", "lists": pair}, {"stream": "b", "lists": [pair]}]
    checked = check(lists=..., segments=segments)
    assert len(checked.details("lists", "ok")) == 2
    (fault,) = checked.details("lists", "failed")
    assert 'write ["Newsletter", "Loyalty members"]' in fault


def test_check_names_unknown_lists_too(sandbox: Sandbox, tmp_path: Path):
    check = Check(sandbox, tmp_path)
    text = lines(COLUMNS, member(0, list="Newslettter"), member(1, list="Newsletter"))
    checked = check("--input", check.file(text), lists_field="list")
    assert any(
        "'Newslettter' in the account; did you mean 'Newsletter'?" in detail
        for detail in checked.details("mapping", "warning")
    )
