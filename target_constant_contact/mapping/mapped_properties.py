"""The contact properties of a mapping, each with the way from a record to its value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

from target_constant_contact.contacts.contact import CUSTOM_PREFIX, WIRE_ORDER, wire_names
from target_constant_contact.mapping.dates import birthday_part
from target_constant_contact.mapping.paths import Read, field_getter, nested
from target_constant_contact.mapping.values import Convert, UnfitValueError, us_phone_number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_constant_contact.api.models import CustomField
    from target_constant_contact.mapping.calendar_days import DateOrder

EMAIL_LABEL: Final = "e-mail address"
"""What a rejection calls ``email``."""

# A plain tuple, because it is unpacked for each value of each record, which takes twice as long
# with a named one.
MappedProperty: TypeAlias = tuple[str, str, str, Read | None, Convert]
"""How one property is made: what a rejection calls it, its name in an import, the record field,
a reader unless the field is a plain key, and the converter."""


def mapped_properties(
    schema: Mapping[str, Any],
    fields: Mapping[str, str],
    custom: Mapping[str, CustomField],
    converters: Mapping[str, Convert],
    date_order: DateOrder = "mdy",
) -> tuple[MappedProperty, ...]:
    """Prepare the properties of a mapping, in the order in which they are sent.

    Args:
        schema: JSON schema of the stream.
        fields: Contact property to record field.
        custom: The custom fields among ``fields``, by the name that they have there.
        converters: By name in an import.
        date_order: What comes first in birthdays with slashes or dashes.
    """
    mapped: list[MappedProperty] = []
    for name, field in fields.items():
        read = nested(schema, field)
        if name in custom:
            wire = f"{CUSTOM_PREFIX}{custom[name].name}"
            mapped.append((name, wire, field, read, converters[wire]))
        elif name == "birthday":
            for index, wire in enumerate(wire_names(name)):
                mapped.append((name, wire, field, read, birthday_part(index, date_order)))
        else:
            (wire,) = wire_names(name)
            label = EMAIL_LABEL if name == "email" else name
            if name == "sms_consent_date":
                read = _with_number(fields, schema, field)
            mapped.append((label, wire, field, read, converters[wire]))
    order = {wire: place for place, wire in enumerate(WIRE_ORDER)}
    # Stable, so custom fields keep the order of the settings.
    return tuple(sorted(mapped, key=lambda each: order.get(each[1], len(order))))


def roots(mapped: MappedProperty) -> tuple[str, ...]:
    """Names of the record's own fields that a property is made of."""
    _, _, field, read, _ = mapped
    return (field,) if read is None else read.roots


def _with_number(fields: Mapping[str, str], schema: Mapping[str, Any], field: str) -> Read:
    """Read a consent only where there is a number that can be sent: it means nothing without."""
    number, consent = (field_getter(path, schema) for path in (fields["sms_number"], field))

    def read_consent(record: Mapping[str, Any]) -> Any:
        value = number(record)
        try:
            is_number = value is not None and us_phone_number(value) is not None
        except UnfitValueError:
            # The number itself says so.
            is_number = False
        return consent(record) if is_number else None

    return Read((*number.roots, *consent.roots), read_consent)
