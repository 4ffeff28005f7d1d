"""Rules about several properties of one contact."""

from __future__ import annotations

import pytest

from target_constant_contact.contacts.contact import Rejection
from target_constant_contact.mapping.rules import Broken, rules_for

PHONES = ("phone", "mobile_phone", "work_phone", "home_phone")
BIRTHDAY = {"birthday_month": "month of birth", "birthday_day": "day of birth"}


def test_few_numbers_and_no_birthday_need_no_rule():
    assert not list(rules_for({"email": "e", "phone": "p", "birthday": "b"}))


def test_a_fourth_telephone_number_is_rejected_and_a_blank_one_does_not_count():
    (rule,) = rules_for({name: f"field of {name}" for name in PHONES})
    reason = "there are more than 3 telephone numbers; a contact takes no more"
    surplus = Broken(Rejection(reason, "field of home_phone"), ("home_phone",))
    assert rule(dict.fromkeys(PHONES, "1")) == surplus
    assert rule({"email": "ann@example.com"} | dict.fromkeys(PHONES[1:], "1")) is None


@pytest.mark.parametrize(
    ("properties", "reason", "field"),
    [
        ({"birthday_month": 2, "birthday_day": 30}, "birthday_day is not a day of that month", 1),
        ({"birthday_month": 2}, "birthday_month has no birthday_day beside it; give both", 1),
        ({"birthday_day": 2}, "birthday_day has no birthday_month beside it; give both", 0),
    ],
)
def test_half_a_birthday_and_an_impossible_one_are_rejected(properties, reason, field):
    (rule,) = rules_for(BIRTHDAY)
    rejection = Rejection(reason, list(BIRTHDAY.values())[field])
    assert rule(properties) == Broken(rejection, tuple(properties))


@pytest.mark.parametrize("properties", [{}, {"birthday_month": 2, "birthday_day": 29}])
def test_no_birthday_and_one_in_a_leap_year_are_fine(properties):
    (rule,) = rules_for(BIRTHDAY)
    assert rule(properties) is None
