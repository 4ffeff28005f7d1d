"""The commands that look at an account, over real HTTP."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from target_constant_contact.account.account import Account
from target_constant_contact.commands.common import parse_settings
from target_constant_contact.contacts.contact import (
    PROPERTIES,
    TEXT_LIMITS,
    Contact,
    Rejection,
    wire_names,
)
from target_constant_contact.exceptions import SignInError
from target_constant_contact.mapping.field_mapping import FieldMapping, MappingOptions
from tests.support.commands import Answer, call, config_file
from tests.support.target import member, schema, settings_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from target_constant_contact.sandbox import Sandbox

Ask = Any


@pytest.fixture
def ask(sandbox: Sandbox, tmp_path: Path) -> Callable[..., Answer]:
    """Run a command with the settings of the sandbox: `ask("lists", "--json")`."""

    def run(name: str, *words: object, **settings: Any) -> Answer:
        config = config_file(tmp_path, **settings_for(sandbox, tmp_path / "data", **settings))
        return call(name, "--config", config, *words)

    return run


def posts(sandbox: Sandbox) -> list[str]:
    return [seen.path for seen in sandbox.requests if seen.method == "POST"]


def column(answer: Answer, title: str) -> list[str]:
    """The cells of one column of the only table that was printed."""
    header, line, *rows = answer.lines
    start = header.index(title)
    end = start + len(line[start:].split(" ")[0])
    return [row[start:end].strip() for row in rows]


def test_lists_are_shown_by_name_with_their_members(ask: Ask, sandbox: Sandbox):
    sandbox.create_list("apples")

    answer = ask("lists")

    assert answer.exit_code == 0
    assert column(answer, "name") == [
        "apples",
        "General Interest",
        "Loyalty members",
        "Newsletter",
        "Product updates",
    ]
    assert column(answer, "members") == ["0", "10", "0", "2", "0"]
    assert column(answer, "id")[0] == sandbox.lists()["apples"]


def test_lists_are_printed_for_programs(ask: Ask, sandbox: Sandbox):
    ids = sandbox.lists()

    answer = ask("lists", "--json")

    assert {"list_id": ids["Newsletter"], "name": "Newsletter", "members": 2} in answer.json
    assert [item["name"] for item in answer.json] == sorted(ids)


def test_an_account_without_lists_says_how_to_make_one(ask: Ask, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(
        "target_constant_contact.api.client.ConstantContactClient.contact_lists",
        lambda *_, **__: [],
    )

    assert ask("lists").stdout == "The account has no lists. Make one: lists --create NAME\n"
    assert ask("lists", "--json").json == []


def test_a_list_is_made_and_shown(ask: Ask, sandbox: Sandbox):
    answer = ask("lists", "--create", " Autumn sale ", "--json")

    assert answer.exit_code == 0
    assert answer.json == [
        {"list_id": sandbox.lists()["Autumn sale"], "name": "Autumn sale", "members": None}
    ]


@pytest.mark.parametrize("name", ["Newsletter", "newsLETTER", " Newsletter "])
def test_a_list_that_exists_is_not_made_again(ask: Ask, sandbox: Sandbox, name: str):
    answer = ask("lists", "--create", name)

    assert answer.exit_code == 78
    assert f"list 'Newsletter' exists already ({sandbox.lists()['Newsletter']})" in answer.log
    assert answer.stdout == ""
    assert posts(sandbox) == []


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("", "is blank"),
        (" \t", "is blank"),
        ("x" * 256, "has 256 characters"),
        ("Autumn\x1b[2Jsale", "holds control characters"),
    ],
)
def test_a_name_that_no_list_can_have_is_refused_without_a_request(
    ask: Ask, sandbox: Sandbox, name: str, fault: str
):
    answer = ask("lists", "--create", name)

    assert answer.exit_code == 78
    assert fault in answer.log
    assert sandbox.requests == []


def test_the_longest_name_is_taken(ask: Ask, sandbox: Sandbox):
    assert ask("lists", "--create", "x" * 255).exit_code == 0
    assert "x" * 255 in sandbox.lists()


@pytest.mark.parametrize("command", ["lists", "fields"])
def test_nothing_is_made_in_another_account(ask: Ask, sandbox: Sandbox, command: str):
    answer = ask(command, "--create", "New", account="Somebody else")

    assert answer.exit_code == 78
    assert "account is 'Somebody else'" in answer.log
    assert posts(sandbox) == []


@pytest.mark.parametrize("command", ["lists", "fields"])
def test_a_token_that_is_not_accepted_ends_the_command(ask: Ask, command: str):
    answer = ask(command, access_token="nobodys-token")

    assert answer.exit_code == 77
    assert answer.stdout == ""
    assert "nobodys-token" not in answer.log


def test_fields_are_shown_with_what_they_take(ask: Ask):
    answer = ask("fields")

    assert answer.exit_code == 0
    shown = [" ".join(line.split()) for line in answer.lines]
    for line in (
        "email e-mail address 80",
        "first_name text 50",
        "mobile_phone telephone number 50",
        "birthday date, sent as birthday_month and birthday_day",
        "home_street text, sent as street 255",
        "A contact takes 3 telephone numbers and 25 custom fields.",
        "cf:customer_id Customer ID string 255",
        "cf:Loyalty_tier Loyalty tier single_select 255 Bronze, Silver, Gold",
    ):
        assert line in shown


def test_fields_are_printed_for_programs(ask: Ask):
    answer = ask("fields", "--json").json

    names = [item["name"] for item in answer["properties"]]
    assert sorted(names) == sorted(PROPERTIES)
    assert names.index("birthday") == names.index("birthday_month") - 1
    assert {"name": "email", "takes": "e-mail address", "limit": 80} in answer["properties"]
    labels = [item["label"] for item in answer["custom_fields"]]
    assert labels == sorted(labels, key=str.casefold)
    tier = next(item for item in answer["custom_fields"] if item["label"] == "Loyalty tier")
    del tier["custom_field_id"]
    assert tier == {
        "mapping": "cf:Loyalty_tier",
        "label": "Loyalty tier",
        "type": "single_select",
        "choices": ["Bronze", "Silver", "Gold"],
        "limit": 255,
    }


FITTING = {
    "e-mail address": "a@example.com",
    "date": "2012-12-25",
    "number from 1 to 12": 12,
    "number from 1 to 31": 31,
    "US telephone number": "503-555-0117",
    "telephone number": "x",
    "text": "x",
}
UNFIT = {
    "e-mail address": "a",
    "date": "x",
    "number from 1 to 12": 13,
    "number from 1 to 31": 32,
    "US telephone number": "x",
}
TOGETHER = {
    "birthday_month": {"birthday_day": 25},
    "birthday_day": {"birthday_month": 12},
    "sms_consent_date": {"sms_number": "503-555-0117"},
}


def converted(name: str, value: object) -> Contact | Rejection:
    """What the mapping makes of a record with this value for a property."""
    record = {"email": "b@example.com", **TOGETHER.get(name, {}), name: value}
    properties = {field: {} for field in record}
    mapping = {field: field for field in record}
    options = MappingOptions(date(2026, 11, 24))
    return FieldMapping.compile("members", {"properties": properties}, mapping, options)(record)


def test_what_is_said_of_a_property_is_what_the_mapping_does(ask: Ask):
    for item in ask("fields", "--json").json["properties"]:
        name, takes, limit = item["name"], item["takes"].split(", sent as ")[0], item["limit"]
        assert isinstance(converted(name, FITTING[takes]), Contact), name
        if takes in UNFIT:
            assert isinstance(converted(name, UNFIT[takes]), Rejection), name
        if takes in {"text", "telephone number"}:
            assert isinstance(converted(name, "x" * limit), Contact), name
            assert isinstance(converted(name, "x" * (limit + 1)), Rejection), name
        else:
            assert wire_names(name)[0] not in TEXT_LIMITS


def test_a_custom_field_is_made_as_text_and_its_name_is_told(ask: Ask, sandbox: Sandbox):
    answer = ask("fields", "--create", " Shoe size ", "--json")

    assert answer.exit_code == 0
    (made,) = answer.json["custom_fields"]
    assert answer.json.keys() == {"custom_fields"}
    assert (made["mapping"], made["type"], made["choices"]) == ("cf:Shoe_size", "string", [])
    assert posts(sandbox) == ["/v3/contact_custom_fields"]


@pytest.mark.parametrize(
    "kind", ["string", "text_area", "number", "currency", "date", "datetime", "boolean"]
)
def test_a_custom_field_of_any_type_is_made(ask: Ask, kind: str):
    answer = ask("fields", "--create", "Shoe size", "--type", kind)

    assert answer.exit_code == 0
    assert answer.lines[-1].split() == ["cf:Shoe_size", "Shoe", "size", kind, "255"]
    assert "Contact properties" not in answer.stdout


@pytest.mark.parametrize("kind", ["single_select", "multi_select"])
def test_a_field_with_choices_is_made_with_them_in_their_order(ask: Ask, kind: str):
    choices = ("--choice", "Large", "--choice", " Small ")

    answer = ask("fields", "--create", "Size", "--type", kind, *choices, "--json")

    assert answer.json["custom_fields"][0]["choices"] == ["Large", "Small"]
    assert answer.json["custom_fields"][0]["type"] == kind


def repeated(count: int) -> list[str]:
    return [word for number in range(count) for word in ("--choice", f"choice {number}")]


def test_a_hundred_choices_are_taken(ask: Ask):
    answer = ask("fields", "--create", "Many", "--type=multi_select", *repeated(100))

    assert answer.exit_code == 0


@pytest.mark.parametrize(
    ("words", "faults"),
    [
        (["--create", " "], ["the label of the field is blank"]),
        (["--create", "x" * 51], ["the label has 51 characters; it can have 50"]),
        (["--create", "Shoe\x1bsize"], ["the label holds control characters"]),
        (["--create", "A", "--type=multi_select"], ["type multi_select needs at least one"]),
        (["--create", "A", "--choice=x"], ["type string has no choices"]),
        (
            ["--create", "A", "--type=single_select", *repeated(101)],
            ["101 choices; a field takes 100"],
        ),
        (
            ["--create", "A", "--type=single_select", "--choice", " ", "--choice", "y" * 256],
            ["a choice is blank", "one has 256 characters; it can have 255"],
        ),
        (
            ["--create", "A", "--type=single_select", "--choice=Re\u202ed"],
            ["a choice holds control characters"],
        ),
        (
            ["--create", "A", "--type=single_select", "--choice=Red", "--choice=red"],
            ["'red' is given 2 times"],
        ),
        (["--create", "", "--choice=x"], ["is blank", "has no choices"]),
        (["--type=date"], ["--type and --choice describe a new field"]),
        (["--choice=x"], ["--type and --choice describe a new field"]),
    ],
)
def test_a_field_that_cannot_be_is_refused_without_a_request(
    ask: Ask, sandbox: Sandbox, words: list[str], faults: list[str]
):
    answer = ask("fields", *words)

    assert answer.exit_code == 78
    lines = answer.log.splitlines()
    assert len(lines) == len(faults)
    for line, fault in zip(lines, faults, strict=True):
        assert fault in line
    assert sandbox.requests == []


@pytest.mark.parametrize("label", ["Customer ID", "customer id", "CUSTOMER_ID"])
def test_a_field_whose_label_or_name_is_taken_is_not_made(ask: Ask, sandbox: Sandbox, label: str):
    answer = ask("fields", "--create", label)

    assert answer.exit_code == 78
    assert "custom field 'Customer ID' exists already (cf:customer_id, type string)" in answer.log
    assert posts(sandbox) == []


def test_a_full_account_gets_no_more_fields(ask: Ask, sandbox: Sandbox):
    for number in range(95):
        sandbox.create_custom_field(f"Field {number}")

    answer = ask("fields", "--create", "One more")

    assert answer.exit_code == 78
    assert "the account has 100 custom fields" in answer.log
    assert posts(sandbox) == []


def test_an_account_without_custom_fields_says_how_to_make_one(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(
        "target_constant_contact.api.client.ConstantContactClient.custom_fields", lambda _: []
    )

    last = ask("fields").lines[-1]

    assert last == "The account has no custom fields. Make one: fields --create LABEL"


def test_a_run_is_found_again_with_all_that_its_report_holds(export: Any):
    """The reader knows what the writer writes."""
    done = export(schema(), member(1), member(1), member("@@"), lists=["Newsletter"])
    written = done.report

    (row,) = call("runs", "--data-dir", done.data_dir, "--json").json
    shown = call("runs", "show", "--data-dir", done.data_dir, "--json").json

    assert row == {name: shown[name] for name in row}
    assert row["run"] == written["run"]
    assert {name: row[name] for name in written["totals"]} == written["totals"]
    for name in (
        *("started_at", "ended_at", "status", "error", "connection", "account", "requests"),
        *("rejects_file", "destinations", "imports"),
    ):
        assert shown[name] == written[name], name
    assert [reason | {} for reason in written["rejections"]] == shown["rejections"]


def test_a_failed_run_tells_its_error(export: Any):
    done = export(schema(), member("@@"), max_rejected_percent=0)

    shown = call("runs", "show", "--data-dir", done.data_dir)

    assert "failed" in shown.stdout
    assert "max_rejected_percent is 0" in shown.stdout
    assert f"{done.data_dir}/runs/{done.report['run']}/rejects.singer.jsonl" in shown.stdout


def test_neither_a_list_nor_an_agreement_has_to_be_set_to_look_around(ask: Ask):
    unset = {"lists": None, "accept_data_transfer": None}

    assert ask("lists", **unset).exit_code == 0
    assert ask("fields", field_mapping={"email": "x", "cf:unknown": "y"}, **unset).exit_code == 0


def test_a_run_that_is_under_way_when_its_connection_is_removed_asks_to_sign_in(
    sandbox: Sandbox, tmp_path: Path
):
    settings = settings_for(sandbox, tmp_path, access_token=None, auth_url=sandbox.auth_url)
    seeded = settings | {
        "client_id": "sandbox-app",
        "client_secret": "sandbox-secret",
        "refresh_token": sandbox.mint_refresh_token(),
    }
    call("lists", "--config", config_file(tmp_path, **seeded))
    config = config_file(tmp_path, **settings)
    under_way = Account(parse_settings(settings))
    assert under_way.client.contact_lists()

    assert call("logout", "--config", config, "--yes").exit_code == 0

    assert under_way.client.contact_lists()
    sandbox.revoke_access_tokens()
    with pytest.raises(SignInError, match="There is no connection 'default'"):
        under_way.client.contact_lists()
    under_way.close()
    assert call("connections", "--config", config, "--json").json == []
