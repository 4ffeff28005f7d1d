"""The account's custom fields."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from target_constant_contact.sandbox.data.clock import stamp

if TYPE_CHECKING:
    import sqlite3

TYPES = frozenset(
    {
        "string",
        "text_area",
        "number",
        "currency",
        "date",
        "datetime",
        "boolean",
        "single_select",
        "multi_select",
    }
)
DATES = frozenset({"date", "datetime"})
SELECTS = frozenset({"single_select", "multi_select"})


@dataclass(frozen=True, slots=True)
class NewField:
    """A custom field to be made.

    Attributes:
        label: What people see; at most 50 characters.
        type: One of :data:`TYPES`.
        name: What imports use; empty: the label with underscores for blanks.
        choices: Labels of the choices of a select field, in their order.
        metadata: Passed through as it came.
        version: How a field of :data:`DATES` is stored: 1 as text, 2 as a date.
    """

    label: str
    type: str = "string"
    name: str = ""
    choices: tuple[str, ...] = ()
    metadata: tuple[tuple[str, Any], ...] = ()
    version: int = 1


def insert_field(
    db: sqlite3.Connection, new: NewField, now: float, *, custom_field_id: str | None = None
) -> str:
    """Add a custom field and return its name."""
    name = new.name or new.label.replace(" ", "_")
    choices = [
        {"choice_id": number, "choice_label": label, "display_order": number}
        for number, label in enumerate(new.choices, start=1)
    ]
    db.execute(
        "INSERT INTO custom_fields (custom_field_id, label, name, type, metadata, choices,"
        " created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            custom_field_id or str(uuid.uuid4()),
            new.label,
            name,
            new.type,
            # The version has no column of its own, so that files made before it was kept serve on.
            json.dumps({**dict(new.metadata), "version": new.version}),
            json.dumps(choices),
            now,
            now,
        ),
    )
    return name


def field_exists(db: sqlite3.Connection, label: str) -> bool:
    """Tell whether a label, or the name made of it, is taken; case does not matter."""
    query = "SELECT 1 FROM custom_fields WHERE lower(label) = ? OR lower(name) = ?"
    wanted = label.lower()
    return db.execute(query, (wanted, wanted.replace(" ", "_"))).fetchone() is not None


def field_resource(row: sqlite3.Row) -> dict[str, Any]:
    """Show a custom field as the API does."""
    resource: dict[str, Any] = {
        "custom_field_id": row["custom_field_id"],
        "label": row["label"],
        "name": row["name"],
        "type": row["type"],
        "created_at": stamp(row["created_at"]),
        "updated_at": stamp(row["updated_at"]),
    }
    metadata = json.loads(row["metadata"])
    version = metadata.pop("version", 1)
    if row["type"] in DATES:
        resource["version"] = version
    parts = {"metadata": metadata, "choices": json.loads(row["choices"])}
    return resource | {part: content for part, content in parts.items() if content}
