"""The bulk jobs besides imports: memberships, and the deletion of lists and contacts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from target_constant_contact.sandbox.activities.outcome import Outcome
from target_constant_contact.sandbox.data.contacts import STATUSES
from target_constant_contact.sandbox.data.history import add_entry
from target_constant_contact.sandbox.data.lists import list_numbers
from target_constant_contact.sandbox.data.queries import select

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping


def source_contacts(db: sqlite3.Connection, source: Mapping[str, Any]) -> set[int]:
    """Return the internal numbers of the contacts that a ``source`` object names.

    Unknown ids are ignored. No contact of the sandbox has a tag or an engagement level.
    """
    if ids := source.get("contact_ids"):
        query = (
            "SELECT seq FROM contacts WHERE deleted_at IS NULL"
            " AND contact_id IN (SELECT value FROM json_each(?))"
        )
        return {seq for (seq,) in db.execute(query, (json.dumps([i.lower() for i in ids]),))}
    if ids := source.get("list_ids"):
        query = (
            "SELECT DISTINCT contact_seq FROM memberships"
            " WHERE list_seq IN (SELECT value FROM json_each(?))"
        )
        numbers = json.dumps(list(list_numbers(db, ids).values()))
        return {seq for (seq,) in db.execute(query, (numbers,))}
    if source.get("all_active_contacts"):
        query = select("seq", "contacts c", STATUSES["active"])
        return {seq for (seq,) in db.execute(query)}
    return set()


def remove_memberships(
    db: sqlite3.Connection, request: Mapping[str, Any], activity_id: str, now: float
) -> Outcome:
    """Take the source's contacts off the target lists; the contacts stay."""
    people = _chosen(db, request)
    numbers = list(list_numbers(db, request["list_ids"]).values())
    on_lists = _on_lists(db, people, numbers)
    db.executemany(
        "DELETE FROM memberships WHERE list_seq = ? AND contact_seq = ?",
        [(number, seq) for number in numbers for seq in on_lists],
    )
    _touch(db, on_lists, now, "taken off a list", activity_id)
    return _membership_outcome(people, numbers)


def add_memberships(
    db: sqlite3.Connection, request: Mapping[str, Any], activity_id: str, now: float
) -> Outcome:
    """Add the source's contacts to the target lists, except those who unsubscribed."""
    people = _chosen(db, request)
    numbers = list(list_numbers(db, request["list_ids"]).values())
    query = (
        "SELECT seq FROM contacts WHERE coalesce(permission, '') != 'unsubscribed'"
        " AND seq IN (SELECT value FROM json_each(?))"
    )
    willing = {seq for (seq,) in db.execute(query, (json.dumps(list(people)),))}
    before = db.total_changes
    db.executemany(
        "INSERT OR IGNORE INTO memberships VALUES (?, ?, ?)",
        [(number, seq, now) for number in numbers for seq in willing],
    )
    if db.total_changes > before:
        _touch(db, willing, now, "added to a list", activity_id)
    return _membership_outcome(people, numbers)


def delete_lists(
    db: sqlite3.Connection, request: Mapping[str, Any], activity_id: str, now: float
) -> Outcome:
    """Delete lists with their memberships; the contacts stay."""
    numbers = list(list_numbers(db, request["list_ids"]).values())
    on_lists = _on_lists(db, None, numbers)
    for number in numbers:
        db.execute("DELETE FROM memberships WHERE list_seq = ?", (number,))
        db.execute(
            "UPDATE lists SET deleted_at = ?, updated_at = ? WHERE seq = ?", (now, now, number)
        )
    _touch(db, on_lists, now, "its list was deleted", activity_id)
    return Outcome(counters={"list_count": len(numbers)})


def delete_contacts(
    db: sqlite3.Connection, request: Mapping[str, Any], activity_id: str, now: float
) -> Outcome:
    """Delete contacts softly: off all lists, but known by id and revived by an import."""
    people = source_contacts(db, request)
    _touch(db, people, now, "deleted", activity_id)
    db.executemany("DELETE FROM memberships WHERE contact_seq = ?", [(seq,) for seq in people])
    db.executemany("UPDATE contacts SET deleted_at = ? WHERE seq = ?", [(now, s) for s in people])
    counters = {"items_total_count": len(people), "items_completed_count": len(people)}
    if request.get("list_ids"):
        counters["list_count"] = len(request["list_ids"])
    return Outcome(counters=counters)


def _chosen(db: sqlite3.Connection, request: Mapping[str, Any]) -> set[int]:
    exclude = request.get("exclude") or {}
    people = source_contacts(db, request["source"])
    return people - source_contacts(db, {"contact_ids": exclude.get("contact_ids")})


def _membership_outcome(people: set[int], numbers: list[int]) -> Outcome:
    counters = {
        "items_total_count": len(people),
        "items_completed_count": len(people),
        "list_count": len(numbers),
    }
    return Outcome(counters=counters)


def _on_lists(db: sqlite3.Connection, people: set[int] | None, numbers: list[int]) -> set[int]:
    query = (
        "SELECT DISTINCT contact_seq FROM memberships"
        " WHERE list_seq IN (SELECT value FROM json_each(?))"
    )
    members = {seq for (seq,) in db.execute(query, (json.dumps(numbers),))}
    return members if people is None else members & people


def _touch(
    db: sqlite3.Connection, people: Iterable[int], now: float, what: str, activity_id: str
) -> None:
    query = "SELECT seq, history FROM contacts WHERE seq IN (SELECT value FROM json_each(?))"
    rows = db.execute(query, (json.dumps(list(people)),)).fetchall()
    db.executemany(
        "UPDATE contacts SET history = ?, updated_at = ? WHERE seq = ?",
        [(add_entry(row["history"], now, what, activity_id), now, row["seq"]) for row in rows],
    )
