"""Which converter each property of a contact has."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from target_constant_contact.contacts.contact import CUSTOM_PREFIX, TEXT_LIMITS
from target_constant_contact.mapping.custom_fields import custom_field_converter
from target_constant_contact.mapping.dates import anniversary, consent_day
from target_constant_contact.mapping.email_addresses import email_address
from target_constant_contact.mapping.values import (
    Convert,
    Text,
    UnfitValueError,
    us_phone_number,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from target_constant_contact.api.models import CustomField
    from target_constant_contact.mapping.calendar_days import DateOrder

_SMALL_NUMBER = re.compile(r"0*([0-9]{1,2})(?:\.0+)?")


def converters_for(
    custom: Iterable[CustomField],
    *,
    truncate: bool,
    lines: bool,
    today: date,
    date_order: DateOrder = "mdy",
) -> dict[str, Convert]:
    """Converters by name in an import, for all that one value decides.

    Args:
        custom: The custom fields of the mapping.
        truncate: Cut text that is too long instead of rejecting it.
        lines: Whether the import format can hold line breaks in a text area.
        today: The date that anniversaries and days of consent are compared with.
        date_order: What comes first in dates with slashes or dashes.
    """
    converters: dict[str, Convert] = {
        **{name: Text(limit, truncate=truncate) for name, limit in TEXT_LIMITS.items()},
        "email": email_address,
        "birthday_month": whole_number(12, "month"),
        "birthday_day": whole_number(31, "day of a month"),
        "anniversary": anniversary(today, date_order),
        "sms_number": us_phone_number,
        "sms_consent_date": consent_day(today, date_order),
    }
    for field in custom:
        convert = custom_field_converter(
            field, truncate=truncate, lines=lines, date_order=date_order
        )
        converters[f"{CUSTOM_PREFIX}{field.name}"] = convert
    return converters


def whole_number(highest: int, what: str) -> Convert:
    """A converter for whole numbers from 1 on, also written as text or as ``5.0``.

    Args:
        highest: The largest one.
        what: What the number is, for the reason of a rejection.
    """
    as_text = Text(50)
    fault = f"is not a {what} (1 to {highest})"

    def convert(value: Any) -> int | None:
        if isinstance(value, (bool, list, dict)):
            raise UnfitValueError(fault)
        written = as_text(value)
        if written is None:
            return None
        match = _SMALL_NUMBER.fullmatch(written)
        if match is None or not 1 <= int(match[1]) <= highest:
            raise UnfitValueError(fault)
        return int(match[1])

    return convert
