"""The form in which a store is on its way to another one: lines of JSON, with a head and a tail.

The tail tells how many rows there are, so that what is cut off is known for it.
"""

from __future__ import annotations

import base64
import json
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from target_constant_contact.exceptions import SettingsError
from target_constant_contact.store.address import other_key
from target_constant_contact.store.schema import (
    CONNECTIONS,
    METADATA,
    SECRETS,
    SINCE,
    STORE,
    VERSION,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sqlalchemy import Column, Table

    from target_constant_contact.store.cipher import Cipher

FORMAT: Final = "target-constant-contact store"
FORMAT_VERSION: Final = 1
TABLES: Final = {
    # Those of version 1 first: its secrets come before what they hide.
    table.name: table
    for table in sorted(METADATA.tables.values(), key=lambda table: SINCE.get(table, 1))
    if table is not STORE
}
HIDDEN: Final = {CONNECTIONS.name: "document", SECRETS.name: "value"}
"""The column of each table that is a secret."""
_MOST: Final = 1 << 63
_DAMAGED: Final = (ValueError, KeyError, TypeError, AttributeError, RecursionError)


def head() -> bytes:
    """The first line."""
    return _line({"format": FORMAT, "version": FORMAT_VERSION, "schema": VERSION})


def line_of(table: Table, row: Mapping[str, Any]) -> bytes:
    """The line of a row."""
    shown = {
        name: base64.b64encode(value).decode() if isinstance(value, bytes) else value
        for name, value in row.items()
    }
    return _line({"table": table.name, "row": shown})


def tail(counts: Mapping[str, int]) -> bytes:
    """The last line: how many rows there are of each table."""
    return _line({"rows": dict(counts)})


def rows_of(lines: Iterable[bytes], place: str) -> Iterator[tuple[Table, dict[str, Any]]]:
    """The rows in such lines, each with its table. They are good once the last one has come.

    Args:
        lines: The lines.
        place: What may be shown of where they are from.

    Raises:
        SettingsError: They are no export, one of a newer version, or not whole.
    """
    counts: Counter[str] = Counter()
    rest = iter(lines)
    _check_head(next(rest, b""), place)
    for line in rest:
        try:
            found = json.loads(line)
            if "rows" in found:
                if found["rows"] == counts and next(rest, None) is None:
                    return
                break
            table = TABLES[found["table"]]
            row = {column.name: _value(column, found["row"]) for column in table.c}
        except _DAMAGED:
            break
        counts[table.name] += 1
        yield table, row
    fault = (
        f"{place} is cut off or damaged behind row {counts.total():,}; nothing was changed. Export "
        "the store anew"
    )
    raise SettingsError([fault])


def opened(cipher: Cipher, table: Table, row: Mapping[str, Any], place: str) -> dict[str, Any]:
    """A row of the lines, or of a shared store, with its secret in clear.

    Raises:
        SettingsError: The secret was encrypted with another key.
    """
    if table.name not in HIDDEN:
        return dict(row)
    column = HIDDEN[table.name]
    text = cipher.show(row[column])
    if text is None:
        raise SettingsError([other_key(name_of(table, row["name"]), place)])
    return {**row, column: text}


def closed(cipher: Cipher | None, table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
    """A row with its secret as it may be stored."""
    if table.name not in HIDDEN or cipher is None:
        return dict(row)
    column = HIDDEN[table.name]
    return {**row, column: cipher.hide(row[column])}


def name_of(table: Table, name: str) -> str:
    """What a secret is, in words."""
    return f"connection {name!r}" if table is CONNECTIONS else f"the {name}"


def _line(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"


def _check_head(line: bytes, place: str) -> None:
    try:
        found = json.loads(line)
        is_ours = found["format"] == FORMAT
        versions = int(found["version"]), int(found["schema"])
    except _DAMAGED:
        is_ours, versions = False, (0, 0)
    if not is_ours:
        fault = (
            f"{place} is no export of a store; name a file that target-constant-contact store "
            "export has made"
        )
        raise SettingsError([fault])
    if versions[0] > FORMAT_VERSION or versions[1] > VERSION:
        fault = (
            f"{place} was exported by a newer version; nothing was changed. Install the newest "
            "target-constant-contact here, too"
        )
        raise SettingsError([fault])


def _value(column: Column[Any], row: Mapping[str, Any]) -> Any:
    """The value of a column.

    Raises:
        ValueError, KeyError, TypeError: It is missing, or of another type.
    """
    value, wanted = row[column.name], column.type.python_type
    if value is None and column.nullable:
        return None
    if wanted is bytes:
        return base64.b64decode(value, validate=True)
    if type(value) is not wanted or (wanted is int and abs(value) >= _MOST):
        raise ValueError(column.name)
    # No text in a server has this character.
    if wanted is str and "\0" in value:
        raise ValueError(column.name)
    return value
