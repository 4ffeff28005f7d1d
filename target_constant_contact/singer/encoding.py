"""Singer messages as lines that a person can read and correct."""

from __future__ import annotations

from typing import TYPE_CHECKING

from singer_sdk.singerlib.json import serialize_json

from target_constant_contact.redaction import json_escaped

if TYPE_CHECKING:
    from collections.abc import Iterator


def readable_line(message: object) -> str:
    """Encode a message as one line of UTF-8 without its end, which decodes to the same message.

    Letters of any script stay as they are. What cannot be seen is escaped: control characters, ends
    of lines, marks of direction, and halves of characters, which UTF-8 does not have. Numbers keep
    all of their digits.
    """
    return json_escaped(serialize_json(message, ensure_ascii=False))


def readable_lines(value: object) -> Iterator[str]:
    """Encode a value in the same way as lines of indented JSON; numbers that are none are null."""
    return map(json_escaped, serialize_json(value, ensure_ascii=False, indent=2).split("\n"))
