"""Columns of dates that show both orders of day and month, and from when on that fails a run."""

from __future__ import annotations

import pytest

from target_constant_contact.mapping.dates import birthday_part, day_text
from target_constant_contact.reports.date_orders import DateOrders

DAY_FIRST, MONTH_FIRST, EITHER = "25/12/1980", "12/25/1980", "04/05/1980"


def orders(*values, order="mdy") -> DateOrders:
    found = DateOrders()
    found.know("members", "born", day_text(order))
    found.count("members", "born", values)
    return found


@pytest.mark.parametrize(
    ("order", "own", "other"), [("mdy", MONTH_FIRST, DAY_FIRST), ("dmy", DAY_FIRST, MONTH_FIRST)]
)
class TestBothOrders:
    def test_a_date_that_could_be_either_is_misread_where_others_show_the_other_order(
        self, order, own, other
    ):
        (column,) = orders(own, own, other, EITHER, order=order).misread()
        assert column.is_doubtful

    def test_a_few_slips_of_the_pen_are_doubtful_only(self, order, own, other):
        for slips, is_misread in ((5, False), (6, True)):
            found = orders(*[own] * (100 - slips), *[other] * slips, EITHER, order=order)
            assert found.doubtful()
            assert bool(found.misread()) == is_misread

    def test_what_is_only_refused_is_not_misread(self, order, own, other):
        assert not orders(own, other, other, "05/05/1980", order=order).doubtful()

    def test_what_nothing_contradicts_is_not_misread(self, order, own, other):
        assert other != own
        assert not orders(own, EITHER, EITHER, order=order).doubtful()


def test_the_line_says_how_many_were_read_which_way_and_what_to_do():
    (column,) = orders(*[DAY_FIRST] * 1_200, MONTH_FIRST, *[EITHER] * 803).misread()
    assert column.line() == (
        "Field 'born' of stream 'members' mixes two orders of dates: 1,200 can only be "
        "day-month-year, 1 only month-day-year, and 803 that could be either were read as "
        "month-day-year (date_order: mdy). They are likely to be wrong: set date_order: dmy for "
        "this stream, or have the tap write YYYY-MM-DD, and run again, with the tap's full refresh "
        "if STATE has moved"
    )


def test_the_other_way_round_the_line_names_the_other_order():
    (column,) = orders(MONTH_FIRST, EITHER, order="dmy").misread()
    assert "were read as day-month-year (date_order: dmy)" in column.line()
    assert "set date_order: mdy" in column.line()


class TestColumnsOfOneStream:
    @staticmethod
    def beside(*values, stream="members"):
        found = orders(EITHER, EITHER)
        found.know(stream, "since", day_text())
        found.count(stream, "since", values)
        return found

    def test_dates_that_could_be_either_are_misread_where_another_column_shows_the_other_order(
        self,
    ):
        (column,) = self.beside(DAY_FIRST, DAY_FIRST).misread()
        assert column.line().startswith(
            "Field 'born' of stream 'members' is of a stream that has another order of dates: 2 "
            "can only be day-month-year, 0 only month-day-year, and 2 that could be either were "
            "read as month-day-year (date_order: mdy). They are likely to be wrong: set date_order"
        )

    def test_slips_of_the_pen_in_another_column_say_nothing(self):
        assert not self.beside(*[MONTH_FIRST] * 95, *[DAY_FIRST] * 5).doubtful()

    def test_another_stream_says_nothing(self):
        assert not self.beside(DAY_FIRST, stream="others").doubtful()

    def test_a_column_that_shows_its_own_order_is_not_judged_by_others(self):
        found = self.beside(DAY_FIRST)
        found.count("members", "born", [MONTH_FIRST])
        assert not found.doubtful()


def test_what_is_no_text_shows_nothing():
    found = orders(None, 19801225, ["25/12/1980"], {"a": 1}, 1.5)
    assert list(found) == []
    assert found.as_list() == []


def test_each_column_is_counted_for_itself_and_keeps_its_counts():
    found = orders(DAY_FIRST)
    found.know("others", "born", birthday_part(0, "dmy"))
    found.count("others", "born", ["4/5", "25/12", "12/25"])
    found.know("members", "born", day_text("mdy"))
    found.count("members", "born", [EITHER, "25/12"])
    assert found.as_list() == [
        {
            "stream": "members",
            "field": "born",
            "date_order": "mdy",
            "day_first": 1,
            "month_first": 0,
            "either": 1,
        },
        {
            "stream": "others",
            "field": "born",
            "date_order": "dmy",
            "day_first": 1,
            "month_first": 1,
            "either": 1,
        },
    ]
