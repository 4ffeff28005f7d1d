"""The rejected rows of a run, read from their file, which a person may have edited."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from target_constant_contact.data_folder import usable
from target_constant_contact.exceptions import DataError
from target_constant_contact.mapping.paths import properties_of
from target_constant_contact.reports.rejects import COLUMNS, EVIDENCE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


@dataclass(slots=True)
class RejectedStream:
    """The rejected rows of one stream.

    Attributes:
        schema: Its SCHEMA message; of several, the last, with the properties of all of them.
        fields: Names of the fields that its rows have or can have, as they came.
        rows: How many there are.
        has_evidence: Whether some were sent, and it is known how they were found.
    """

    schema: dict[str, Any]
    fields: dict[str, Any] = field(default_factory=dict)
    rows: int = 0
    has_evidence: bool = False

    @property
    def columns(self) -> list[str]:
        """Fields of the rows, then what the file says of them."""
        said = [name for name in COLUMNS if name != EVIDENCE or self.has_evidence]
        return [*self.fields, *said]

    def add_schema(self, message: Mapping[str, Any]) -> None:
        """Take one more SCHEMA message."""
        before = self.schema["schema"].get("properties") or {}
        inner = message["schema"]
        properties = {**before, **(inner.get("properties") or {})}
        self.schema = {**message, "schema": {**inner, "properties": properties}}
        described = properties_of(self.schema["schema"])
        self.fields |= {name: described[name] for name in described if name not in COLUMNS}

    def add_row(self, record: Mapping[str, Any]) -> None:
        """Take a row."""
        self.rows += 1
        self.has_evidence = self.has_evidence or EVIDENCE in record
        others = (name for name in record if name not in self.fields and name not in COLUMNS)
        self.fields |= {name: {} for name in others}


def rejected_streams(path: Path) -> dict[str, RejectedStream]:
    """The streams of a file of rejected rows, by name.

    Raises:
        DataError: It holds something else.
        StorageError: It cannot be read.
    """
    streams: dict[str, RejectedStream] = {}
    for message in messages(path):
        name = message["stream"]
        if message["type"] == "SCHEMA":
            streams.setdefault(name, RejectedStream(message)).add_schema(message)
        elif name in streams:
            streams[name].add_row(message["record"])
    return streams


def messages(path: Path) -> Iterator[dict[str, Any]]:
    """The SCHEMA and RECORD messages of a file of rejected rows.

    Raises:
        DataError: It holds something else.
        StorageError: It cannot be read.
    """
    with usable(path), path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                yield _message(line, number, path)


def _message(line: bytes, number: int, path: Path) -> dict[str, Any]:
    try:
        # An editor may have put a byte order mark before the first line.
        message = json.loads(line.decode("utf-8-sig"), parse_float=Decimal)
        member = {"SCHEMA": "schema", "RECORD": "record"}[message["type"]]
        if isinstance(message["stream"], str) and isinstance(message[member], dict):
            return dict(message)
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    raise DataError(
        f"Line {number:,} of {path} is neither a SCHEMA nor a RECORD message. Look at that line, "
        "or delete it"
    )
