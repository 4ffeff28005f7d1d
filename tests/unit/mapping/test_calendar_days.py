"""Reading dates in the shapes that taps emit."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_constant_contact.mapping.calendar_days import calendar_day, month_and_day
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
        ("0000-00-00", "not a date of the calendar"),
        ("30 Feb 1980", "not a date of the calendar"),
        (19801325, "not a date of the calendar"),
        ("12/25", "not a date of the calendar"),
        ("12/25/80", "cannot be read"),
        ("25-DEC-80", "cannot be read"),
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
    ],
)
def test_a_birthday_needs_no_year_or_any(value):
    assert month_and_day(value) == (2, 29)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("02-30", "not a date"),
        ("29/2", "day first"),
        ("0229", "cannot"),
        (229, "cannot"),
        ("x" * 100, "cannot"),
    ],
)
def test_an_impossible_birthday_is_refused(value, reason):
    with pytest.raises(UnfitValueError, match=reason):
        month_and_day(value)


@given(
    st.dates(date(1000, 1, 1)),
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
