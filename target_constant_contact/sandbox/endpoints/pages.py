"""Pages for people: what is in the account, how it came there, and what was asked of it."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, abort, render_template, request
from markupsafe import Markup

from target_constant_contact.sandbox.account import ORGANISATION
from target_constant_contact.sandbox.activities.activities import (
    IMPORTS,
    activity_resource,
    state_of,
)
from target_constant_contact.sandbox.activities.row_faults import MOST_FAULTS
from target_constant_contact.sandbox.data.contacts import FieldIndex, find_contact
from target_constant_contact.sandbox.data.lists import COUNTS
from target_constant_contact.sandbox.data.queries import select
from target_constant_contact.sandbox.endpoints.answers import account

if TYPE_CHECKING:
    import sqlite3

blueprint = Blueprint("pages", __name__)
_HIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


def shown(value: object) -> object:
    """Return what a page shows of a value: control and direction characters are written out."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return _written_out(value)
    return value


def _written_out(text: str) -> str:
    return _HIDDEN.sub(lambda match: ascii(match[0])[1:-1], text)


PAGE = 50
# SQLite's own lower() knows no letter beyond ASCII.
_HOLDS = """:search = '' OR instr(casefold(
    coalesce(c.email, '') || char(10)
    || coalesce(json_extract(c.properties, '$.first_name'), '') || ' '
    || coalesce(json_extract(c.properties, '$.last_name'), '') || char(10)
    || coalesce(json_extract(c.properties, '$.last_name'), '') || ', '
    || coalesce(json_extract(c.properties, '$.first_name'), '')), :search)"""
_KINDS = {
    "contacts_json_import": "Import (JSON)",
    "contacts_file_import": "Import (CSV file)",
    "add_list_memberships": "Add to lists",
    "remove_list_memberships": "Take off lists",
    "contact_exports": "Export",
    "list_delete": "Delete lists",
    "contact_delete": "Delete contacts",
}
_LABELS = {"zip": "ZIP", "sms_permission_to_send": "SMS permission", "sms_number": "SMS number"}


@blueprint.app_context_processor
def _common() -> dict[str, Any]:
    return {
        "organisation": ORGANISATION,
        "kinds": _KINDS,
        "imports": IMPORTS,
        "most_faults": MOST_FAULTS,
    }


@blueprint.app_template_filter("moment")
def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%d %b %Y, %H:%M:%S UTC")


@blueprint.app_template_filter("address")
def _address(text: str) -> Markup:
    """An e-mail address that a narrow column breaks between its labels, never inside one."""
    # A hyphen would be a place to break, too.
    parts = (Markup('<span class="part">{}</span>').format(part) for part in _labels(text))
    return Markup("<wbr>").join(parts)


def _labels(text: str) -> list[str]:
    return re.findall(r"[^@.]*[@.]?", _written_out(text))[:-1]


@blueprint.app_template_filter("label")
def _label(name: str) -> str:
    return _LABELS.get(name) or name.replace("_", " ").capitalize()


def not_found() -> Response:
    """Answer a page that says there is nothing here."""
    return Response(render_template("not_found.html"), status=404)


@blueprint.get("/")
def lists() -> str:
    """Show the lists with their counts."""
    query = select(
        f"l.*, {COUNTS['all']} AS members",
        "lists l",
        "deleted_at IS NULL",
        rest="ORDER BY l.name COLLATE NOCASE",
    )
    with account().store.reading() as db:
        rows = db.execute(query).fetchall()
        contacts = db.execute("SELECT count(*) FROM contacts WHERE deleted_at IS NULL").fetchone()
        waiting = db.execute("SELECT count(*) FROM activities WHERE settled = 0").fetchone()
    return render_template("lists.html", lists=rows, contacts=contacts[0], waiting=waiting[0])


@blueprint.get("/lists/<list_id>")
def members(list_id: str) -> str:
    """Show the members of a list, page by page or those whose address or name holds a text."""
    search = request.args.get("q", "").strip()
    page = _page()
    source = "contacts c JOIN memberships m ON m.contact_seq = c.seq"
    conditions = ("m.list_seq = :list", _HOLDS)
    with account().store.reading() as db:
        db.create_function("casefold", 1, str.casefold, deterministic=True)
        found = db.execute("SELECT * FROM lists WHERE list_id = ?", (list_id,)).fetchone()
        if found is None:
            abort(404)
        values = {"list": found["seq"], "search": search.casefold()}
        total = db.execute(select("count(*)", source, *conditions), values).fetchone()[0]
        order = "ORDER BY c.email_key, c.seq LIMIT :page OFFSET :skip"
        rows = db.execute(
            select("c.*", source, *conditions, rest=order),
            {**values, "page": PAGE, "skip": (page - 1) * PAGE},
        ).fetchall()
    people = [(row, json.loads(row["properties"])) for row in rows]
    pages = _pages(page, total)
    return render_template(
        "members.html", list=found, people=people, total=total, search=search, pages=pages
    )


@blueprint.get("/contacts/<contact_id>")
def contact(contact_id: str) -> str:
    """Show one contact with its fields, lists and history."""
    with account().store.reading() as db:
        row = find_contact(db, contact_id)
        if row is None:
            abort(404)
        query = (
            "SELECT l.* FROM memberships m JOIN lists l ON l.seq = m.list_seq"
            " WHERE m.contact_seq = ? ORDER BY l.name"
        )
        on_lists = db.execute(query, (row["seq"],)).fetchall()
        labels = {f"cf:{n}": label for n, (_, label, _) in FieldIndex.read(db).fields.items()}
        history = json.loads(row["history"])[::-1]
    return render_template(
        "contact.html",
        contact=row,
        properties=json.loads(row["properties"]),
        lists=on_lists,
        labels=labels,
        history=history,
    )


@blueprint.get("/activities")
def activities() -> str:
    """Show the activities, the newest first."""
    page = _page()
    query = "SELECT * FROM activities ORDER BY seq DESC LIMIT ? OFFSET ?"
    with account().store.reading() as db:
        total = db.execute("SELECT count(*) FROM activities").fetchone()[0]
        rows = db.execute(query, (PAGE, (page - 1) * PAGE)).fetchall()
        shown = [_shown(db, row) for row in rows]
    return render_template("activities.html", activities=shown, pages=_pages(page, total))


@blueprint.get("/activities/<activity_id>")
def activity(activity_id: str) -> str:
    """Show one activity with all its counters."""
    query = "SELECT * FROM activities WHERE activity_id = ?"
    with account().store.reading() as db:
        row = db.execute(query, (activity_id,)).fetchone()
        if row is None:
            abort(404)
        shown = _shown(db, row)
    resource = activity_resource(row, account().clock())
    return render_template("activity.html", activity=shown, resource=resource)


@blueprint.get("/requests")
def requests() -> str:
    """Show the last requests to the API and the authorization server."""
    with account().store.reading() as db:
        rows = db.execute("SELECT * FROM requests ORDER BY seq DESC LIMIT 200").fetchall()
    return render_template("requests.html", requests=rows)


def _shown(db: sqlite3.Connection, row: sqlite3.Row) -> dict[str, Any]:
    query = "SELECT * FROM lists WHERE list_id IN (SELECT value FROM json_each(?)) ORDER BY name"
    return {
        "row": row,
        "state": state_of(row, account().clock()),
        "counters": json.loads(row["counters"]),
        "faults": json.loads(row["faults"]),
        "lists": db.execute(query, (row["list_ids"],)).fetchall(),
    }


def _page() -> int:
    text = request.args.get("page", "1")
    many = 6
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) <= many else 1


def _pages(page: int, total: int) -> dict[str, int]:
    last = max(1, -(-total // PAGE))
    return {"page": min(page, last), "last": last}
