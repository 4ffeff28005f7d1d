"""Members of more lists than memory has room for: one import for each list."""

from __future__ import annotations

from functools import partial

import pytest

from target_constant_contact.batches.packer import Packer
from tests.support.target import TEXT, imported, record, schema, state

NAMES = ("List A", "List B", "List C")
SETTINGS = {"lists": None, "lists_field": "lists", "create_lists": True}
formats = pytest.mark.parametrize("import_format", ["json", "csv"])


@pytest.fixture(autouse=True)
def little_memory(monkeypatch):
    monkeypatch.setattr("target_constant_contact.run.intake.Packer", partial(Packer, open_rows=4))


def address(number):
    return f"m{number}@example.com"


def member(number, name="Ann", lists=None):
    place = lists or NAMES[number % 3]
    return record(EmailAddress=address(number), FirstName=name, lists=place)


def messages(*rows):
    columns = {"EmailAddress": TEXT, "FirstName": TEXT, "lists": TEXT}
    return [schema("members", **columns), *rows, state(len(rows))]


@formats
def test_each_list_takes_one_import_however_its_rows_come(sandbox, export, import_format):
    rows = [member(number) for number in range(30)]
    outcome = export(*messages(*rows), import_format=import_format, **SETTINGS)
    assert outcome.exit_code == 0
    assert outcome.states == [30]
    assert imported(sandbox) == [10, 10, 10]
    for number in range(30):
        assert sandbox.contact(address(number))["lists"] == [NAMES[number % 3]]


@formats
def test_a_person_who_comes_again_is_merged_when_the_list_is_sent(sandbox, export, import_format):
    rows = [*(member(number) for number in range(30)), member(0, "Zoe")]
    outcome = export(*messages(*rows), import_format=import_format, **SETTINGS)
    assert outcome.exit_code == 0
    assert outcome.totals == {"read": 31, "landed": 30, "merged": 1}
    assert imported(sandbox) == [10, 10, 10]
    assert sandbox.contact(address(0))["first_name"] == "Zoe"


def test_a_person_who_comes_again_for_another_list_ends_with_the_later_values(sandbox, export):
    rows = [*(member(number) for number in range(30)), member(0, "Zoe", "List B")]
    outcome = export(*messages(*rows), **SETTINGS)
    assert outcome.exit_code == 0
    assert outcome.states == [31]
    assert imported(sandbox) == [10, 10, 10, 1]
    person = sandbox.contact(address(0))
    assert (person["first_name"], sorted(person["lists"])) == ("Zoe", ["List A", "List B"])


@pytest.mark.parametrize("limit", ["max_new_contacts", "max_active_contacts"])
def test_the_contract_holds_for_what_was_put_aside(sandbox, export, limit):
    rows = [member(number) for number in range(30)]
    outcome = export(*messages(*rows), **SETTINGS, **{limit: 25})
    assert outcome.exit_code == 65
    assert outcome.states == []
    assert sum(imported(sandbox)) <= 20
    assert f"{limit} is 25" in outcome.report["error"]


@pytest.mark.parametrize("dry_run", [False, True])
def test_what_is_settled_holds_nobody_back_and_takes_no_memory_any_more(
    export, monkeypatch, dry_run
):
    packers = []
    monkeypatch.setattr(
        "target_constant_contact.run.intake.Packer",
        lambda *args, **options: packers.append(Packer(*args, **options)) or packers[-1],
    )
    rows = [member(number) for number in range(30)]
    outcome = export(*messages(*rows), batch_size_rows=4, dry_run=dry_run, **SETTINGS)
    assert outcome.exit_code == 0
    (packer,) = packers
    assert list(packer._door.unsettled.numbers) == []
