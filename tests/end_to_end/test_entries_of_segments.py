"""Faults of an entry of `segments` say which one it is, wherever they show."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.checking import Check
from tests.support.target import lines, schema

if TYPE_CHECKING:
    from pathlib import Path

    from target_constant_contact.sandbox import Sandbox

PLACE = "segments.1 (stream 'vip-*'): "
MESSAGES = [schema("rest"), schema("vip-us")]


def entries(**settings: Any) -> list[dict[str, Any]]:
    return [{"stream": "rest"}, {"stream": "vip-*", **settings}]


FAULTS = [
    ({"lists": "Newsleter"}, f"{PLACE}lists: no list 'Newsleter' in the account"),
    (
        {"field_mapping": {"email": "EmailAddress", "cf:nope": "FirstName"}},
        f"{PLACE}field_mapping: no custom field 'nope' in the account",
    ),
    (
        {"field_mapping": {"email": "Nope"}},
        f"{PLACE}stream 'vip-us' has no field 'Nope' (for email)",
    ),
    ({"lists_field": "nope"}, f"{PLACE}stream 'vip-us' has no field 'nope' (for lists_field)"),
    (
        {"field_mapping": {"email_address": "EmailAddress"}},
        f"{PLACE}field_mapping: unknown contact property 'email_address'; did you mean 'email'?",
    ),
    ({"list": "Newsletter"}, f"{PLACE}'list' does not exist here; did you mean lists?"),
    (
        {"load_method": "replace"},
        f"{PLACE}load_method: 'replace' is not one of ['upsert', 'overwrite']",
    ),
]


@pytest.mark.parametrize(("settings", "fault"), FAULTS, ids=lambda value: str(value)[:40])
def test_a_run_names_the_entry_that_a_fault_is_about(export, settings, fault):
    outcome = export(*MESSAGES, segments=entries(**settings))
    assert outcome.exit_code == 78
    assert fault in outcome.log


@pytest.mark.parametrize(("settings", "fault"), FAULTS, ids=lambda value: str(value)[:40])
def test_its_check_names_the_entry_too(sandbox: Sandbox, tmp_path: Path, settings, fault):
    check = Check(sandbox, tmp_path)
    checked = check("--schema", check.file(lines(*MESSAGES)), segments=entries(**settings))
    assert checked.exit_code == 78
    failed = [detail for _, status, detail in checked.found if status == "failed"]
    # The name of the check says already what it is about.
    short = fault.replace("): lists: ", "): ").replace("field_mapping: no custom", "no custom")
    assert any(fault in detail or short in detail for detail in failed), failed


def test_what_an_entry_has_from_the_settings_themselves_is_told_once_and_without_it(export):
    mapping = {"email": "EmailAddress", "cf:nope": "FirstName"}
    outcome = export(*MESSAGES, lists="Newsleter", field_mapping=mapping, segments=entries())
    assert outcome.exit_code == 78
    assert outcome.log.count("no list 'Newsleter'") == 1
    assert outcome.log.count("no custom field 'nope'") == 1
    assert "segments." not in outcome.log


def test_entries_that_came_as_the_text_of_json_are_entries(export, sandbox):
    text = json.dumps(entries(lists='["Loyalty members"]', field_mapping='{"email": "FirstName"}'))
    outcome = export(
        *MESSAGES,
        {"type": "RECORD", "stream": "vip-us", "record": {"FirstName": "vip@example.com"}},
        segments=text,
    )
    assert outcome.exit_code == 0, outcome.log
    assert "vip@example.com" in sandbox.members("Loyalty members")
    assert "vip@example.com" not in sandbox.members("Newsletter")


def test_no_list_follows_two_segments(export, sandbox):
    """Also when one entry names it, and the other one has its id."""
    list_id = sandbox.lists()["Newsletter"]
    outcome = export(
        *MESSAGES,
        segments=[
            {"stream": "vip-*", "lists": "Newsletter", "load_method": "overwrite"},
            {"stream": "trial-*", "lists": list_id, "load_method": "overwrite"},
            {"stream": "others", "lists": "Newsletter"},
        ],
    )
    assert outcome.exit_code == 78
    assert (
        "segments.1 (stream 'trial-*'): lists: segments.0 (stream 'vip-*') has 'Newsletter' follow "
        "its segment too"
    ) in outcome.log
