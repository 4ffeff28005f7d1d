"""Rules about several properties of one contact."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from target_constant_contact.contacts.contact import MAX_PHONES, PHONES, Properties, Rejection
from target_constant_contact.mapping.calendar_days import is_month_and_day

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Rule: TypeAlias = Callable[[Properties], Rejection | None]
"""Says why properties cannot be those of one contact; ``None`` when they can."""


def rules_for(fields: Mapping[str, str]) -> Iterator[Rule]:
    """The rules that contacts of a mapping can break.

    Args:
        fields: Contact property to record field.
    """
    if len(PHONES & fields.keys()) > MAX_PHONES:
        yield _at_most_three_phones(fields)
    if "birthday_month" in fields:
        yield _whole_birthday(fields)


def _at_most_three_phones(fields: Mapping[str, str]) -> Rule:
    def rule(properties: Properties) -> Rejection | None:
        given = [name for name in properties if name in PHONES]
        if len(given) <= MAX_PHONES:
            return None
        reason = f"there are more than {MAX_PHONES} telephone numbers; a contact takes no more"
        return Rejection(reason, fields[given[MAX_PHONES]])

    return rule


def _whole_birthday(fields: Mapping[str, str]) -> Rule:
    month_name, day_name = "birthday_month", "birthday_day"

    def rule(properties: Properties) -> Rejection | None:
        month, day = properties.get(month_name), properties.get(day_name)
        if isinstance(month, int) and isinstance(day, int):
            if is_month_and_day(month, day):
                return None
            return Rejection(f"{day_name} is not a day of that month", fields[day_name])
        for name, other in ((month_name, day_name), (day_name, month_name)):
            if name in properties:
                return Rejection(f"{other} is blank but {name} is not; give both", fields[other])
        return None

    return rule
