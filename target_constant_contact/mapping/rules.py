"""Rules about several properties of one contact."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from target_constant_contact.contacts.contact import MAX_PHONES, PHONES, Properties, Rejection
from target_constant_contact.mapping.calendar_days import is_month_and_day

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True, slots=True)
class Broken:
    """Why properties cannot be those of one contact.

    Attributes:
        rejection: The reason.
        names: Names in an import of those that would have to go.
    """

    rejection: Rejection
    names: tuple[str, ...]


Rule: TypeAlias = Callable[[Properties], Broken | None]
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
    def rule(properties: Properties) -> Broken | None:
        given = [name for name in properties if name in PHONES]
        if len(given) <= MAX_PHONES:
            return None
        reason = f"there are more than {MAX_PHONES} telephone numbers; a contact takes no more"
        surplus = given[MAX_PHONES]
        return Broken(Rejection(reason, fields[surplus]), (surplus,))

    return rule


def _whole_birthday(fields: Mapping[str, str]) -> Rule:
    month_name, day_name = "birthday_month", "birthday_day"

    def rule(properties: Properties) -> Broken | None:
        month, day = properties.get(month_name), properties.get(day_name)
        if isinstance(month, int) and isinstance(day, int):
            if is_month_and_day(month, day):
                return None
            reason = f"{day_name} is not a day of that month"
            return Broken(Rejection(reason, fields[day_name]), (month_name, day_name))
        for name, other in ((month_name, day_name), (day_name, month_name)):
            if name in properties:
                reason = f"{name} has no {other} beside it; give both"
                return Broken(Rejection(reason, fields[other]), (name,))
        return None

    return rule
