"""Which columns of an export tell the properties of a contact, and when two values are the same."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final

from target_constant_contact.contacts.contact import (
    ADDRESS_PARTS,
    CUSTOM_PREFIX,
    is_custom,
    wire_names,
)
from target_constant_contact.mapping.calendar_days import calendar_day
from target_constant_contact.mapping.values import UnfitValueError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from target_constant_contact.api.models import CustomField
    from target_constant_contact.contacts.contact import Properties

_PHONES: Final = {
    "phone": "other",
    "other_phone": "other",
    "home_phone": "home",
    "work_phone": "work",
    "mobile_phone": "mobile",
}
_PLAIN: Final = {
    "first_name": ("first_name", "firstname"),
    "last_name": ("last_name", "lastname"),
    "job_title": ("job_title", "jobtitle"),
    "company_name": ("company_name", "company"),
    "birthday_month": ("birthday_month", "birthdaymonth"),
    "birthday_day": ("birthday_day", "birthdayday"),
    "anniversary": ("anniversary", "anniversary"),
}
"""Field of an export, and the letters of its header, by property."""
_STREETS: Final = ("street", "street2")
"""The account has one line of both."""
_DIGITS: Final = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Told:
    """How an export tells one property.

    Attributes:
        field: The service's name of the column, to ask for it.
        headers: What its header may be, as letters and digits alone. They are not documented: a
            column that is not found is not compared.
        same: Whether a value that would be sent is the one that is told.
    """

    field: str
    headers: tuple[str, ...]
    same: Callable[[str, str], bool]


class Columns:
    """The columns that tell the properties of contacts.

    Args:
        custom: The custom fields of the account.
    """

    def __init__(self, custom: Iterable[CustomField] = ()) -> None:
        self._told: dict[str, Told] = {
            name: Told(field, (header,), _same_text) for name, (field, header) in _PLAIN.items()
        }
        self._told["anniversary"] = Told("anniversary", ("anniversary",), _same_day)
        for name, kind in _PHONES.items():
            self._told[name] = Told("phone_number", (f"phone{kind}",), _same_digits)
        for prefix, kind in (("", "home"), ("work_", "work"), ("other_", "other")):
            for part in ADDRESS_PARTS:
                if part not in _STREETS:
                    self._told[f"{prefix}{part}"] = Told(part, (f"{part}{kind}",), _same_text)
            headers = (f"street{kind}", f"streetaddressline1{kind}")
            self._told[f"{prefix}street"] = Told("street", headers, _same_text)
        for each in custom:
            same = _BY_TYPE.get(each.type, _same_text)
            told = Told("custom_fields", (letters(each.label),), same)
            self._told[f"{CUSTOM_PREFIX}{each.name}"] = told

    def names(self, mappings: Iterable[Mapping[str, str] | None]) -> tuple[str, ...]:
        """The properties that contacts can have, as far as there are columns of them.

        Args:
            mappings: The ``field_mapping`` of all streams; None: any well-known field.
        """
        mapped: set[str] = set()
        for mapping in mappings:
            if mapping is None:
                return tuple(self._told)
            mapped.update(wire for name in mapping for wire in wire_names(name))
        # A mapping may call a custom field by its label.
        return tuple(name for name in self._told if name in mapped or is_custom(name))

    def fields(self, names: Iterable[str]) -> list[str]:
        """The columns to ask for, to be told these properties, the e-mail address first."""
        found = (self._told[name].field for name in names if name in self._told)
        return [*dict.fromkeys(("email_address", *found))]

    def headers(self, names: Iterable[str], header: Sequence[str]) -> dict[str, str]:
        """The header of each of these properties in a file, as far as there is one.

        Args:
            names: The properties.
            header: Headers of the file.
        """
        by_letters = {letters(each): each for each in reversed(header)}
        return {
            name: by_letters[key]
            for name in names
            if name in self._told
            for key in self._told[name].headers
            if key in by_letters
        }

    def differing(self, sent: Properties, told: Mapping[str, str]) -> list[str]:
        """Properties that would become another value.

        Args:
            sent: What would be sent; what it lacks stays as it is.
            told: What the account has, of the properties that are compared.
        """
        return [
            name
            for name, value in sent.items()
            if name in told and not self._told[name].same(str(value), told[name])
        ]


def letters(header: str) -> str:
    """A header as it is compared."""
    return "".join(filter(str.isalnum, header.casefold()))


def with_one_street(properties: Properties) -> dict[str, str | int]:
    """Properties with both lines of each street in one, as the account keeps them."""
    joined = dict(properties)
    for prefix in ("", "work_", "other_"):
        second, first = joined.pop(f"{prefix}street2", ""), joined.get(f"{prefix}street")
        # A second line alone says nothing of the whole.
        if second and first:
            joined[f"{prefix}street"] = f"{first} {second}"
    return joined


def _same_text(sent: str, told: str) -> bool:
    # The service may write a text in its own way: blanks around it and capitals say nothing.
    return sent == told or sent.strip().casefold() == told.strip().casefold()


def _same_digits(sent: str, told: str) -> bool:
    digits = "".join(_DIGITS.findall(sent))
    return digits == "".join(_DIGITS.findall(told)) if digits else _same_text(sent, told)


def _same_number(sent: str, told: str) -> bool:
    try:
        return Decimal(sent) == Decimal(told.replace(",", ""))
    except InvalidOperation:
        return _same_text(sent, told)


def _same_day(sent: str, told: str) -> bool:
    try:
        return calendar_day(sent) == calendar_day(told)
    except UnfitValueError:
        return _same_text(sent, told)


_BY_TYPE: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "number": _same_number,
    "currency": _same_number,
    "date": _same_day,
}
