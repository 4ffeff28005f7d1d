"""Exports: contacts as a CSV file with headers for people and, as in the service, no contact id."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

from target_constant_contact.sandbox.clock import stamp
from target_constant_contact.sandbox.contacts import ADDRESSES, STATUSES, FieldIndex, address_of
from target_constant_contact.sandbox.imports import Outcome
from target_constant_contact.sandbox.jobs import source_contacts

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

EXPORT_STATUSES = {**STATUSES, "removed": STATUSES["unsubscribed"]}
"""Values of ``status`` that an export takes."""
_ADDRESS_FIELDS = {"street": "street", "city": "city", "state": "state", "zip": "postal_code"}
_ADDRESS_FIELDS |= {"country": "country"}
FIELDS = frozenset(
    [
        "first_name",
        "last_name",
        "email_address",
        "email_lists",
        "phone_number",
        "company_name",
        "job_title",
        "social_profiles",
        "website",
        "notes",
        "street",
        "city",
        "state",
        "zip",
        "country",
        "anniversary",
        "birthday",
        "birthday_day",
        "birthday_month",
        "source_name",
        "created_at",
        "updated_at",
        "email_optin_source",
        "email_optin_date",
        "email_optout_source",
        "email_optout_date",
        "email_optout_reason",
        "custom_fields",
    ]
)
"""Values of ``fields``. Those that no sandbox contact can have make no column."""


def export_contacts(db: sqlite3.Connection, request: Mapping[str, Any]) -> Outcome:
    """Write the chosen contacts as CSV."""
    rows = _chosen(db, request)
    wanted = frozenset(request.get("fields") or FIELDS)
    table = [_cells(db, row, wanted, FieldIndex.read(db)) for row in rows]
    columns = list(dict.fromkeys(name for cells in table for name in cells)) or ["Email address"]
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(table)
    counters = {"items_total_count": len(table), "items_completed_count": len(table)}
    return Outcome(counters=counters, results=text.getvalue())


def _chosen(db: sqlite3.Connection, request: Mapping[str, Any]) -> list[sqlite3.Row]:
    condition = EXPORT_STATUSES.get(request.get("status") or "", "c.deleted_at IS NULL")
    rows = db.execute(f"SELECT c.* FROM contacts c WHERE {condition} ORDER BY c.seq").fetchall()  # noqa: S608 - constants
    if request.get("contact_ids") or request.get("list_ids"):
        chosen = source_contacts(db, request)
        rows = [row for row in rows if row["seq"] in chosen]
    if request.get("tag_ids") or request.get("segment_id"):
        return []
    excluded = source_contacts(db, request.get("exclude") or {})
    return [row for row in rows if row["seq"] not in excluded]


def _cells(
    db: sqlite3.Connection, row: sqlite3.Row, wanted: frozenset[str], index: FieldIndex
) -> dict[str, str]:
    properties = json.loads(row["properties"])
    cells = _own_cells(row, properties)
    cells["email_lists"] = {"Email Lists": _list_names(db, row["seq"])}
    for field, name in _ADDRESS_FIELDS.items():
        cells[field] = _address_cells(properties, field, name)
    cells["custom_fields"] = {
        label: str(properties.get(f"cf:{name}", "")) for name, (_, label, _) in index.fields.items()
    }
    return {title: text for name in cells if name in wanted for title, text in cells[name].items()}


def _own_cells(row: sqlite3.Row, properties: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    def text(name: str) -> str:
        return str(properties.get(name, ""))

    birthday = "/".join(filter(None, (text("birthday_month"), text("birthday_day"))))
    opt_out_at = stamp(row["opt_out_at"]) if row["opt_out_at"] else ""
    return {
        "email_address": {
            "Email address": row["email"] or "",
            "Email status": row["permission"] or "not_set",
        },
        "first_name": {"First name": text("first_name")},
        "last_name": {"Last name": text("last_name")},
        "job_title": {"Job title": text("job_title")},
        "company_name": {"Company": text("company_name")},
        "phone_number": {
            "Phone - home": text("home_phone"),
            "Phone - work": text("work_phone"),
            "Phone - mobile": text("mobile_phone"),
            "Phone - other": text("phone"),
        },
        "birthday": {"Birthday": birthday},
        "birthday_month": {"Birthday month": text("birthday_month")},
        "birthday_day": {"Birthday day": text("birthday_day")},
        "anniversary": {"Anniversary": text("anniversary")},
        "email_optin_source": {"Email opt-in source": "Account" if row["email"] else ""},
        "email_optin_date": {"Email opt-in date": stamp(row["created_at"])},
        "email_optout_source": {"Email opt-out source": row["opt_out_source"] or ""},
        "email_optout_date": {"Email opt-out date": opt_out_at},
        "email_optout_reason": {"Email opt-out reason": ""},
        "source_name": {"Source Name": "API"},
        "created_at": {"Created At": stamp(row["created_at"])},
        "updated_at": {"Updated At": stamp(row["updated_at"])},
    }


def _address_cells(properties: Mapping[str, Any], field: str, name: str) -> dict[str, str]:
    return {
        f"{field.capitalize()} - {kind}": address_of(properties, prefix).get(name, "")
        for prefix, kind in ADDRESSES.items()
    }


def _list_names(db: sqlite3.Connection, seq: int) -> str:
    query = (
        "SELECT l.name FROM memberships m JOIN lists l ON l.seq = m.list_seq"
        " WHERE m.contact_seq = ? ORDER BY l.name"
    )
    return ", ".join(name for (name,) in db.execute(query, (seq,)))
