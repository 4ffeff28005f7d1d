"""Rejected rows as a Singer file that can be corrected and piped back in."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

from target_constant_contact.data_folder import usable
from target_constant_contact.exceptions import StorageError
from target_constant_contact.files import open_private
from target_constant_contact.redaction import escaped, without_secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from io import TextIOWrapper
    from pathlib import Path

REASON: Final = "_reject_reason"
FIELD: Final = "_reject_field"
EVIDENCE: Final = "_reject_evidence"
COLUMNS: Final = (REASON, FIELD, EVIDENCE)
"""What the file adds to the fields of its rows."""


class RejectsFile:
    """A file of SCHEMA and RECORD messages, made when the first row is rejected.

    Each RECORD is as it came, plus ``_reject_reason`` and ``_reject_field``; one that was sent
    and has not landed has ``_reject_evidence`` too. The file holds personal data; only its owner
    can read it (mode 0600).

    Args:
        path: Where the file is to be made.
        encode: Encodes a Singer message as one line, without its end; None: nothing is written.

    Raises:
        StorageError: From every method: it cannot be written.
    """

    def __init__(self, path: Path, encode: Callable[[object], str] | None) -> None:
        self.path = path
        self._encode = encode
        self._file: TextIOWrapper | None = None
        self._schemas: dict[str, Mapping[str, Any]] = {}
        self._dirty = False

    def write(
        self,
        schema: Mapping[str, Any],
        record: Mapping[str, Any],
        reason: str,
        field: str,
        *,
        evidence: str = "",
    ) -> None:
        """Add one rejected row.

        Args:
            schema: The stream's latest SCHEMA message.
            record: The RECORD message as it was read.
            reason: Why the row was rejected.
            field: The record field that it is about, or an empty string.
            evidence: How it is known of a row that was sent.
        """
        if self._encode is None:
            return
        stream = schema["stream"]
        lines = ""
        if self._schemas.get(stream) is not schema:
            self._schemas[stream] = schema
            lines = self._encode(_with_reject_columns(schema)) + "\n"
        # Not the addresses: the row beside them has its own, and hints may be about it.
        row = {**_as_it_came(record["record"]), REASON: escaped(without_secrets(reason))}
        row[FIELD] = field
        if evidence:
            row[EVIDENCE] = escaped(without_secrets(evidence))
        lines += self._encode({**record, "record": row}) + "\n"
        with self._giving_up():
            file = self._file or self._open()
            file.write(lines)
        self._dirty = True

    def sync(self) -> None:
        """Put everything written so far on the disk."""
        if self._file and self._dirty:
            with self._giving_up():
                self._file.flush()
                os.fsync(self._file.fileno())
            self._dirty = False

    def close(self) -> None:
        """Sync and close the file, if there is one."""
        file, self._file = self._file, None
        if file:
            with usable(self.path), file:
                file.flush()
                os.fsync(file.fileno())

    @contextmanager
    def _giving_up(self) -> Iterator[None]:
        """Close the file when it cannot be written: what is left over would fail again later."""
        try:
            with usable(self.path):
                yield
        except StorageError:
            file, self._file = self._file, None
            if file:
                with suppress(OSError):
                    file.close()
            raise

    def _open(self) -> TextIOWrapper:
        descriptor = open_private(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._file = os.fdopen(descriptor, "a", encoding="utf-8")
        return self._file


def is_replay(schema: Mapping[str, Any]) -> bool:
    """Whether a SCHEMA message comes from a file of rejected rows, corrected perhaps."""
    return REASON in (schema["schema"].get("properties") or {})


def _as_it_came(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record without what was said of it when it was rejected before."""
    return {name: value for name, value in record.items() if name not in COLUMNS}


def _with_reject_columns(schema: Mapping[str, Any]) -> dict[str, Any]:
    inner = schema["schema"]
    properties = _as_it_came(inner.get("properties") or {})
    properties |= {name: {"type": ["null", "string"]} for name in COLUMNS}
    return {**schema, "schema": {**inner, "properties": properties}}
