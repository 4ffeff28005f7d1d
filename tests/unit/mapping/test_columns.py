"""Columns: runs of records become the same contacts as records one by one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from target_constant_contact.api.models import CustomField
from target_constant_contact.contacts.contact import Contact
from target_constant_contact.contacts.encoding import encode_contact, sms_permission
from target_constant_contact.mapping import dates
from target_constant_contact.mapping.calendar_days import written_order
from target_constant_contact.mapping.columns import ColumnMapping
from target_constant_contact.mapping.email_addresses import email_address, email_column
from target_constant_contact.mapping.field_mapping import FieldMapping, MappingOptions
from target_constant_contact.mapping.values import Text

KINDS = ("string", "text_area", "number", "date", "datetime", "boolean", "single_select")
CUSTOM = [CustomField(kind, kind, kind, kind, ("Gold", "Silver")) for kind in KINDS]
FIELDS = {
    "email": "email",
    "first_name": "first",
    "last_name": "last",
    "phone": "phone",
    "mobile_phone": "mobile",
    "home_phone": "home",
    "work_phone": "work",
    "birthday_month": "month",
    "birthday_day": "day",
    "anniversary": "since",
    "city": "deep.city",
    "sms_number": "sms",
    "sms_consent_date": "agreed",
} | {f"cf:{kind}": kind for kind in KINDS}
SCHEMA = {"properties": {path.partition(".")[0]: {} for path in FIELDS.values()}}
OPTIONS = MappingOptions(date(2026, 11, 24), CUSTOM)
MAPPING = FieldMapping.compile("members", SCHEMA, FIELDS, OPTIONS)
DROPPING = FieldMapping.compile("members", SCHEMA, FIELDS, replace(OPTIONS, on_bad_value="drop"))

days = st.dates().map(str)
amounts = st.decimals(-100, 5_000, places=2) | st.sampled_from(
    [*map(Decimal, ("12.50", "12.00", "1E+3", "-0.0", "NaN", "Infinity")), 2**62, None, "7.50"]
)
values = st.one_of(
    st.none(),
    st.sampled_from(["", " ", "Ann", "Ann ", "A|B", "x" * 60, "a\tb", "Zoë", "\u200b", "Gold"]),
    st.sampled_from(["true", "1", "12", "2125550100", "+1 (212) 555-0100", "1e3", "gold"]),
    st.sampled_from([0, 1, 7, 12, 31, 2125550100, 10**20, -5, True, False, 1.5]),
    st.sampled_from([Decimal("1.10"), Decimal("NaN"), Decimal(1), [], [1], {}, {"city": "Oslo"}]),
    st.sampled_from([3.0, Decimal("78701.0"), Decimal("2125550100.0"), -0.0, Decimal("1.0E+3")]),
    st.sampled_from(["\u202aAnn\u202c", "\u2067A\u2069 B", "نیک\u200cبین", "2.0", "02134"]),
    days,
    days.map("{}T10:20:30Z".format),
    st.text(max_size=8),
)
addresses = st.one_of(
    st.integers(0, 99).map("Member.{}@mail.example.com".format),
    st.sampled_from(["", None, " ann@example.com", "a\nb@example.com", "ann@example", "x@y.1", 7]),
    st.sampled_from(["'ann@example.com'", "'ann@example.com", "\u202aann@example.com\u202c"]),
    st.sampled_from(["ü@example.com", f"{'x' * 70}@example.com", "a@b.co\n", "a@b.c"]),
)
rows = st.fixed_dictionaries(
    {"email": addresses},
    optional={path.partition(".")[0]: values for path in FIELDS.values() if path != "email"},
)


def columns_of(mapping: ColumnMapping, records: list[dict[str, Any]]) -> list[list[Any]]:
    return [[record.get(field) for record in records] for field in mapping.fields]


def assert_same(runs: list[list[dict[str, Any]]], map_record: FieldMapping) -> None:
    """What becomes of records together is what becomes of them one by one."""
    mapping = ColumnMapping(map_record)
    for records in runs:
        found = mapping(columns_of(mapping, records))
        for place, record in enumerate(records):
            contact = map_record(record)
            assert isinstance(contact, Contact) == (place not in found.unfit)
            if isinstance(contact, Contact):
                properties = contact.properties
                assert found.keys[place] == contact.key
                assert found.dropped.get(place, ()) == contact.dropped
                assert found.bodies[place] == encode_contact(properties, contact.columns)
                assert found.permissions[place] == sms_permission(
                    properties.get("sms_number"), properties.get("sms_consent_date")
                )


@settings(max_examples=400)
@given(
    st.lists(st.lists(rows, min_size=1, max_size=8), max_size=3),
    st.sampled_from([MAPPING, DROPPING]),
)
def test_a_run_becomes_what_its_records_become_one_by_one(runs, map_record):
    assert_same(runs, map_record)


PLAIN, ROWS = (
    FieldMapping.compile(
        "members",
        {"properties": {name: {} for name in ("email", "first", "born", "amount", "id", "agreed")}},
        {
            "email": "email",
            "first_name": "first",
            "birthday": "born",
            "cf:number": "amount",
            "cf:string": "id",
            "cf:date": "agreed",
        },
        replace(OPTIONS, import_format=import_format, on_bad_value=on_bad_value),
    )
    for import_format, on_bad_value in (("json", "reject"), ("csv", "drop"))
)
born = st.dates(date(1940, 1, 1), date(2005, 12, 31)).map(str) | st.sampled_from(
    [None, "1980-02-29", "1981-02-29", "0001-05-04", "0001-01-01", "9999-12-31", "0000-00-00", 0]
)
moments = st.datetimes().map(lambda moment: f"{moment:%Y-%m-%dT%H:%M:%S}Z")
plain_rows = st.fixed_dictionaries(
    {"email": st.integers(0, 99).map("Member.{}@mail.example.com".format)},
    optional={
        "first": st.sampled_from(["Ann", "Zoë", "Łukasz", None, "Ann, Jr.", 'the "one"']),
        "born": born | born.map(lambda day: day and f"{day}T00:00:00Z"),
        "amount": amounts,
        "id": st.integers(0, 2**63) | amounts,
        "agreed": st.none() | moments,
    },
)


@settings(max_examples=400)
@given(
    st.lists(st.lists(plain_rows, min_size=1, max_size=8), max_size=3),
    st.sampled_from([PLAIN, ROWS]),
)
def test_members_such_as_real_ones_become_what_they_become_one_by_one(runs, map_record):
    assert_same(runs, map_record)


def test_birthdays_over_66_years_are_converted_once_for_each_day_of_the_year(monkeypatch):
    converted: list[Any] = []
    convert = dates.month_and_day

    def noted(value: Any, order: Any) -> Any:
        converted.append(value)
        return convert(value, order)

    monkeypatch.setattr(dates, "month_and_day", noted)
    mapping = ColumnMapping(PLAIN)
    first = date(1940, 1, 1).toordinal()
    days = [str(date.fromordinal(first + place)) for place in range(66 * 365)]
    found = mapping(columns_of(mapping, [{"email": "a@example.com", "born": day} for day in days]))
    assert len(converted) == 2 * 366
    for place in (0, 59, 9_999):
        _, month, day = map(int, days[place].split("-"))
        properties = {"email": "a@example.com", "birthday_month": month, "birthday_day": day}
        assert found.bodies[place] == encode_contact(properties)


DATES = FieldMapping.compile(
    "members",
    {"properties": {name: {} for name in ("email", "born", "since", "sms", "agreed")}},
    {
        "email": "email",
        "birthday": "born",
        "anniversary": "since",
        "cf:date": "since",
        "sms_number": "sms",
        "sms_consent_date": "agreed",
    },
    MappingOptions(date(2026, 11, 24), CUSTOM, date_order="dmy"),
)
written_dates = st.sampled_from(
    [
        None,
        "",
        "4/5/2010",
        "25/12/2010",
        "12/25/2010",
        "04/05",
        "4/5/80",
        "04/05/1980",
        "1/1/0001",
        "13-12-1980",
        "4-5/1980",
        "2010-05-04",
        20100504,
        [],
    ]
)
dated_rows = st.fixed_dictionaries(
    {"email": addresses} | dict.fromkeys(("born", "since", "agreed"), written_dates),
    optional={"sms": st.sampled_from(["2125550100", "1", None])},
)


@settings(max_examples=300)
@given(st.lists(dated_rows, min_size=1, max_size=6))
def test_a_run_shows_the_orders_of_dates_that_its_records_show_one_by_one(records):
    found = ColumnMapping(DATES)(columns_of(ColumnMapping(DATES), records))
    for place in {*range(len(records))} - found.unfit:
        written = {name: values[place] for name, values in found.dates.items()}
        for name, value in DATES.written_dates(records[place]):
            shown = isinstance(value, str) and written_order(value, birthday=True)
            assert not shown or written_order(written[name], birthday=True) == shown
            written.pop(name, None)
        assert not written


def test_a_consent_without_a_number_is_not_looked_at_and_keeps_no_other_date_from_it():
    record = {"email": "a@example.com", "born": "4/5", "since": "4/5/2010", "agreed": "4/5/2020"}
    shown = {name: record[name] for name in ("born", "since", "agreed")}
    assert dict(DATES.written_dates(record | {"sms": "1"})) == shown | {"agreed": None}
    assert dict(DATES.written_dates(record | {"sms": "2125550100"})) == shown


def test_columns_of_iso_dates_are_not_looked_at_for_their_order():
    records = [{"email": "a@example.com", "since": "2010-05-04T10:00:00Z", "born": "1980-05-04"}]
    assert not ColumnMapping(DATES)(columns_of(ColumnMapping(DATES), records)).dates.keys() - {
        "agreed"
    }


@settings(max_examples=300)
@given(st.lists(values, min_size=1), st.sampled_from([3, 50]))
def test_text_is_cleaned_as_a_column_or_not_at_all(column, limit):
    convert = Text(limit, truncate=True)
    found = convert.column(column)
    if found is not None:
        assert found == [(value is not None and convert(value)) or "" for value in column]


@settings(max_examples=300)
@given(st.lists(addresses | st.text("ab.@'\"\u202a\u200b -1", max_size=9), min_size=1))
def test_addresses_of_a_column_are_those_that_nothing_has_to_be_done_to(column):
    found = email_column(column)
    if found is not None:
        assert found == [email_address(value) for value in column]


def test_a_plain_column_is_not_looked_at_value_by_value():
    assert Text(50).column(["Ann", None, "", "Mary Ann"]) == ["Ann", "", "", "Mary Ann"]
    assert email_column(["ann@example.com", "Bob@mail.example.org"]) is not None


@pytest.mark.parametrize(
    "address",
    ["ann@example", "ann@@example.com", "a b@example.com", "@example.com", "a@b..com", "a@b.c1"],
)
def test_an_unusual_address_is_not_taken_for_a_plain_one(address):
    assert email_column(["ann@example.com", address]) is None


def test_a_value_that_is_left_out_takes_its_row_out_of_no_run():
    mapping = ColumnMapping(DROPPING)
    records = [
        {"email": "ann@example.com", "since": "soon", "first": "Ann"},
        {"email": "bob@example.com", "month": 2, "day": 30},
        {"email": "nobody", "since": "soon"},
        {"email": "cleo@example.com", "first": "Cleo"},
    ]
    found = mapping([*columns_of(mapping, records), ["a column of another"] * 4])
    assert found.unfit == {2}
    assert {place: [each.field for each in values] for place, values in found.dropped.items()} == {
        0: ["since"],
        1: ["day"],
    }
    assert found.bodies[0] == encode_contact({"email": "ann@example.com", "first_name": "Ann"})


def test_values_that_repeat_are_still_right_when_too_many_are_known():
    mapping = ColumnMapping(MAPPING)
    for start in range(0, 9_000, 3_000):
        records = [
            {"email": f"m{n}@example.com", "first": f"Ann {n}", "number": f"{n}.50"}
            for n in range(start, start + 3_000)
        ]
        found = mapping(columns_of(mapping, records))
        assert not found.unfit
        assert found.bodies[7] == encode_contact(MAPPING(records[7]).properties)


def test_keys_are_in_lower_case_whatever_the_addresses_are():
    mapping = ColumnMapping(MAPPING)
    for emails in (["ann@example.com", "Bob@Example.com"], ["ann@example.com", "bob@example.com"]):
        found = mapping(columns_of(mapping, [{"email": email} for email in emails]))
        assert list(found.keys) == ["ann@example.com", "bob@example.com"]
        assert found.bodies[1] == encode_contact({"email": emails[1]})
