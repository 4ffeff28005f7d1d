"""Contacts: searching, reading one, counting."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, jsonify

from target_constant_contact.sandbox.data.clock import read_stamp
from target_constant_contact.sandbox.data.contacts import (
    PARTS,
    STATUSES,
    contact_resources,
    find_contact,
)
from target_constant_contact.sandbox.data.queries import select
from target_constant_contact.sandbox.endpoints.answers import (
    NOT_FOUND,
    Query,
    account,
    invalid,
    is_uuid,
    refusal,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

blueprint = Blueprint("contacts", __name__, url_prefix="/v3")
MAX_LISTS = 25
_MONTH = 30 * 86_400.0
_MOMENTS = {"updated": "c.updated_at", "created": "c.created_at", "optout": "c.opt_out_at"}


@blueprint.get("/contacts")
def get_contacts() -> Response:
    """Answer a page of the contacts that meet all conditions of the query."""
    query = Query()
    limit = query.number("limit", 50, 500)
    include = query.choice("include", PARTS)
    with_count = query.flag("include_count")
    until = account().behaviour.shows_until(account().clock())
    found = list(_conditions(query, until))
    conditions = [condition for condition, _ in found]
    values = [value for _, some in found for value in some]
    order = "ORDER BY c.seq LIMIT ?"
    page = select("c.*", "contacts c", *conditions, "c.seq > ?", rest=order)
    with account().store.reading() as db:
        rows = db.execute(page, (*values, query.after, limit + 1)).fetchall()
        count = db.execute(select("count(*)", "contacts c", *conditions), values)
        total = count.fetchone()[0]
        answer: dict[str, Any] = {"contacts": contact_resources(db, rows[:limit], include, until)}
    answer["_links"] = query.links("/contacts", rows, limit)
    return jsonify(answer | ({"contacts_count": total} if with_count else {}))


def _conditions(query: Query, until: float) -> Iterator[tuple[str, list[Any]]]:
    statuses = query.choice("status", STATUSES)
    yield " OR ".join(STATUSES[s] for s in statuses) or "c.deleted_at IS NULL", []
    if email := query.text("email"):
        yield "c.email_key = ?", [email.strip().lower()]
    if lists := query.text("lists"):
        yield _list_condition(lists, until)
    if query.text("tags") or query.text("segment_id"):
        yield "0", []
    for name, column in _MOMENTS.items():
        for side, comparison in (("after", ">"), ("before", "<")):
            if text := query.text(f"{name}_{side}"):
                yield f"{column} {comparison} ?", [_moment(f"{name}_{side}", text)]


def _list_condition(lists: str, until: float) -> tuple[str, list[Any]]:
    list_ids = [list_id.strip().lower() for list_id in lists.split(",")]
    if len(list_ids) > MAX_LISTS or not all(is_uuid(list_id) for list_id in list_ids):
        raise invalid("lists does not have a valid value")
    condition = (
        "c.seq IN (SELECT m.contact_seq FROM memberships m JOIN lists l ON l.seq = m.list_seq"
        " WHERE l.list_id IN (SELECT value FROM json_each(?)) AND m.joined_at <= ?)"
    )
    return condition, [json.dumps(list_ids), until]


def _moment(name: str, text: str) -> float:
    try:
        # A literal plus sign of a time zone arrives as a blank.
        return read_stamp(text.replace(" ", "+"))
    except ValueError:
        raise invalid(f"{name} does not have a valid value") from None


@blueprint.get("/contacts/<contact_id>")
def get_contact(contact_id: str) -> Response:
    """Answer one contact, deleted or not."""
    include = Query().choice("include", PARTS)
    with account().store.reading() as db:
        row = find_contact(db, contact_id)
        if row is None:
            reason = "was not found" if is_uuid(contact_id) else "is in an invalid format"
            raise refusal(404, NOT_FOUND, f"contact_id {reason}.")
        return jsonify(contact_resources(db, [row], include)[0])


@blueprint.get("/contacts/counts")
def get_counts() -> Response:
    """Answer how many contacts have which permission; deleted ones do not count."""
    wanted = Query().choice("include", ("new_subscriber",))
    query = (
        "SELECT count(*) AS total, "
        " coalesce(sum(permission = 'explicit'), 0) AS explicit,"
        " coalesce(sum(permission = 'implicit'), 0) AS implicit,"
        " coalesce(sum(permission = 'pending_confirmation'), 0) AS pending,"
        " coalesce(sum(permission = 'unsubscribed'), 0) AS unsubscribed,"
        " coalesce(sum(created_at > ?), 0) AS new_subscriber"
        " FROM contacts WHERE deleted_at IS NULL"
    )
    with account().store.reading() as db:
        counts = dict(db.execute(query, (account().clock() - _MONTH,)).fetchone())
    if not wanted:
        del counts["new_subscriber"]
    return jsonify(counts)
