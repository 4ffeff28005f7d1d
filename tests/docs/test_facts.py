"""Numbers, names and words of the pages are those of the code."""

from __future__ import annotations

import re
from dataclasses import fields
from datetime import date

import pytest

from target_constant_contact import exceptions
from target_constant_contact.api.limits.limiter import REQUESTS_PER_DAY, REQUESTS_PER_SECOND
from target_constant_contact.batches.batch import MAX_ROWS, BatchLimits
from target_constant_contact.contacts.contact import (
    CUSTOM_PREFIX,
    MAX_CUSTOM_FIELDS,
    MAX_CUSTOM_TEXT,
    MAX_EMAIL,
    MAX_PHONES,
    PROPERTIES,
    TEXT_LIMITS,
)
from target_constant_contact.exceptions import TargetError
from target_constant_contact.imports import pace
from target_constant_contact.imports.schedule import MAX_UNDER_WAY, MAX_UNSETTLED_ROWS
from target_constant_contact.imports.sender import QUEUE_FULL_SECONDS
from target_constant_contact.imports.spool import IN_MEMORY
from target_constant_contact.mapping.calendar_days import calendar_day, month_and_day
from target_constant_contact.mapping.matching import match_fields
from target_constant_contact.mapping.values import UnfitValueError
from target_constant_contact.reports.counts import Counts
from target_constant_contact.settings.faults import MAX_LISTS
from tests.docs import pages
from tests.docs.tables import about
from tests.support.service import Service, batch_of
from tests.support.target import TEXT, run, schema, settings_for

REFERENCE = pages.DOCS / "reference"
LIMITS = pages.one_line(pages.read(REFERENCE / "limits.md"))

WELL_KNOWN = [
    (pages.code(name)[0], field)
    for name, found_as in pages.rows(pages.marked("well-known names"))
    for field in pages.code(found_as)
]


@pytest.mark.parametrize("written", pages.code(pages.marked("dates")))
def test_a_date_in_the_pages_is_read(written: str):
    value = int(written) if len(written) > 8 and written.isdecimal() else written

    assert calendar_day(value) == date(2026, 4, 1)


@pytest.mark.parametrize("written", pages.code(pages.marked("birthdays")))
def test_a_birthday_in_the_pages_is_read(written: str):
    assert month_and_day(written) == (4, 1)


def test_a_date_that_may_be_misread_is_refused():
    assert "`25/12/1980`" in pages.read(pages.page_of("dates"))
    with pytest.raises(UnfitValueError):
        calendar_day("25/12/1980")


@pytest.mark.parametrize(("name", "field"), WELL_KNOWN)
def test_a_well_known_name_is_found(name: str, field: str):
    assert match_fields({"properties": {field: TEXT}}).fields == {name: field}


def test_the_table_of_properties_has_all_of_them():
    names = [name for cells in _properties() for name in pages.code(cells[0])]

    assert sorted(name for name in names if not name.startswith(CUSTOM_PREFIX)) == sorted(
        PROPERTIES
    )


def test_the_limits_of_properties_are_those_of_the_code():
    takes = {name: cells[1] for cells in _properties() for name in pages.code(cells[0])}

    assert f"up to {MAX_EMAIL} characters" in takes["email"]
    assert f"up to {TEXT_LIMITS['first_name']} characters" in takes["first_name"]
    assert f"up to {TEXT_LIMITS['phone']} characters; at most {MAX_PHONES} per" in takes["phone"]
    assert f"up to {TEXT_LIMITS['street']} characters" in takes["street"]
    assert f"the others {TEXT_LIMITS['city']}" in takes["city"]
    custom = f"at most {MAX_CUSTOM_FIELDS} per contact, {MAX_CUSTOM_TEXT} characters"
    assert custom in takes[f"{CUSTOM_PREFIX}<name or label>"]


def _properties() -> list[list[str]]:
    return pages.rows(pages.section(pages.DOCS / "how-to" / "map-fields.md", "Name the fields"))


def test_the_limits_of_a_run_are_those_of_the_code():
    assert f"| {MAX_ROWS:,} |" in LIMITS
    assert f"the target stops at {BatchLimits().size:,}" in LIMITS
    assert f"| {MAX_LISTS} |" in LIMITS
    assert f"| {MAX_CUSTOM_FIELDS} |" in LIMITS
    assert f"{about()['max_profiles_per_export']['default']:,} (`max_profiles" in LIMITS
    assert f"{REQUESTS_PER_SECOND} in a second and {REQUESTS_PER_DAY:,} in a day" in LIMITS


def test_the_readme_promises_the_limits_of_the_code():
    promised = pages.one_line(pages.read(pages.README))

    assert f"At most {REQUESTS_PER_SECOND} requests in any second" in promised
    assert f"{REQUESTS_PER_DAY:,} a day" in promised


def test_the_pace_of_imports_is_that_of_the_code():
    text = pages.one_line(pages.read(REFERENCE / "imports.md"))
    in_flight = about()["max_activities_in_flight"]["default"]

    assert "one request in ten at most" in text
    assert pace.SENDS_PER_POLL == 10
    assert f"within {pace._RELAXED * pace._LEAST:g} seconds of the last" in text
    assert f"after {pace._SHARE:.0%} of".replace("%", " %") in text
    assert (pace._LEAST, pace._MOST) == (0.5, 60)
    assert f"`max_activities_in_flight` ({in_flight}) and {MAX_UNSETTLED_ROWS:,} rows" in text
    assert f"at most {MAX_UNDER_WAY}, so that" in text
    assert f"every {QUEUE_FULL_SECONDS:g} seconds" in text
    assert f"{IN_MEMORY >> 20} MB in memory" in text


def test_forty_one_slow_imports_take_as_many_requests_as_the_page_says():
    service = Service(15 * 60)
    service.run(*map(batch_of, range(1, 42)))

    assert f"would be about {41 + len(service.polls)} of the day's" in LIMITS


def test_the_share_that_fails_a_run_is_the_default():
    percent = about()["max_rejected_percent"]["default"]

    assert f"({percent} % unless set)" in pages.read(pages.DOCS / "how-to" / "bad-rows.md")


def test_every_word_of_the_report_is_explained():
    sums = pages.section(REFERENCE / "report-and-files.md", "The sums")
    explained = [pages.code(cells[0])[0] for cells in pages.rows(sums)]

    assert explained == [field.name for field in fields(Counts)]


def test_every_member_of_the_report_is_explained(sandbox, tmp_path):
    table = pages.section(REFERENCE / "report-and-files.md", "report.json")
    explained = {name for cells in pages.rows(table) for name in pages.code(cells[0])}
    settings = settings_for(sandbox, tmp_path / "data", dry_run=True)
    loaded, planned = run(settings | {"dry_run": False}, schema()), run(settings, schema())

    assert explained == {*loaded.report, *planned.report}


def test_the_exit_codes_are_those_of_the_errors():
    listed = set(_exit_codes())
    errors = [error for error in vars(exceptions).values() if isinstance(error, type)]

    assert listed == {0} | {e.exit_code for e in errors if issubclass(e, TargetError)}


def test_the_troubleshooting_tables_stand_under_the_exit_codes():
    tables = pages.read(REFERENCE / "error-lines.md")
    headed = re.findall(r"^## .*: exit code (\d+)$", tables, re.MULTILINE)

    assert [int(code) for code in headed] == _exit_codes()[1:]


def test_a_scheduler_is_told_what_to_do_with_every_exit_code():
    page = pages.DOCS / "how-to" / "schedule.md"
    told = [code for cells in pages.rows(pages.read(page)) for code in cells[0].split(", ")]

    assert sorted(map(int, told)) == sorted(_exit_codes())


def _exit_codes() -> list[int]:
    return [int(cells[0]) for cells in pages.rows(pages.read(REFERENCE / "exit-codes.md"))]
