"""Rules about several properties of one contact."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from target_constant_contact.contacts.contact import MAX_PHONES, PHONES, Rejection
from target_constant_contact.mapping.dates import is_month_and_day

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Properties = dict[str, str | int]
"""Names in an import and values, as in a `Contact`."""

Check = Callable[[Properties], Rejection | None]
"""A rule, applied: why these properties cannot be one contact."""


def checks(fields: Mapping[str, str]) -> Iterator[Check]:
    """The rules that contacts of a mapping can break.

    Args:
        fields: Contact property to record field.
    """
    if len(PHONES & fields.keys()) > MAX_PHONES:
        yield _at_most_three_phones(fields)
    if "birthday_month" in fields:
        yield _whole_birthday(fields)


def _at_most_three_phones(fields: Mapping[str, str]) -> Check:
    def check(properties: Properties) -> Rejection | None:
        given = [name for name in properties if name in PHONES]
        if len(given) <= MAX_PHONES:
            return None
        reason = f"there are more than {MAX_PHONES} telephone numbers; a contact takes no more"
        return Rejection(reason, fields[given[MAX_PHONES]])

    return check


def _whole_birthday(fields: Mapping[str, str]) -> Check:
    month_name, day_name = "birthday_month", "birthday_day"

    def check(properties: Properties) -> Rejection | None:
        month, day = properties.get(month_name), properties.get(day_name)
        if isinstance(month, int) and isinstance(day, int):
            if is_month_and_day(month, day):
                return None
            return Rejection(f"{day_name} is not a day of that month", fields[day_name])
        for name, other in ((month_name, day_name), (day_name, month_name)):
            if name in properties:
                return Rejection(f"{other} is blank but {name} is not; give both", fields[other])
        return None

    return check
