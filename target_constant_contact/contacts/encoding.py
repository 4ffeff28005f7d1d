"""How a contact is written: as compact JSON, which batches hold and imports send."""

from __future__ import annotations

from typing import Any, Final, Literal, TypeAlias

import msgspec

SmsPermission: TypeAlias = Literal["explicit"] | None

_encoder: Final = msgspec.json.Encoder()
encode_contact: Final = _encoder.encode
"""Encodes contact properties (a mapping, or a struct of them) as compact UTF-8 JSON."""
decode_contact: Final = msgspec.json.Decoder(dict[str, str | int]).decode
"""The properties of an encoded contact."""


def encode_contacts(contacts: list[Any]) -> list[bytes]:
    """Encode many contacts, in less time and memory than one by one."""
    # JSON has no line break of its own in it, so a line is a contact; the last one ends with one.
    return _encoder.encode_lines(contacts).split(b"\n")[:-1]


def sms_permission(number: str | int | None, consent_date: str | int | None) -> SmsPermission:
    """The SMS permission that a contact needs; it is set for a whole request.

    ``explicit`` is only ever claimed for a person whose date of consent is known. A number
    without one is imported with the service's default, ``not_set``, and gets no messages.
    """
    return "explicit" if number is not None and consent_date is not None else None
