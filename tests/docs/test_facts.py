"""Numbers, names and words of the README are those of the code."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields
from datetime import date
from itertools import accumulate

import pytest

from target_constant_contact import exceptions, waiting
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
from target_constant_contact.mapping.dates import calendar_day, month_and_day
from target_constant_contact.mapping.matching import match_fields
from target_constant_contact.mapping.values import UnfitValueError
from target_constant_contact.reports.report import Counts
from target_constant_contact.settings.faults import MAX_LISTS
from tests.docs import readme
from tests.docs.error_lines import PACKAGE
from tests.docs.tables import about
from tests.support.target import TEXT

POLL_SECONDS = waiting.POLL_SECONDS
"""As a run has them; tests have shorter ones."""

WELL_KNOWN = [
    (readme.code(name)[0], field)
    for name, found_as in readme.rows(readme.marked("well-known names"))
    for field in readme.code(found_as)
]


@pytest.mark.parametrize("written", readme.code(readme.marked("dates")))
def test_a_date_in_the_readme_is_read(written: str):
    value = int(written) if len(written) > 8 and written.isdecimal() else written

    assert calendar_day(value) == date(2026, 4, 1)


@pytest.mark.parametrize("written", readme.code(readme.marked("birthdays")))
def test_a_birthday_in_the_readme_is_read(written: str):
    assert month_and_day(written) == (4, 1)


def test_a_date_that_may_be_misread_is_refused():
    assert "`25/12/1980`" in readme.section("Fields")
    with pytest.raises(UnfitValueError):
        calendar_day("25/12/1980")


@pytest.mark.parametrize(("name", "field"), WELL_KNOWN)
def test_a_well_known_name_is_found(name: str, field: str):
    assert match_fields({"properties": {field: TEXT}}) == {name: field}


def test_the_table_of_properties_has_all_of_them():
    names = [name for cells in _properties() for name in readme.code(cells[0])]

    assert sorted(name for name in names if not name.startswith(CUSTOM_PREFIX)) == sorted(
        PROPERTIES
    )


def test_the_limits_of_properties_are_those_of_the_code():
    takes = {name: cells[1] for cells in _properties() for name in readme.code(cells[0])}

    assert f"up to {MAX_EMAIL} characters" in takes["email"]
    assert f"up to {TEXT_LIMITS['first_name']} characters" in takes["first_name"]
    assert f"up to {TEXT_LIMITS['phone']} characters; at most {MAX_PHONES} per" in takes["phone"]
    assert f"up to {TEXT_LIMITS['street']} characters" in takes["street"]
    assert f"the others {TEXT_LIMITS['city']}" in takes["city"]
    custom = f"at most {MAX_CUSTOM_FIELDS} per contact, {MAX_CUSTOM_TEXT} characters"
    assert custom in takes[f"{CUSTOM_PREFIX}<name or label>"]


def _properties() -> list[list[str]]:
    explicit = readme.section("Fields").partition("### Explicit")[2].partition("### ")[0]
    return readme.rows(explicit)


def test_the_limits_of_a_run_are_those_of_the_code():
    section = readme.section("Limits")

    assert f"{MAX_ROWS:,}" in section
    assert f"{BatchLimits().size:,}" in section
    assert f"| {MAX_LISTS} |" in section
    assert f"| {MAX_CUSTOM_FIELDS} |" in section
    assert f"{about()['max_profiles_per_export']['default']:,} (`max_profiles" in section
    assert f"{REQUESTS_PER_SECOND} in a second and {REQUESTS_PER_DAY:,} in a day" in section


def test_the_polls_are_those_of_the_code():
    *growing, last = POLL_SECONDS
    section = " ".join(readme.section("Limits").split())
    waits = ", ".join(f"{seconds:g}" for seconds in growing[:-1])

    assert f"after {waits} and {growing[-1]:g} seconds and then every {last:g} seconds" in section


def test_forty_one_slow_imports_take_as_many_requests_as_the_readme_says():
    *growing, last = POLL_SECONDS
    polls = len(growing) + (15 * 60 - max(accumulate(growing))) / last

    assert 41 * (1 + polls) == pytest.approx(1_500, rel=0.05)


def test_the_share_that_fails_a_run_is_the_default():
    percent = about()["max_rejected_percent"]["default"]

    assert f"({percent} % unless set)" in readme.section("Bad rows")


def test_every_word_of_the_report_is_explained():
    explained = [readme.code(cells[0])[0] for cells in readme.rows(readme.section("The report"))]

    assert explained == [field.name for field in fields(Counts)]


def test_the_exit_codes_are_those_of_the_errors():
    listed = {int(cells[0]) for cells in readme.rows(readme.section("Exit codes"))}
    errors = [error for error in vars(exceptions).values() if isinstance(error, type)]

    assert listed == {0} | {e.exit_code for e in errors if issubclass(e, TargetError)}


def test_the_troubleshooting_tables_stand_under_the_exit_codes():
    listed = [int(cells[0]) for cells in readme.rows(readme.section("Exit codes"))]
    headed = re.findall(r"^\*\*.*exit code (\d+)", readme.section("Troubleshooting"), re.MULTILINE)

    assert [int(code) for code in headed] == listed[1:]


def test_every_link_inside_the_readme_leads_somewhere():
    text = readme.read()
    anchors = {
        re.sub(r"[^\w -]", "", heading).replace(" ", "-").lower()
        for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    }

    assert set(re.findall(r"\]\(#([\w-]+)\)", text)) <= anchors
    files = set(re.findall(r"\]\(([\w./]+)\)", text))
    assert all((readme.ROOT / name).exists() for name in files)


def test_the_changelog_begins_with_this_version():
    project = tomllib.loads((readme.ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    changelog = (readme.ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.findall(r"^## (\S+)", changelog, re.MULTILINE)[0]

    assert newest == project["project"]["version"]


def test_the_pythons_are_those_that_the_package_takes():
    project = tomllib.loads((readme.ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    minors = [
        int(classifier.rpartition(".")[2])
        for classifier in project["project"]["classifiers"]
        if re.fullmatch(r"Programming Language :: Python :: 3\.\d+", classifier)
    ]

    assert f"Python 3.{min(minors)} to 3.{max(minors)}" in readme.section("Try it")


def test_every_module_has_its_place_in_the_list_of_rooms():
    rooms = set(readme.code(readme.section("Development")))
    modules = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__"}
    folders = {f"{path.parent.name}/" for path in PACKAGE.glob("*/__init__.py")}

    assert rooms >= modules | folders
