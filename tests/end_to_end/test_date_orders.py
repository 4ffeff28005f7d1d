"""Dates with slashes or dashes: the order that is set, and columns that show another."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from target_constant_contact.singer import json_lines
from tests.support.checking import Check
from tests.support.target import TEXT, lines, member, record, schema, state

if TYPE_CHECKING:
    from pathlib import Path

    from target_constant_contact.sandbox import Sandbox

MAPPING = {"email": "EmailAddress", "birthday": "born", "anniversary": "since"}
COLUMNS = schema("members", EmailAddress=TEXT, born=TEXT, since=TEXT)


@pytest.fixture(params=[1, 1 << 60], ids=["in chunks", "alone"])
def both_ways(request, monkeypatch) -> None:
    """With the rows taken in chunks, and each of them alone."""
    monkeypatch.setattr(json_lines, "SHORTEST_CHUNK", request.param)


def born(*days: Any) -> list[dict[str, Any]]:
    return [member(number, born=day) for number, day in enumerate(days)]


def found(sandbox: Sandbox, number: int) -> tuple[Any, Any]:
    """Month and day of a member's birthday."""
    contact = sandbox.contact(f"member{number}@example.com") or {}
    return contact.get("birthday_month"), contact.get("birthday_day")


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize("import_format", ["json", "csv"])
def test_the_order_holds_for_the_streams_for_which_it_is_set(sandbox, export, import_format):
    joined = sandbox.create_custom_field("Joined", "date")
    columns = COLUMNS["schema"]["properties"]
    row = {"born": "04/05/1980", "since": "03-04-2011"}
    outcome = export(
        *(schema(stream, **columns) for stream in ("us", "uk")),
        *(record(name, EmailAddress=f"{name}@example.com", **row) for name in ("us", "uk")),
        field_mapping=MAPPING | {f"cf:{joined}": "since"},
        import_format=import_format,
        date_order="dmy",
        segments=[{"stream": "us", "date_order": "mdy"}],
    )
    assert outcome.exit_code == 0
    us, uk = (sandbox.contact(f"{name}@example.com") for name in ("us", "uk"))
    assert (us["birthday_month"], us["birthday_day"]) == (4, 5)
    assert (uk["birthday_month"], uk["birthday_day"]) == (5, 4)
    assert (us["anniversary"], uk["anniversary"]) == ("2011-03-04", "2011-04-03")
    assert us[f"cf:{joined}"] == "2011-03-04"
    assert uk[f"cf:{joined}"] == "2011-04-03"
    # Though a field fills several properties.
    assert [each["either"] for each in outcome.report["date_orders"]] == [1, 1, 1, 1]


@pytest.mark.usefixtures("both_ways")
def test_a_column_of_both_orders_fails_the_run_and_says_how_many_were_read_which_way(export):
    rows = born("25/12/1980", "04/05/1980", "12/25/1980", "1980-01-02", None, "13/5", "6-7", "")
    outcome = export(COLUMNS, *rows, state("end"), field_mapping=MAPPING)
    assert outcome.exit_code == 65
    assert outcome.states == []
    assert (
        "Field 'born' of stream 'members' mixes two orders of dates: 2 can only be day-month-year, "
        "1 only month-day-year, and 2 that could be either were read as month-day-year"
    ) in outcome.report["error"]
    assert outcome.report["error"] in outcome.log
    assert outcome.report["date_orders"] == [
        {
            "stream": "members",
            "field": "born",
            "date_order": "mdy",
            "day_first": 2,
            "month_first": 1,
            "either": 2,
        }
    ]


def test_rejected_rows_that_fail_the_run_hide_no_column_of_both_orders(export):
    rows = born("25/12/1980", "04/05/1980", "12/25/1980")
    bad = [record(EmailAddress="none", born="") for _ in range(3)]
    outcome = export(COLUMNS, *rows, *bad, field_mapping=MAPPING, max_rejected_percent=10)
    assert outcome.exit_code == 65
    assert "66.7 % of the rows of stream 'members' were rejected or refused" in outcome.log
    assert "Field 'born' of stream 'members' mixes two orders of dates" in outcome.log


def test_the_order_that_the_line_names_makes_the_next_run_succeed(sandbox, export):
    rows = born("25/12/1980", "04/05/1980")
    assert export(COLUMNS, *rows, field_mapping=MAPPING).exit_code == 65
    assert found(sandbox, 1) == (4, 5)
    outcome = export(COLUMNS, *rows, state("end"), field_mapping=MAPPING, date_order="dmy")
    assert (outcome.exit_code, outcome.states) == (0, ["end"])
    assert (found(sandbox, 0), found(sandbox, 1)) == ((12, 25), (5, 4))


@pytest.mark.usefixtures("both_ways")
def test_a_few_slips_are_named_in_a_warning_and_fail_nothing(export):
    rows = born(*["12/25/1980"] * 30, "25/12/1980", "04/05/1980")
    outcome = export(COLUMNS, *rows, state("end"), field_mapping=MAPPING)
    assert (outcome.exit_code, outcome.states) == (0, ["end"])
    assert (
        "1 can only be day-month-year, 30 only month-day-year, and 1 that could be either were "
        "read as month-day-year (date_order: mdy)"
    ) in outcome.log


def test_dates_that_are_only_refused_name_the_setting_in_their_reason(export):
    rows = born("25/12/1980", "26/12/1980", "05/05/1980")
    outcome = export(COLUMNS, *rows, state("end"), field_mapping=MAPPING)
    assert (outcome.exit_code, outcome.states) == (0, ["end"])
    (rejection,) = outcome.report["rejections"]
    assert "set date_order: dmy if the column is" in rejection["reason"]
    assert "mixes two orders" not in outcome.log


@pytest.mark.usefixtures("both_ways")
def test_state_is_held_back_as_soon_as_a_column_shows_both_orders(export):
    early = born("12/25/1980", "04/05/1980", "1980-12-25", "")
    late = born(*["04/05/1980"] * 3, "25/12/1980", "26/12/1980")
    outcome = export(
        *(COLUMNS, *early, state("early"), *late, state("late"), state("later")),
        field_mapping=MAPPING,
        batch_size_rows=1,
    )
    assert outcome.exit_code == 65
    assert set(outcome.states) <= {"early"}


@pytest.mark.usefixtures("both_ways")
def test_a_schema_that_comes_again_forgets_nothing(export):
    other = schema("members", EmailAddress=TEXT, born=TEXT, since=TEXT, more=TEXT)
    outcome = export(
        *(COLUMNS, *born("25/12/1980"), COLUMNS, other, *born("04/05/1980"), COLUMNS),
        field_mapping=MAPPING,
    )
    assert outcome.exit_code == 65


@pytest.mark.usefixtures("both_ways")
def test_dates_are_counted_once_and_whatever_else_is_wrong_with_their_rows(export):
    """Without an address, or with another value that cannot be sent."""
    day = "04/05/1980"
    rows = [
        *(member(number, born=day) for number in range(4)),
        record(EmailAddress="nobody", born=day),
        member(5, born=day, since="soon"),
        *(member(number, born=day, since="6/7/2011") for number in range(6, 9)),
    ]
    outcome = export(COLUMNS, *rows, field_mapping=MAPPING)
    counts = {each["field"]: each["either"] for each in outcome.report["date_orders"]}
    assert counts == {"born": len(rows), "since": 3}


def test_a_row_that_is_too_large_is_counted_once(sandbox, export):
    names = [sandbox.create_custom_field(f"T{number}") for number in range(24)]
    columns = COLUMNS["schema"]["properties"] | dict.fromkeys(names, TEXT)
    large = dict.fromkeys(names, "☃" * 250)
    outcome = export(
        schema(**columns),
        *born(*["04/05/1980"] * 6),
        member(6, born="04/05/1980", **large),
        *born(*["04/05/1980"] * 6),
        field_mapping=MAPPING | {f"cf:{name}": name for name in names},
        batch_size_bytes=10_000,
    )
    assert outcome.report["rejections"][0]["reason"].startswith("record is larger")
    assert outcome.report["date_orders"][0]["either"] == 13


def test_batch_files_are_counted_too(export, tmp_path: Path):
    file = tmp_path / "rows.jsonl"
    rows = born(*["04/05/1980"] * 5, "25/12/1980")
    file.write_text("".join(json.dumps(row["record"]) + "\n" for row in rows))
    batch = {
        "type": "BATCH",
        "stream": "members",
        "encoding": {"format": "jsonl"},
        "manifest": [file.as_uri()],
    }
    outcome = export(COLUMNS, batch, state("end"), field_mapping=MAPPING)
    assert (outcome.exit_code, outcome.states) == (65, [])
    assert outcome.report["date_orders"][0]["either"] == 5


def test_interleaved_streams_are_told_apart(export):
    other = schema("others", **COLUMNS["schema"]["properties"])
    rows = [
        record(name, EmailAddress=f"{name}{number}@example.com", born=day)
        for number in range(4)
        for name, day in (("members", "04/05/1980"), ("others", "25/12/1980"))
    ]
    outcome = export(COLUMNS, other, *rows, state("end"), field_mapping=MAPPING)
    assert (outcome.exit_code, outcome.states) == (0, ["end"])
    shown = {each["stream"]: each for each in outcome.report["date_orders"]}
    assert (shown["members"]["either"], shown["members"]["day_first"]) == (4, 0)
    assert (shown["others"]["either"], shown["others"]["day_first"]) == (0, 4)


def test_check_shows_the_same_before_anything_is_sent(sandbox, tmp_path: Path):
    check = Check(sandbox, tmp_path)
    mixed = check.file(lines(COLUMNS, *born("25/12/1980", "04/05/1980")))
    checked = check("--input", mixed, field_mapping=MAPPING)
    assert checked.exit_code == 65
    (fault,) = checked.details("mapping", "failed")
    assert "1 that could be either were read as month-day-year" in fault
    assert "set date_order: dmy" in fault
    slips = check.file(lines(COLUMNS, *born(*["12/25/1980"] * 30, "25/12/1980", "04/05/1980")))
    checked = check("--input", slips, field_mapping=MAPPING)
    assert checked.exit_code == 0
    assert any("mixes two orders" in line for line in checked.details("mapping", "warning"))
