"""Values as spreadsheets and people write them, in every way that a record can come."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from target_constant_contact.singer import json_lines
from tests.support.target import TEXT, lines, member, record, run, schema, settings_for

if TYPE_CHECKING:
    from pathlib import Path

    from target_constant_contact.sandbox import Sandbox

NUMBER = {"type": ["null", "number"]}
SHEET = schema(EmailAddress=TEXT, Zip=NUMBER, Company=NUMBER, Phone=NUMBER, no=NUMBER, spent=NUMBER)
MAPPING = {
    "email": "EmailAddress",
    "zip": "Zip",
    "company_name": "Company",
    "phone": "Phone",
    "cf:customer_id": "no",
    "cf:Lifetime value": "spent",
}
WHOLE = {"Zip": 78701.0, "Company": 3.0, "Phone": 5125550100.0, "no": 41307.0, "spent": 9.0}
MIXED = {"Zip": None, "Company": 3.5, "Phone": 3125550188.0, "no": -0.0, "spent": 9.25}


@pytest.fixture(params=[1, 1 << 60], ids=["in chunks", "alone"])
def way(request, monkeypatch):
    """How records are taken."""
    monkeypatch.setattr(json_lines, "SHORTEST_CHUNK", request.param)


def sheet_in_parquet(path: Path) -> dict[str, Any]:
    rows = [member(n, **values)["record"] for n, values in enumerate((WHOLE, MIXED))]
    parquet.write_table(pa.Table.from_pylist(rows), path)
    encoding = {"format": "parquet", "compression": "none"}
    return {
        "type": "BATCH",
        "stream": "members",
        "encoding": encoding,
        "manifest": [path.as_uri()],
    }


def values_of(sandbox: Sandbox, number: int) -> list[Any]:
    contact = sandbox.contact(f"member{number}@example.com") or {}
    names = ("zip", "company_name", "phone", "cf:customer_id", "cf:Lifetime_value")
    return [contact.get(name) for name in names]


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("import_format", ["json", "csv"])
@pytest.mark.parametrize("in_file", [False, True], ids=["records", "batch"])
def test_whole_numbers_of_a_spreadsheet_have_no_decimal_point(
    sandbox, export, tmp_path, import_format, in_file
):
    records = [member(0, **WHOLE), member(1, **MIXED)]
    messages = [sheet_in_parquet(tmp_path / "sheet.parquet")] if in_file else records

    outcome = export(SHEET, *messages, field_mapping=MAPPING, import_format=import_format)

    assert outcome.totals == {"read": 2, "landed": 2}
    assert values_of(sandbox, 0) == ["78701", "3", "5125550100", "41307", "9"]
    assert values_of(sandbox, 1) == [None, "3.5", "3125550188", "0", "9.25"]


@pytest.mark.usefixtures("way")
def test_marks_and_quotes_around_an_address_come_off_and_one_inside_is_named(sandbox, export):
    outcome = export(
        schema(EmailAddress=TEXT),
        record(EmailAddress="\u202aann@example.com\u202c"),
        record(EmailAddress="'bob@example.com'"),
        record(EmailAddress="cle\u200bo@example.com"),
        record(EmailAddress="'dan@example.com"),
    )

    assert sandbox.contact("ann@example.com")
    assert sandbox.contact("bob@example.com")
    assert [row["record"]["_reject_reason"] for row in outcome.rejected[1:]] == [
        "e-mail address holds the invisible character U+200B; take it out",
        "e-mail address has an apostrophe or quotation mark at one end; give the bare address",
    ]


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("import_format", ["json", "csv"])
def test_a_bad_value_that_is_left_out_is_counted_and_named_and_the_member_lands(
    sandbox, export, import_format
):
    outcome = export(
        schema(EmailAddress=TEXT, dob=TEXT, zip=TEXT, sms=TEXT, agreed=TEXT),
        member(1, dob="some day in May", zip="97301"),
        member(2, dob="1980-05-04", zip="97302"),
        member("@3", dob="soon"),
        member(4, dob="1980-05-04", sms="212-555-0123", agreed="1970-01-01"),
        member(5, dob="next May", sms="212-555-0124", agreed="2024-07-03"),
        field_mapping={
            "email": "EmailAddress",
            "birthday": "dob",
            "zip": "zip",
            "sms_number": "sms",
            "sms_consent_date": "agreed",
        },
        on_bad_value="drop",
        import_format=import_format,
    )

    assert outcome.totals == {"read": 5, "landed": 4, "rejected": 1}
    assert "birthday_month" not in sandbox.contact("member1@example.com")
    assert sandbox.contact("member2@example.com")["birthday_month"] == 5
    fourth, fifth = (sandbox.contact(f"member{number}@example.com") for number in (4, 5))
    assert fourth["sms_number"] == "2125550123"
    assert "sms_consent_date" not in fourth
    assert fourth["sms_permission_to_send"] == "not_set"
    assert fifth["sms_permission_to_send"] == "explicit"
    assert [(each["field"], each["values"]) for each in outcome.report["dropped"]] == [
        *(("dob", 2), ("agreed", 1))
    ]
    line = "2 values of members left out: birthday cannot be read as a date; write YYYY-MM-DD"
    assert f"{line} (field 'dob')" in outcome.log
    assert len(re.findall("left out", outcome.log)) == 2


def test_a_value_that_is_left_out_takes_nothing_from_an_earlier_row(sandbox, export):
    text = lines(
        schema(EmailAddress=TEXT, dob=TEXT, zip=TEXT),
        member(1, dob="1980-05-04", zip="97301"),
        member(1, dob="some day in May", zip="97302"),
    )

    outcome = export(text=text, on_bad_value="drop")

    assert outcome.totals == {"read": 2, "landed": 1, "merged": 1}
    contact = sandbox.contact("member1@example.com")
    assert (contact["birthday_month"], contact["birthday_day"]) == (5, 4)
    assert contact["zip"] == "97302"
    assert outcome.report["dropped"][0]["values"] == 1


def test_values_are_left_out_of_chunks_as_of_records_that_come_alone(
    sandbox, tmp_path, monkeypatch
):
    """Of two streams in turns, beside rows that are rejected for other reasons."""
    columns = {"EmailAddress": TEXT, "dob": TEXT, "zip": TEXT, "where": TEXT, "plan": TEXT}
    bad_days = ["some day", "1980-05-04", None, "13/13/1980"]
    rows = [
        record(
            ("members", "others")[number % 2],
            EmailAddress=f"member{number % 90}@example.com" if number % 7 else "nobody",
            dob=bad_days[number // 2 % 4],
            zip="9" * (60 if number % 11 == 0 else 5),
            where="Nowhere" if number % 13 == 0 else "Newsletter",
            plan=5 if number % 17 == 0 else "free",
        )
        for number in range(300)
    ]
    text = lines(schema("members", **columns), schema("others", **columns), *rows)
    settings = {"on_bad_value": "drop", "lists_field": "where", "validate_records": True}
    mapping = {"email": "EmailAddress", "birthday": "dob", "zip": "zip"}
    seen = []
    for at_once in (1, 1 << 60):
        monkeypatch.setattr(json_lines, "SHORTEST_CHUNK", at_once)
        config = settings_for(sandbox, tmp_path / str(at_once), field_mapping=mapping, **settings)
        outcome = run(config, text=text)
        assert outcome.exit_code == 0
        seen.append(
            [outcome.report[name] for name in ("totals", "dropped", "rejections", "destinations")]
        )
    assert seen[0] == seen[1]
    assert {each["stream"] for each in seen[0][1]} == {"members", "others"}
    assert {each["field"] for each in seen[0][1]} == {"dob", "zip"}
