"""The account's contact lists."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from target_constant_contact.sandbox.data.clock import stamp

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

MAX_LISTS = 1_000
"""Lists of an account: https://developer.constantcontact.com/api_guide/lists_overview.html."""

_COUNT = (
    "(SELECT count(*) FROM memberships m JOIN contacts c ON c.seq = m.contact_seq"
    " WHERE m.list_seq = l.seq"
)
COUNTS = {
    "all": f"{_COUNT})",
    "active": f"{_COUNT} AND c.permission IN ('explicit', 'implicit'))",
}
"""SQL for the number of members of list ``l``, by value of ``include_membership_count``."""


def insert_list(
    db: sqlite3.Connection, name: str, now: float, *, description: str = "", favorite: bool = False
) -> str:
    """Add a list and return its id."""
    list_id = str(uuid.uuid4())
    db.execute(
        "INSERT INTO lists (list_id, name, description, favorite, created_at, updated_at)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (list_id, name, description, int(favorite), now, now),
    )
    return list_id


def list_exists(db: sqlite3.Connection, name: str) -> bool:
    """Tell whether a list that is not deleted has this name; case does not matter."""
    query = "SELECT 1 FROM lists WHERE deleted_at IS NULL AND lower(name) = ?"
    return db.execute(query, (name.lower(),)).fetchone() is not None


def list_numbers(db: sqlite3.Connection, list_ids: Iterable[str]) -> dict[str, int]:
    """Return the internal numbers of those of the lists that exist and are not deleted."""
    query = (
        "SELECT list_id, seq FROM lists WHERE deleted_at IS NULL"
        " AND list_id IN (SELECT value FROM json_each(?))"
    )
    wanted = json.dumps([list_id.lower() for list_id in list_ids])
    return {row["list_id"]: row["seq"] for row in db.execute(query, (wanted,))}


def list_resource(row: sqlite3.Row) -> dict[str, Any]:
    """Show a list as the API does, with its count of members if that was selected."""
    resource: dict[str, Any] = {
        "list_id": row["list_id"],
        "name": row["name"],
        "description": row["description"],
        "favorite": bool(row["favorite"]),
        "created_at": stamp(row["created_at"]),
        "updated_at": stamp(row["updated_at"]),
    }
    if row["deleted_at"] is not None:
        resource["deleted_at"] = stamp(row["deleted_at"])
    columns = dict(row)
    if "membership_count" in columns:
        resource["membership_count"] = columns["membership_count"]
    return resource
