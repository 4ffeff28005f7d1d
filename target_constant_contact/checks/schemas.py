"""Schemas of streams, read from files of the kinds that people have at hand."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from target_constant_contact.exceptions import InputError
from target_constant_contact.singer.json_lines import MOST_LEVELS, is_deeper

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def read_schemas(path: Path) -> dict[str, dict[str, Any]]:
    """SCHEMA messages by stream, from a file of any of the usual kinds.

    Args:
        path: Singer messages, a Singer catalog, or one JSON schema, whose stream is then named
            like the file.

    Raises:
        InputError: The file cannot be read, or is none of these.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(
            f"--schema: {path} cannot be read ({error.strerror}); name another file"
        ) from None
    except UnicodeDecodeError:
        raise InputError(f"{path} is not UTF-8. Give a text file of schemas") from None
    messages = [_message(entry) for entry in _entries(path, text)]
    found = {message["stream"]: message for message in messages if message}
    if not found:
        raise InputError(
            f"{path} holds no schema. Give Singer messages with SCHEMA, a Singer catalog, or a "
            "JSON schema with properties"
        )
    for stream, message in found.items():
        if is_deeper(message, MOST_LEVELS):
            raise InputError(
                f"{path}: the schema of stream {stream!r} is nested more than {MOST_LEVELS} levels "
                "deep; a run would not take it either"
            )
    return found


def _entries(path: Path, text: str) -> Iterator[Any]:
    """Whatever may be the schema of a stream: messages, or entries of a catalog."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        yield from _lines(path, text)
        return
    if not isinstance(document, dict):
        return
    streams = document.get("streams")
    if isinstance(streams, list):
        yield from filter(_is_selected, streams)
    elif isinstance(document.get("stream"), str):
        yield document
    else:
        yield {"stream": path.stem, "schema": document}


def _lines(path: Path, text: str) -> Iterator[Any]:
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            try:
                yield json.loads(line)
            except (ValueError, RecursionError):
                raise InputError(
                    f"{path}, line {number:,}: not JSON. Give Singer messages with SCHEMA, a "
                    "Singer catalog, or a JSON schema"
                ) from None


def _is_selected(entry: Any) -> bool:
    """Whether a tap would write the stream of a catalog's entry."""
    described = entry.get("metadata") if isinstance(entry, dict) else None
    for part in described if isinstance(described, list) else ():
        if isinstance(part, dict) and part.get("breadcrumb") == []:
            facts = part.get("metadata")
            return not isinstance(facts, dict) or facts.get("selected") is not False
    return True


def _message(entry: Any) -> dict[str, Any] | None:
    """The SCHEMA message of an entry that has a schema; None for any other."""
    if not isinstance(entry, dict):
        return None
    stream = entry.get("tap_stream_id") or entry.get("stream")
    schema = entry.get("schema")
    if not isinstance(stream, str) or not isinstance(schema, dict):
        return None
    # A message says itself that it is one; other files may be about anything.
    is_message = entry.get("type") == "SCHEMA"
    if not isinstance(schema.get("properties") or (is_message and {}), dict):
        return None
    keys = entry.get("key_properties")
    known = keys if isinstance(keys, list) else []
    return {"type": "SCHEMA", "stream": stream, "schema": schema, "key_properties": known}
