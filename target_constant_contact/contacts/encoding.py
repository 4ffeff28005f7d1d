"""How a contact is held between mapping and sending, in one line of bytes.

As compact JSON, which imports send; or, with names of columns, as a row of the CSV file that is
sent. A contact that cannot be written as such a row is JSON there, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import msgspec

from target_constant_contact.contacts.csv_rows import (
    decode_row,
    encode_row,
    encode_rows,
    head_in,
    names_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from target_constant_contact.contacts.contact import Properties

SmsPermission: TypeAlias = Literal["explicit"] | None

encode_json: Final = msgspec.json.Encoder().encode
"""Encodes a mapping, or a struct, as compact UTF-8 JSON."""
_decode_json: Final = msgspec.json.Decoder(dict[str, str | int]).decode


def encode_contact(properties: Properties, columns: tuple[str, ...] = ()) -> bytes:
    """Encode the properties of a contact.

    Args:
        properties: The properties.
        columns: The columns of a row; none: as JSON.
    """
    row = encode_row(properties, columns) if columns else None
    return encode_json(properties) if row is None else row


def decode_contact(encoded: bytes) -> dict[str, str | int]:
    """The properties of an encoded contact."""
    return _decode_json(encoded) if encoded[:1] == b"{" else decode_row(encoded)


def columns_of(encoded: bytes) -> tuple[str, ...]:
    """The columns of an encoded contact, if it is a row."""
    head = head_in(encoded)
    return names_of(head) if head else ()


class ContactsEncoder:
    """Encodes many contacts, in less time and memory than one by one.

    Args:
        properties: Names of all properties that they can have, in their order.
        columns: As for `encode_contact`.
    """

    def __init__(self, properties: Sequence[str], columns: tuple[str, ...] = ()) -> None:
        self._columns = columns
        names = [f"p{place}" for place in range(len(properties))]
        self._properties: Callable[..., Any] = msgspec.defstruct(
            "Properties",
            [(name, Any, "") for name in names],
            rename=dict(zip(names, properties, strict=True)),
            omit_defaults=True,
            gc=False,
        )

    def __call__(self, values: Sequence[Sequence[Any]]) -> list[bytes]:
        """Encode contacts.

        Args:
            values: Those of each property; an empty text where a contact has none.
        """
        rows = encode_rows(values, self._columns) if self._columns else None
        if rows is not None:
            return rows
        contacts = list(map(encode_json, map(self._properties, *values)))
        if not self._columns:
            return contacts
        return [encode_contact(decode_contact(each), self._columns) for each in contacts]


def sms_permission(number: str | int | None, consent_date: str | int | None) -> SmsPermission:
    """The SMS permission that a contact needs; it is set for a whole request.

    ``explicit`` is only ever claimed for a person whose date of consent is known. A number
    without one is imported with the service's default, ``not_set``, and gets no messages.
    """
    return "explicit" if number and consent_date else None
