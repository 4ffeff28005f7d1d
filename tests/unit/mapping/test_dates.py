"""What is sent for a date."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import partial

import pytest

from target_constant_contact.mapping.dates import (
    Shortened,
    anniversary,
    birthday_part,
    consent_day,
    day_text,
    moment_text,
)
from target_constant_contact.mapping.values import UnfitValueError


@pytest.mark.parametrize("value", ["", "  ", "\u200b"])
@pytest.mark.parametrize(
    "convert",
    [day_text(), moment_text, *(make(date(2026, 11, 24)) for make in (anniversary, consent_day))],
)
def test_nothing_is_sent_for_a_blank(convert, value):
    assert convert(value) is None


def test_an_anniversary_lies_after_1900_and_at_most_ten_years_ahead():
    convert = anniversary(date(2024, 2, 29))
    assert convert("1/1/1901") == "1901-01-01"
    assert convert("2034-02-28") == "2034-02-28"
    for value in ("1900-12-31", "2034-03-01"):
        with pytest.raises(UnfitValueError, match="between 1901 and ten years from today"):
            convert(value)


def test_consent_was_given_since_2000_and_not_after_today():
    """Tomorrow may have come already where it was given."""
    convert = consent_day(date(2024, 2, 28))
    assert convert("1/1/2000") == "2000-01-01"
    assert convert("2024-02-29T09:30:00+14:00") == "2024-02-29"
    for value in ("1999-12-31", "1970-01-01", "19700101", "2024-03-01"):
        with pytest.raises(UnfitValueError, match=r"^is not between 2000 and today"):
            convert(value)


def test_a_run_on_the_last_day_that_there_is_takes_a_consent():
    assert consent_day(date.max)("2024-02-29") == "2024-02-29"


@pytest.mark.parametrize("value", ["0001-01-01", "9999-12-31T23:59:59Z", date.min, date.max])
@pytest.mark.parametrize(
    "convert",
    [day_text(), moment_text, *(make(date(2026, 11, 24)) for make in (anniversary, consent_day))],
)
def test_what_sources_write_for_no_date_is_refused_as_that(convert, value):
    with pytest.raises(UnfitValueError, match="'no date'"):
        convert(value)


def test_every_converter_reads_the_order_that_is_set():
    today = date(2026, 11, 24)
    converters = (day_text, partial(anniversary, today), partial(consent_day, today))
    for make in converters:
        assert make("mdy")("04/05/2010") == "2010-04-05"
        assert make("dmy")("04/05/2010") == "2010-05-04"
    for order, month, day in (("mdy", 4, 5), ("dmy", 5, 4)):
        assert birthday_part(0, order)("04/05") == month
        assert birthday_part(1, order)("04/05") == day


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        (datetime(2024, 2, 29, 8, 30, tzinfo=UTC), "2024-02-29T08:30:00+00:00"),
        (date(2024, 2, 29), "2024-02-29"),
        (" 2024-02-29T08:30:00Z ", "2024-02-29T08:30:00+00:00"),
        ("2024-02-29 08:30", "2024-02-29T08:30:00"),
    ],
)
def test_a_moment_is_sent_in_iso_form(value, sent):
    assert moment_text(value) == sent


@pytest.mark.parametrize("value", ["02/29/2024 8:30", 1_709_195_400, ["2024-02-29"]])
def test_a_moment_in_another_form_is_refused(value):
    with pytest.raises(UnfitValueError, match="YYYY-MM-DDTHH:MM:SS"):
        moment_text(value)


DAY = "2026-11-24"


@pytest.mark.parametrize("times", [["", ""], ["T10:20:30Z", "T23:59:59Z"], ["T10:20Z", " 10:20"]])
def test_a_column_of_iso_dates_is_shortened_to_its_days(times):
    column = [None, *(DAY + time for time in times), ""]
    assert day_text().shortened(column) == Shortened([None, DAY, DAY, None], is_iso=True)
    assert day_text().shortened(column[1:3]) == Shortened([DAY, DAY], is_iso=True)


@pytest.mark.parametrize(
    ("column", "parts"),
    [
        (["1980-04-05", "2001-04-05T10:00:00.000000"], ["-04-05", "-04-05"]),
        (["04/05/1980", "", "04/05/2001"], ["04/05", None, "04/05"]),
        (["4-5-1980", "14-5-1980"], ["4-5", "14-5"]),
    ],
)
def test_a_column_of_birthdays_is_shortened_to_days_of_the_year(column, parts):
    converts = [birthday_part(index, "dmy") for index in (0, 1)]
    for convert in converts:
        shortened = convert.shortened(column)
        assert shortened is not None
        assert shortened.parts == parts
        for value, part in zip(column, parts, strict=True):
            assert convert(value) == (None if part is None else convert.of_shortened(part))


@pytest.mark.parametrize(
    "odd", ["9999-04-05", "0001-01-01", "01/01/0001", "4/5/9999", "4/5-1980", "4/5/80", "April 5"]
)
def test_a_column_of_birthdays_with_anything_else_is_not_shortened(odd):
    for column in ([odd], ["1980-04-05", odd], ["04/05/1980", odd]):
        assert birthday_part(0).shortened(column) is None


@pytest.mark.parametrize("odd", ["x", " or so", "T10", "T1x:20", "0", f"\n{DAY}"])
def test_a_column_with_anything_else_is_not_shortened(odd):
    for column in ([DAY + odd, DAY + odd], [DAY, DAY + odd], [DAY + odd, None, DAY]):
        assert day_text().shortened(column) is None


@pytest.mark.parametrize("column", [[None, ""], [20261124], [], ["24.11.2026"]])
def test_a_column_of_no_iso_dates_is_not_shortened(column):
    assert day_text().shortened(column) is None
