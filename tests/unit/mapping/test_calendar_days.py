"""Reading dates in the shapes that taps emit."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_constant_contact.mapping.calendar_days import (
    calendar_day,
    month_and_day,
    written_order,
)
from target_constant_contact.mapping.values import UnfitValueError

CHRISTMAS = date(1980, 12, 25)
SECONDS = 346_550_400


@pytest.mark.parametrize(
    "value",
    [
        CHRISTMAS,
        datetime(1980, 12, 25, 23, 59, tzinfo=timezone(timedelta(hours=-8))),
        "1980-12-25",
        " 1980-12-25\u200b\n",
        "1980-12-25T23:59:59",
        "1980-12-25T23:59:59.123456789Z",
        "1980-12-25 23:59:59+14:00",
        "1980-12-25 23:59:59.000 UTC",
        "1980-12-25T23:59-0800",
        "1980-12-25T23:59:00+01:00[Europe/Paris]",
        "1980-12-25Z",
        "1980/12/25",
        "1980.12.25",
        "19801225",
        "19801225T235959Z",
        "19801225 23:59:59",
        19801225,
        19801225.0,
        Decimal("19801225.0"),
        "12/25/1980",
        "12/25/1980 11:59:00 PM",
        "12-25-1980",
        "25.12.1980",
        "25. 12. 1980",
        "25 Dec 1980",
        "25th December 1980",
        "25-DEC-1980",
        "Dec 25, 1980",
        "december 25th 1980",
        "Dec. 25 1980 11:59PM",
        "Thu, 25 Dec 1980 00:00:00 GMT",
        "Thursday, December 25, 1980",
    ],
)
def test_every_common_shape_is_read_as_the_date_that_is_written(value):
    assert calendar_day(value) == CHRISTMAS


@pytest.mark.parametrize("value", ["1980-2-5", "1980/2/5", "2/5/1980", "02-05-1980", "5.2.1980"])
def test_single_digits_are_read(value):
    assert calendar_day(value) == date(1980, 2, 5)


@pytest.mark.parametrize(
    "value",
    [
        SECONDS,
        str(SECONDS),
        SECONDS + 86_399.9,
        SECONDS * 1000,
        f"{SECONDS}999",
        Decimal(SECONDS * 1000),
    ],
)
def test_seconds_and_milliseconds_are_told_apart_by_size(value):
    assert calendar_day(value) == CHRISTMAS


@pytest.mark.parametrize(
    ("value", "day"),
    [
        (4_102_444_800, date(2100, 1, 1)),
        (4_102_444_801, date(1970, 2, 17)),
        (4_102_444_800_000, date(2100, 1, 1)),
        (-2_208_988_800, date(1900, 1, 1)),
        (-2_208_988_800_000, date(1900, 1, 1)),
        (100_000_000, date(1973, 3, 3)),
        (-100_000_000, date(1966, 10, 31)),
    ],
)
def test_the_bounds_of_epoch_numbers(value, day):
    assert calendar_day(value) == day


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("25/12/1980", "day first"),
        ("25-12-1980", "day first"),
        ("13/13/1980", "not a date of the calendar"),
        ("1980-02-30", "not a date of the calendar"),
        ("30/02/1980", "not a date of the calendar"),
        ("30 Feb 1980", "not a date of the calendar"),
        (19801325, "not a date of the calendar"),
        ("12/25", "no year of four digits"),
        ("25/12/80", "no year of four digits"),
        ("Apr-09", "no year of four digits"),
        ("25-DEC-80", "no year of four digits"),
        ("25 Foo 1980", "cannot be read"),
        ("1980", "cannot be read"),
        ("yesterday", "cannot be read"),
        ("\u0661\u0669\u0668\u0660-12-25", "cannot be read"),
        ("1980-12-25 " + "0" * 200, "cannot be read"),
        (1980, "cannot be read"),
        (99_999_999.5, "cannot be read"),
        (4_102_444_800_001, "cannot be read"),
        (float("nan"), "cannot be read"),
        (float("inf"), "cannot be read"),
        (Decimal("sNaN"), "cannot be read"),
        (Decimal("1E+999999"), "cannot be read"),
        (Decimal("1E-999999"), "cannot be read"),
        pytest.param(10**5000, "cannot be read", id="5,001 digits"),
        (True, "cannot be read"),
        (b"1980-12-25", "cannot be read"),
        (864_000_000, "seconds or milliseconds"),
        (["1980-12-25"], "is a list"),
        ({"year": 1980}, "is an object"),
    ],
)
def test_what_is_impossible_or_can_be_read_twice_is_refused(value, reason):
    with pytest.raises(UnfitValueError, match=reason):
        calendar_day(value)


@pytest.mark.parametrize("value", ["", "  ", "\u200b"])
def test_a_blank_is_no_date(value):
    assert calendar_day(value) is None
    assert month_and_day(value) is None


@pytest.mark.parametrize(
    "value",
    [
        "02-29",
        "2-29",
        "--02-29",
        "--0229",
        "2/29",
        "29 Feb",
        "February 29th",
        "1900-02-29",
        "0000-02-29",
        "00010229",
        "29.02.0001",
        date(2000, 2, 29),
        "29-February-80",
        "29-Feb-80",
        "29-FEB-80 00:00",
        "Friday, 29-Feb-80 00:00:00 GMT",
        "29 February 80",
        "Feb-29",
        "Feb 29, 80",
        "Feb-29-1980",
        "02/29/80",
        "2/29/04 12:00:00 AM",
        "02-29-80",
        "29.02.80",
    ],
)
def test_a_birthday_needs_no_year_or_any(value):
    assert month_and_day(value) == (2, 29)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("02-30", "not a date"),
        ("29/2", "day first"),
        ("29/2/80", "day first"),
        ("Apr-80", "not a date"),
        ("80-02-29", "cannot"),
        ("04-05-12", "cannot"),
        ("0229", "cannot"),
        (229, "cannot"),
        ("x" * 100, "cannot"),
    ],
)
def test_an_impossible_birthday_is_refused(value, reason):
    with pytest.raises(UnfitValueError, match=reason):
        month_and_day(value)


@given(
    st.dates(date(1000, 1, 1), date(9998, 12, 31)),
    st.sampled_from(["%Y-%m-%d", "%m/%d/%Y", "%d.%m.%Y", "%d %b %Y", "%B %d, %Y"]),
)
def test_a_written_date_is_read_back(day, shape):
    assert calendar_day(day.strftime(shape)) == day


@given(st.dates(date(1973, 3, 4), date(2099, 12, 31)))
def test_seconds_and_milliseconds_of_a_day_are_never_read_as_another_day(day):
    seconds = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
    assert calendar_day(seconds * 1000) == day
    try:
        assert calendar_day(seconds) == day
    except UnfitValueError:
        assert seconds % 86_400_000 == 0


@pytest.mark.parametrize(
    ("value", "day"),
    [
        (74_304_000, date(1972, 5, 10)),
        ("74304000", date(1972, 5, 10)),
        (Decimal("74304000.0"), date(1972, 5, 10)),
        (74_304_000 - 20_700, date(1972, 5, 9)),
        (10_000_800, date(1970, 4, 26)),
        (99_999_900, date(1973, 3, 3)),
        (-99_999_900, date(1966, 10, 31)),
        (-14_256_000, date(1969, 7, 20)),
        (-86_400, date(1969, 12, 31)),
    ],
)
def test_seconds_of_1966_to_1973_are_read_when_they_are_midnight_somewhere(value, day):
    assert calendar_day(value) == day
    assert month_and_day(value) == (day.month, day.day)


@pytest.mark.parametrize(
    "value",
    [
        8_640_000,  # may be 10 April 1970 in seconds; so short, it may be much else
        86_400,
        29_221,  # days of a spreadsheet
        122_580,
        0,
        -1,
        -14_256_001,
    ],
)
def test_of_a_smaller_number_the_reason_says_that_it_may_be_seconds(value):
    with pytest.raises(UnfitValueError, match="a year, MMDDYY or seconds"):
        month_and_day(value)


@pytest.mark.parametrize("value", [12_312_000, 13_032_000])
def test_seconds_that_may_be_a_date_without_separators_are_refused(value):
    with pytest.raises(UnfitValueError, match="seconds or MMDDYYYY"):
        calendar_day(value)


def test_midnight_of_1967_in_both_units_is_refused():
    with pytest.raises(UnfitValueError, match="seconds or milliseconds"):
        calendar_day(-86_400_000)


@given(st.dates(date(1000, 1, 1), date(9998, 12, 31)))
def test_eight_digits_that_are_a_date_are_never_read_as_seconds(day):
    assert calendar_day(int(f"{day:%Y%m%d}")) == day


NO_DATES = [
    "0001-01-01",
    "0001-01-01T00:00:00",
    "1/1/0001 12:00:00 AM",
    "00010101",
    "0000-00-00 00:00:00",
    "9999-12-31",
    "31.12.9999",
    "31 Dec 9999",
    "9999-01-01",
    99991231,
    date.min,
    datetime.max.replace(tzinfo=UTC),
    -62_135_596_800,
    "-62135596800",
    -62_135_596_800 + 18_000,
    -62_135_596_800_000,
    253_402_300_799,
    253_402_300_799.999,
    253_402_300_799_000,
    253_402_300_799_999,
    253_402_214_400,
    253_402_214_400 - 36_000,
    Decimal(253_370_764_800),
]


@pytest.mark.parametrize("value", NO_DATES)
@pytest.mark.parametrize("read", [calendar_day, month_and_day])
def test_what_sources_write_for_no_date_is_none(read, value):
    with pytest.raises(UnfitValueError, match="write for 'no date'"):
        read(value)


def test_days_that_people_are_born_on_are_dates():
    """Also those that some sources write for "no date": a birthday is not refused for that."""
    for day in (date(1900, 1, 1), date(1970, 1, 1), date(1968, 1, 12), date(1978, 1, 10)):
        assert calendar_day(day) == day
        milliseconds = (day.toordinal() - date(1970, 1, 1).toordinal()) * 86_400_000
        for hours in range(-14, 13) if milliseconds else ():
            assert calendar_day(milliseconds + hours * 3_600_000) in (day, day - timedelta(days=1))


@pytest.mark.parametrize("tail", ["", "T10:20:30Z", " 11:59:00 PM", " 10:20"])
@pytest.mark.parametrize("separator", ["/", "-"])
def test_the_order_says_which_of_two_numbers_is_the_day(separator, tail):
    written = separator.join(("04", "05", "1980")) + tail
    assert calendar_day(written) == calendar_day(written, "mdy") == date(1980, 4, 5)
    assert calendar_day(written, "dmy") == date(1980, 5, 4)
    assert month_and_day(written) == (4, 5)
    assert month_and_day(written, "dmy") == (5, 4)
    assert month_and_day(f"4{separator}5", "dmy") == (5, 4)
    assert month_and_day("04/05/80", "dmy") == (5, 4)


@pytest.mark.parametrize("written", ["1980-04-05", "1980/4/5", "5.4.1980", "Apr 5, 1980"])
def test_where_the_order_is_plain_it_is_not_asked_for(written):
    assert calendar_day(written, "dmy") == date(1980, 4, 5)
    assert written_order(written, birthday=True) is None


@pytest.mark.parametrize(
    ("written", "order", "reason"),
    [
        ("25/12/1980", "mdy", "is written day first; set date_order: dmy if the column is"),
        ("12/25/1980", "dmy", "is written month first, and date_order is dmy; set date_order: mdy"),
    ],
)
def test_what_only_the_other_order_can_read_is_refused(written, order, reason):
    for read in (calendar_day, month_and_day):
        with pytest.raises(UnfitValueError, match=reason):
            read(written, order)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (" 25/12/1980 ", "dmy"),
        ("25-12-1980T10:00:00Z", "dmy"),
        ("12/25/1980", "mdy"),
        ("04/05/1980", "either"),
        (" " * 100 + "04/05/1980", "either"),
        ("05/05/1980", None),
        ("13/13/1980", None),
        ("30/02/1980", None),
        ("1980-12-25", None),
        ("4/1980", None),
        ("", None),
    ],
)
def test_what_a_date_shows_of_its_order(written, shown):
    assert written_order(written, birthday=False) == shown
    assert written_order(written, birthday=True) == shown


@pytest.mark.parametrize("written", ["25/12", "25-12", "25/12/80", "25-12-80"])
def test_only_a_birthday_without_four_digits_of_the_year_shows_an_order(written):
    assert written_order(written, birthday=True) == "dmy"
    assert written_order(written, birthday=False) is None
