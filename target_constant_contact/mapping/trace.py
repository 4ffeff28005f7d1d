"""How each property of one contact came about, in words; the mapping itself decides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from target_constant_contact.contacts.contact import Contact
from target_constant_contact.mapping.custom_fields import decimal_text
from target_constant_contact.mapping.dates import OfDay
from target_constant_contact.mapping.email_addresses import email_address
from target_constant_contact.mapping.values import (
    Text,
    UnfitValueError,
    clean,
    us_phone_number,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from target_constant_contact.mapping.field_mapping import FieldMapping
    from target_constant_contact.mapping.mapped_properties import MappedProperty
    from target_constant_contact.mapping.values import Convert

_AS_WRITTEN = "as written"
_RULES: Mapping[Convert, str] = {
    us_phone_number: "the ten digits",
    decimal_text: "a number as text",
}


@dataclass(frozen=True, slots=True)
class TracedProperty:
    """One property of a contact beside what a record has for it.

    Attributes:
        name: Name of the property in an import.
        field: The record field.
        value: What the record has there.
        sent: What is sent; None when nothing is.
        rule: What has made it, or why it is not sent.
    """

    name: str
    field: str
    value: Any
    sent: str | int | None
    rule: str


def traced(mapping: FieldMapping, record: Mapping[str, Any]) -> Iterator[TracedProperty]:
    """Tell of every property that a mapping can make what it makes of a record.

    Args:
        mapping: The mapping.
        record: The record. That it is rejected is for the mapping to say; here, each property
            is told of by itself.
    """
    contact = mapping(record)
    sent = contact.properties if isinstance(contact, Contact) else {}
    dropped = contact.dropped if isinstance(contact, Contact) else (contact,)
    reasons = {each.field: each.reason for each in dropped}
    for mapped in mapping.mapped:
        name, field = mapped[1:3]
        value, made, rule = _made(mapped, record)
        if made is not None and name not in sent:
            # A rule about several properties has taken it out, or the row is not sent at all.
            made, rule = None, reasons.get(field, "not sent")
        yield TracedProperty(name, field, value, made, rule)


def _made(mapped: MappedProperty, record: Mapping[str, Any]) -> tuple[Any, str | int | None, str]:
    label, _, field, read, convert = mapped
    value = None
    try:
        value = record.get(field) if read is None else read(record)
        made = None if value is None else convert(value)
    except UnfitValueError as unfit:
        return value, None, f"{label} {unfit}"
    return value, made, "blank: not sent" if made is None else _rule(convert, value, made)


def _rule(convert: Convert, value: Any, made: str | int) -> str:
    """What a converter has done to a value."""
    if value == made and isinstance(value, str):
        return _AS_WRITTEN
    if isinstance(convert, OfDay):
        return _rule_of_day(convert, value)
    if not isinstance(value, str):
        return "as text" if isinstance(made, str) else "a whole number"
    if isinstance(convert, Text):
        return _rule_of_text(convert, value, str(made))
    if convert is email_address:
        return "trimmed" if value.strip() == made else "without what stands around it"
    return _RULES.get(convert, "as the property takes it")


def _rule_of_text(convert: Text, value: str, made: str) -> str:
    if len(clean(value, lines=convert.lines)) > len(made):
        return f"cut to {convert.limit} characters"
    return "trimmed" if value.strip() == made else "without what is not seen"


def _rule_of_day(convert: OfDay[Any], value: Any) -> str:
    shown = convert.shown_order(value) if isinstance(value, str) else None
    if shown != "either":
        return "read as a date"
    first = "day" if convert.order == "dmy" else "month"
    return f"read as a date, {first} first (date_order)"
