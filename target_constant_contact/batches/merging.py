"""What several rows of one person come to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_constant_contact.contacts.encoding import (
    SmsPermission,
    columns_of,
    decode_contact,
    encode_contact,
    sms_permission,
)

if TYPE_CHECKING:
    from target_constant_contact.contacts.contact import Properties


def merge(held: Properties, later: Properties) -> dict[str, str | int]:
    """What a later row makes of an earlier one: its properties win, one by one.

    A date of consent belongs to the number that it was given for, and never moves to another.
    """
    merged = {**held, **later}
    if merged.get("sms_number") != held.get("sms_number") and "sms_consent_date" not in later:
        merged.pop("sms_consent_date", None)
    return merged


def merge_encoded(held: bytes, later: bytes) -> bytes:
    """What a later row makes of an earlier one, both encoded; the earlier one if nothing changes.

    Where consent comes with the later row alone, it is said without the permission of a request,
    as in two imports.
    """
    if held == later:
        return held
    properties = decode_contact(held)
    merged = merge(properties, decode_contact(later))
    return held if merged == properties else encode_contact(merged, columns_of(later))


def permission_of(properties: Properties) -> SmsPermission:
    """The SMS permission that goes with these properties."""
    return sms_permission(properties.get("sms_number"), properties.get("sms_consent_date"))


def permission_of_encoded(encoded: bytes) -> SmsPermission:
    """The SMS permission that goes with an encoded contact."""
    # Decoding takes much longer than looking, and few contacts have a number.
    return permission_of(decode_contact(encoded)) if b'"sms_number"' in encoded else None
