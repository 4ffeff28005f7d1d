"""Whom the rejected rows of a run are about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from target_constant_contact.mapping.matching import match_fields
from target_constant_contact.reports.rejected_rows import RejectedStream, messages
from target_constant_contact.reports.rejects import COLUMNS, EVIDENCE, FIELD, REASON

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class RejectedAddress:
    """A rejected row, and the address in it. Personal data.

    Attributes:
        number: Place of the row among those of the file, from 1.
        stream: Name of the stream.
        address: The e-mail address as it came, which may be none; empty when no field has one.
        reason: Why the row was rejected.
        field: The record field that it is about, or an empty text.
        evidence: How it is known of a row that was sent.
    """

    number: int
    stream: str
    address: str
    reason: str
    field: str
    evidence: str


def rejected_addresses(path: Path) -> Iterator[RejectedAddress]:
    """The rows of a file of rejected rows, one after the other.

    Which field the mapping has read the address from is not in the file. It is the field with a
    well-known name; else the first value with an at sign in it.

    Raises:
        DataError: The file holds something else.
        StorageError: It cannot be read.
    """
    streams: dict[str, RejectedStream] = {}
    fields: dict[str, str] = {}
    number = 0
    for message in messages(path):
        stream = message["stream"]
        if message["type"] == "SCHEMA":
            streams.setdefault(stream, RejectedStream(message)).add_schema(message)
            fields[stream] = match_fields(streams[stream].schema["schema"]).fields.get("email", "")
            continue
        number += 1
        record = message["record"]
        said = (_text(record.get(name)) for name in (REASON, FIELD, EVIDENCE))
        yield RejectedAddress(number, stream, _address(record, fields.get(stream, "")), *said)


def _address(record: Mapping[str, Any], field: str) -> str:
    if found := _text(record.get(field)).strip():
        return found
    values = (value for name, value in record.items() if name not in COLUMNS)
    return next((text.strip() for text in _texts(values) if "@" in text), "")


def _texts(values: Any) -> Iterator[str]:
    """All texts in values, however deep."""
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            yield from _texts(value.values())
        elif isinstance(value, list):
            yield from _texts(value)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
