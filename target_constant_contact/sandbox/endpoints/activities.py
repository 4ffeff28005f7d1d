"""The bulk endpoints: each queues an activity and answers 201 with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, g, jsonify

from target_constant_contact.sandbox.activities.activities import (
    DAY,
    NewActivity,
    activity_resource,
    end_of_queue,
    queue,
    unfinished,
)
from target_constant_contact.sandbox.activities.exports import EXPORT_STATUSES, FIELDS
from target_constant_contact.sandbox.data.lists import list_numbers
from target_constant_contact.sandbox.endpoints.answers import (
    NOT_FOUND,
    Query,
    account,
    ids,
    invalid,
    is_uuid,
    json_object,
    refusal,
)
from target_constant_contact.sandbox.endpoints.gate import limited
from target_constant_contact.sandbox.endpoints.uploads import (
    Upload,
    read_file_upload,
    read_json_upload,
)

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

blueprint = Blueprint("activities", __name__, url_prefix="/v3")
_STATES = ("processing", "completed", "cancelled", "failed", "timed_out")
_SOURCES = ("list_ids", "contact_ids", "all_active_contacts", "engagement_level", "tag_ids")
_LEVELS = frozenset({"unqualified", "low", "medium", "high"})
_LIMITS = {"list_ids": 50, "contact_ids": 500, "tag_ids": 50}
_Answer = tuple[Response, int]


@blueprint.post("/activities/contacts_json_import")
def post_json_import() -> _Answer:
    """Queue an import of rows in the body."""
    return _queue_import("contacts_json_import", read_json_upload(account().behaviour))


@blueprint.post("/activities/contacts_file_import")
def post_file_import() -> _Answer:
    """Queue an import of a CSV file."""
    return _queue_import("contacts_file_import", read_file_upload(account().behaviour))


def _queue_import(kind: str, upload: Upload) -> _Answer:
    g.seen.rows = upload.received
    return _queue(
        NewActivity(
            kind=kind,
            payload={"rows": upload.rows, "sms_permission": upload.sms_permission},
            rows=upload.received,
            list_ids=upload.list_ids,
            source_file_name=upload.file_name,
            outcome=g.outcome,
        ),
        check_lists=account().behaviour.unknown_list == "bad_request",
    )


@blueprint.post("/activities/remove_list_memberships")
def post_remove() -> _Answer:
    """Queue taking contacts off lists."""
    return _queue_memberships("remove_list_memberships", _SOURCES)


@blueprint.post("/activities/add_list_memberships")
def post_add() -> _Answer:
    """Queue adding contacts to lists."""
    return _queue_memberships("add_list_memberships", (*_SOURCES, "segment_id"))


def _queue_memberships(kind: str, allowed: tuple[str, ...]) -> _Answer:
    body = json_object()
    source = body.get("source")
    if not isinstance(source, dict):
        raise invalid("source is missing")
    given = [name for name, value in source.items() if value]
    if len(given) != 1 or given[0] not in allowed:
        raise invalid(f"source must have exactly one of {', '.join(allowed)}")
    _check_source(source, given[0])
    if _excluded(body) and given[0] not in {"list_ids", "all_active_contacts"}:
        raise invalid("exclude is only valid with list_ids or all_active_contacts")
    list_ids = ids(body.get("list_ids"), "list_ids", _LIMITS["list_ids"])
    return _queue(NewActivity(kind, body, list_ids=list_ids, outcome=g.outcome), check_lists=True)


def _check_source(source: Mapping[str, Any], name: str) -> None:
    value = source[name]
    if name in _LIMITS:
        ids(value, f"source.{name}", _LIMITS[name])
    elif name == "engagement_level" and value not in _LEVELS:
        raise invalid("source.engagement_level does not have a valid value")
    elif name == "all_active_contacts" and value is not True:
        raise invalid("source.all_active_contacts does not have a valid value")
    elif name == "segment_id" and not isinstance(value, int):
        raise invalid("source.segment_id does not have a valid value")


def _excluded(body: Mapping[str, Any]) -> list[str]:
    exclude = body.get("exclude") or {}
    if not isinstance(exclude, dict):
        raise invalid("exclude does not have a valid value")
    excluded = exclude.get("contact_ids")
    return ids(excluded, "exclude.contact_ids", 500) if excluded else []


@blueprint.post("/activities/list_delete")
def post_list_delete() -> _Answer:
    """Queue the deletion of lists."""
    body = json_object()
    list_ids = ids(body.get("list_ids"), "list_ids", 100)
    new = NewActivity("list_delete", body, list_ids=list_ids, outcome=g.outcome)
    return _queue(new, check_lists=False)


@blueprint.post("/activities/contact_delete")
def post_contact_delete() -> _Answer:
    """Queue the deletion of contacts, given by id or as the members of lists."""
    body = json_object()
    given = [name for name in ("contact_ids", "list_ids") if body.get(name)]
    if len(given) != 1:
        raise invalid("exactly one of contact_ids and list_ids is needed")
    chosen = ids(body[given[0]], given[0], _LIMITS[given[0]])
    list_ids = chosen if given == ["list_ids"] else []
    new = NewActivity("contact_delete", body, list_ids=list_ids, outcome=g.outcome)
    return _queue(new, check_lists=False)


@blueprint.post("/activities/contact_exports")
def post_export() -> _Answer:
    """Queue an export; an empty object exports everyone."""
    body = json_object()
    for name, limit in _LIMITS.items():
        if body.get(name):
            ids(body[name], name, limit)
    fields = body.get("fields") or []
    if not isinstance(fields, list) or not all(isinstance(f, str) and f in FIELDS for f in fields):
        raise invalid("fields does not have a valid value")
    status = body.get("status") or "all"
    if not isinstance(status, str) or status not in EXPORT_STATUSES:
        raise invalid("status does not have a valid value")
    _excluded(body)
    list_ids = [] if body.get("contact_ids") else body.get("list_ids") or []
    new = NewActivity("contact_exports", body, list_ids=list_ids, outcome=g.outcome)
    return _queue(new, check_lists=False)


def _queue(new: NewActivity, *, check_lists: bool) -> _Answer:
    now = account().clock()
    with account().store.writing() as db:
        if unfinished(db) >= account().behaviour.max_queued_activities:
            raise limited("queue_full")
        if check_lists and len(list_numbers(db, new.list_ids)) < len(set(new.list_ids)):
            raise invalid("list_ids holds a list that does not exist")
        to_start, to_finish = account().waits()
        if account().behaviour.one_at_a_time:
            to_start = max(to_start, end_of_queue(db) - now)
        activity_id = queue(db, new, now, (to_start, to_finish))
        row = _find(db, activity_id)
    return jsonify(activity_resource(row, now)), 201


def _find(db: sqlite3.Connection, activity_id: str) -> sqlite3.Row:
    row: sqlite3.Row | None = db.execute(
        "SELECT * FROM activities WHERE activity_id = ? AND created_at > ?",
        (activity_id.lower(), _oldest()),
    ).fetchone()
    if row is None:
        reason = "was not found" if is_uuid(activity_id) else "is in an invalid format"
        raise refusal(404, NOT_FOUND, f"activity_id {reason}.")
    return row


def _oldest() -> float:
    return account().clock() - account().behaviour.activity_days * DAY


@blueprint.get("/activities/<activity_id>")
def get_activity(activity_id: str) -> Response:
    """Answer one activity of the last days."""
    with account().store.reading() as db:
        return jsonify(activity_resource(_find(db, activity_id), account().clock()))


@blueprint.get("/activities")
def get_activities() -> Response:
    """Answer a page of the activities of the last days, the newest first."""
    query = Query()
    limit = query.number("limit", 50, 500)
    states = query.choice("state", _STATES)
    now = account().clock()
    page = (
        "SELECT * FROM activities WHERE created_at > :oldest"
        " AND (:states = '' OR :states = CASE WHEN settled THEN outcome"
        "  WHEN :now < starts_at THEN 'initialized' ELSE 'processing' END)"
        " AND (:after = 0 OR seq < :after) ORDER BY seq DESC LIMIT :limit"
    )
    values = {"now": now, "oldest": _oldest(), "after": query.after, "limit": limit + 1}
    with account().store.reading() as db:
        rows = db.execute(page, {**values, "states": "".join(states[:1])}).fetchall()
    answer = {
        "activities": [activity_resource(row, now) for row in rows[:limit]],
        "_links": query.links("/activities", rows, limit),
    }
    return jsonify(answer)


@blueprint.get("/contact_exports/<results_id>")
def get_export(results_id: str) -> Response:
    """Answer an exported file; 404 until the export is completed."""
    query = "SELECT results FROM activities WHERE results_id = ? AND created_at > ?"
    with account().store.reading() as db:
        row = db.execute(query, (results_id.lower(), _oldest())).fetchone()
    if row is None or row["results"] is None:
        raise refusal(404, NOT_FOUND, "file_export_id was not found.")
    return Response(row["results"], content_type="text/csv; charset=utf-8")
