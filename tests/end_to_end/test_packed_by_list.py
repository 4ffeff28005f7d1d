"""Rows whose lists are combined in many ways travel by list, and lose nothing on the way."""

from __future__ import annotations

from itertools import chain, combinations

import pytest

from target_constant_contact.sandbox import Fault
from tests.support.target import TEXT, imported, record, schema, state

NAMES = tuple(f"List {letter}" for letter in "ABCDEF")
COMBINATIONS = list(chain(*(combinations(NAMES, size) for size in range(2, 7)))) + [
    (name,) for name in NAMES[:3]
]
"""Sixty, each another one."""
COPIES = sum(map(len, COMBINATIONS)) - len(COMBINATIONS)
SETTINGS = {"lists": None, "lists_field": "lists", "create_lists": True}
IMPORTS = {
    "json": "/activities/contacts_json_import",
    "csv": "/activities/contacts_file_import",
}
formats = pytest.mark.parametrize("import_format", ["json", "csv"])


def address(number):
    return f"m{number}@example.com"


def rows(**values):
    people = (
        record(EmailAddress=address(number), FirstName="Ann", lists=", ".join(names), **values)
        for number, names in enumerate(COMBINATIONS)
    )
    return [schema("members", EmailAddress=TEXT, FirstName=TEXT, lists=TEXT), *people, state(60)]


def lists_of_everybody(sandbox):
    return [tuple(sandbox.contact(address(number))["lists"]) for number in range(60)]


@formats
def test_sixty_combinations_of_six_lists_need_an_import_for_each_list(
    sandbox, export, import_format
):
    outcome = export(*rows(), import_format=import_format, **SETTINGS)
    assert outcome.exit_code == 0
    assert outcome.states == [60]
    assert lists_of_everybody(sandbox) == COMBINATIONS
    assert len(imported(sandbox)) == len(NAMES)
    assert len(sandbox.requests) < 30


@formats
def test_the_report_says_so_and_its_sums_add_up(export, import_format):
    outcome = export(*rows(), import_format=import_format, **SETTINGS)
    assert outcome.report["packed_by_list"] == [
        {
            "stream": "members",
            "rows": 57,
            "copies": COPIES,
            "imports": 6,
            "imports_by_combination": 60,
        }
    ]
    assert outcome.totals == {"read": 60, "copies": COPIES, "landed": 60 + COPIES}
    by_list = {place["lists"][0]["name"]: place for place in outcome.report["destinations"]}
    assert by_list.keys() == set(NAMES)
    for name, place in by_list.items():
        assert place["read"] == place["landed"] == sum(name in names for names in COMBINATIONS)
    assert (
        "57 rows of members with several lists were packed by list, in 6 imports instead of 60; "
        "each is counted once for each of its lists"
    ) in outcome.log
    assert f"Total: 60 read + {COPIES} copies = {60 + COPIES} landed" in outcome.log


@formats
def test_what_an_interrupted_run_has_imported_by_list_is_not_sent_again(
    sandbox, export, import_format
):
    """What has landed on some lists is still sent to the others."""
    sandbox.add_fault(Fault("POST", IMPORTS[import_format], nth=4, action="quota_exceeded"))
    outcome = export(*rows(), import_format=import_format, max_activities_in_flight=1, **SETTINGS)
    assert outcome.exit_code == 75
    assert outcome.states == []
    assert len(imported(sandbox)) == 3
    outcome = export(*rows(), import_format=import_format, **SETTINGS)
    assert outcome.exit_code == 0
    assert outcome.states == [60]
    assert lists_of_everybody(sandbox) == COMBINATIONS
    assert len(imported(sandbox)) == len(NAMES)
    taken_up = [record["taken_up"] for record in outcome.report["imports"]]
    assert sorted(taken_up) == [False] * 3 + [True] * 3


def test_somebody_who_comes_again_ends_with_the_latest_value_on_all_lists(sandbox, export):
    later = record(EmailAddress=address(0), FirstName="Anna", lists="List C, List F")
    outcome = export(*rows(), later, **SETTINGS)
    assert outcome.exit_code == 0
    contact = sandbox.contact(address(0))
    assert contact["first_name"] == "Anna"
    assert contact["lists"] == ["List A", "List B", "List C", "List F"]
    assert outcome.totals["read"] == 61


def test_a_refused_person_counts_once_and_is_in_the_rejects_file_once(behave, export):
    last = COMBINATIONS.index(NAMES)
    behave(flagged_addresses=frozenset({address(last)}))
    outcome = export(*rows(), max_rejected_percent=1.7, **SETTINGS)
    assert outcome.exit_code == 0
    assert outcome.totals["refused"] == len(NAMES)
    (found,) = [line for line in outcome.rejected if line["type"] == "RECORD"]
    assert found["record"]["EmailAddress"] == address(last)
    assert [finding["rows"] for finding in outcome.report["findings"]] == [1]


def test_more_refused_rows_than_may_be_fail_the_run(behave, export):
    behave(flagged_addresses=frozenset({address(0), address(1)}))
    outcome = export(*rows(), max_rejected_percent=1.7, **SETTINGS)
    assert outcome.exit_code == 65
    assert outcome.states == []


def test_a_new_person_on_several_lists_is_one_contact_of_the_contract(export):
    outcome = export(*rows(), max_new_contacts=60, **SETTINGS)
    assert outcome.exit_code == 0
    assert export(*rows(), max_new_contacts=0, **SETTINGS).exit_code == 0


def test_every_list_may_be_read_back(export):
    outcome = export(*rows(), verify="always", **SETTINGS)
    assert outcome.exit_code == 0
    assert outcome.states == [60]
    assert outcome.totals == {"read": 60, "copies": COPIES, "landed": 60 + COPIES}


def test_a_dry_run_counts_what_it_would_send(sandbox, export):
    for name in NAMES:
        sandbox.create_list(name)
    outcome = export(*rows(), dry_run=True, **SETTINGS)
    assert outcome.exit_code == 0
    assert outcome.totals == {"read": 60, "copies": COPIES, "unsettled": 60 + COPIES}


def test_combinations_that_need_as_many_imports_by_list_stay_together(sandbox, export):
    pairs = [("List A", "List B"), ("List B", "List C"), ("List A", "List C")]
    people = [
        record(EmailAddress=address(number), lists=list(names))
        for number, names in enumerate(pairs)
    ]
    outcome = export(schema("members", EmailAddress=TEXT, lists={}), *people, **SETTINGS)
    assert outcome.totals == {"read": 3, "landed": 3}
    assert outcome.report["packed_by_list"] == []
    assert imported(sandbox) == [1, 1, 1]
