"""Reading the body of an import: rows, lists, and what is dropped without a word."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import request

from target_constant_contact.sandbox.activities.rows import CSV_COLUMNS
from target_constant_contact.sandbox.endpoints.answers import ids, invalid, json_object, refusal

if TYPE_CHECKING:
    from target_constant_contact.sandbox.control.behaviour import Behaviour

MAX_LISTS = 50
_IMPORT_DATA = re.compile(r'"import_data"\s*:\s*\[')
_BETWEEN = re.compile(r"[\s,]*")


@dataclass(frozen=True, slots=True)
class Upload:
    """The body of an import.

    Attributes:
        rows: Rows that will be imported.
        received: Number of rows before any was dropped.
        list_ids: Lists that every row joins.
        sms_permission: ``explicit`` or ``not_set``.
        file_name: Name of the file.
    """

    rows: list[dict[str, Any]]
    received: int
    list_ids: list[str]
    sms_permission: str
    file_name: str


def read_json_upload(behaviour: Behaviour) -> Upload:
    """Read the body of ``contacts_json_import``.

    Raises:
        RefusalError: 415 or 400.
    """
    body = json_object()
    rows = body.get("import_data")
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise invalid("import_data is missing, empty or in an invalid format")
    list_ids = ids(body.get("list_ids"), "list_ids", MAX_LISTS)
    kept = rows[: min(_rows_that_fit(len(rows), behaviour), behaviour.max_rows)]
    return Upload(
        rows=_without_lost_rows(kept, behaviour),
        received=len(rows),
        list_ids=list_ids,
        sms_permission=_sms_permission(body.get("sms_permission_to_send")),
        file_name="upload_from_json.csv",
    )


def read_file_upload(behaviour: Behaviour) -> Upload:
    """Read the body of ``contacts_file_import``.

    Raises:
        RefusalError: 415 or 400.
    """
    if request.mimetype != "multipart/form-data":
        raise refusal(415, "contacts.api.unsupported_media_type", "Unsupported Media Type")
    file = request.files.get("file")
    if file is None:
        raise invalid("file is missing")
    name = file.filename or ""
    if not name.lower().endswith(".csv"):
        raise refusal(415, "contacts.api.unsupported_media_type", "file is not a CSV file")
    content = file.read()
    list_ids = [part.strip() for part in request.form.get("list_ids", "").split(",")]
    received = _csv_rows(content)
    if not received:
        raise invalid("file holds no contacts")
    kept = _csv_rows(_whole_lines(content, behaviour))[: max(0, behaviour.max_rows - 1)]
    return Upload(
        rows=_without_lost_rows(kept, behaviour),
        received=len(received),
        list_ids=ids(list(filter(None, list_ids)), "list_ids", MAX_LISTS),
        sms_permission=_sms_permission(request.form.get("sms_permission_to_send")),
        file_name=name,
    )


def _sms_permission(value: Any) -> str:
    if value is None:
        return "not_set"
    if value not in ("explicit", "not_set"):
        raise invalid("sms_permission_to_send does not have a valid value")
    return str(value)


def _without_lost_rows(rows: list[dict[str, Any]], behaviour: Behaviour) -> list[dict[str, Any]]:
    return rows[: max(0, len(rows) - behaviour.rows_lost)]


def _rows_that_fit(count: int, behaviour: Behaviour) -> int:
    """Count the rows that lie wholly within the first bytes of the body."""
    body = request.get_data()
    limit = behaviour.truncate_at_bytes
    if not limit or len(body) <= limit:
        return count
    # Latin-1 keeps every byte at its place, and JSON's structure is ASCII.
    text = body[:limit].decode("latin-1")
    start = _IMPORT_DATA.search(text)
    if start is None:
        return 0
    decoder = json.JSONDecoder(strict=False)
    position, fitting = start.end(), 0
    while fitting < count:
        position = _skip(text, position)
        try:
            _, position = decoder.raw_decode(text, position)
        except json.JSONDecodeError:
            break
        fitting += 1
    return fitting


def _skip(text: str, position: int) -> int:
    between = _BETWEEN.match(text, position)
    return between.end() if between else position


def _whole_lines(content: bytes, behaviour: Behaviour) -> bytes:
    limit = behaviour.truncate_at_bytes
    if not limit or len(content) <= limit:
        return content
    return content[: content.rfind(b"\n", 0, limit) + 1]


def _csv_rows(content: bytes) -> list[dict[str, Any]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise invalid("file is not encoded in UTF-8") from None
    try:
        lines = [line for line in csv.reader(io.StringIO(text, newline="")) if any(line)]
    except csv.Error:
        raise invalid("file is not a CSV file") from None
    if not lines:
        return []
    header = [_column(title) for title in lines[0]]
    if not {"email", "sms_number"} & set(header):
        raise invalid("file has neither an email nor an sms_number column")
    return [
        {title: cell for title, cell in zip(header, line, strict=False) if title}
        for line in lines[1:]
    ]


def _column(title: str) -> str:
    """Return the property that a column holds; empty for one that is not documented for files."""
    title = title.strip()
    if title[:3].lower() == "cf:":
        return "cf:" + title[3:]
    return title.lower() if title.lower() in CSV_COLUMNS else ""
