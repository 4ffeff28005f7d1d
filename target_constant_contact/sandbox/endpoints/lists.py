"""Contact lists, custom fields and tags."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

from flask import Blueprint, jsonify

from target_constant_contact.sandbox.data.fields import (
    SELECTS,
    TYPES,
    NewField,
    field_exists,
    field_resource,
    insert_field,
)
from target_constant_contact.sandbox.data.lists import (
    COUNTS,
    MAX_LISTS,
    insert_list,
    list_exists,
    list_resource,
)
from target_constant_contact.sandbox.data.queries import select
from target_constant_contact.sandbox.endpoints.answers import (
    CONFLICT,
    NOT_FOUND,
    Query,
    account,
    invalid,
    is_uuid,
    is_writable,
    json_object,
    refusal,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Response

blueprint = Blueprint("lists", __name__, url_prefix="/v3")
MAX_FIELDS = 100
MAX_TEXT = 255
MAX_LABEL = 50
_STATUS = {"all": "1", "active": "l.deleted_at IS NULL", "deleted": "l.deleted_at IS NOT NULL"}
_MAX_CHOICES = {"radio": 20, "checkbox": 20}
_MAX_CHOICES_OF_A_MENU = 100


@blueprint.get("/contact_lists")
def get_lists() -> Response:
    """Answer a page of the lists."""
    query = Query()
    limit = query.number("limit", 50, 1_000)
    with_count = query.flag("include_count")
    statuses = query.choice("status", _STATUS) or ["active"]
    name = query.text("name")
    conditions = (" OR ".join(_STATUS[s] for s in statuses), ":name = '' OR l.name = :name")
    order = "ORDER BY l.seq LIMIT :limit"
    page = select(_columns(query), "lists l", *conditions, "l.seq > :after", rest=order)
    with account().store.reading() as db:
        rows = db.execute(page, {"name": name, "after": query.after, "limit": limit + 1}).fetchall()
        count = db.execute(select("count(*)", "lists l", *conditions), {"name": name})
        total = count.fetchone()[0]
    answer = {
        "lists": [list_resource(row) for row in rows[:limit]],
        "_links": query.links("/contact_lists", rows, limit),
    }
    return jsonify(answer | ({"lists_count": total} if with_count else {}))


@blueprint.get("/contact_lists/<list_id>")
def get_list(list_id: str) -> Response:
    """Answer one list, deleted or not."""
    page = select(_columns(Query()), "lists l", "list_id = ?")
    with account().store.reading() as db:
        row = db.execute(page, (list_id.lower(),)).fetchone()
    if row is None:
        reason = "was not found" if is_uuid(list_id) else "is in an invalid format"
        raise refusal(404, NOT_FOUND, f"list_id {reason}.")
    return jsonify(list_resource(row))


def _columns(query: Query) -> str:
    wanted = query.choice("include_membership_count", COUNTS)
    return f"l.*, {COUNTS[wanted[0]]} AS membership_count" if wanted else "l.*"


@blueprint.post("/contact_lists")
def post_list() -> tuple[Response, int]:
    """Make a list."""
    body = json_object()
    name = _text(body, "name", MAX_TEXT)
    description = body.get("description") or ""
    favorite = body.get("favorite", False)
    if not is_writable(description) or len(description) > MAX_TEXT:
        raise invalid("description does not have a valid value")
    if not isinstance(favorite, bool):
        raise invalid("favorite does not have a valid value")
    with account().store.writing() as db:
        if list_exists(db, name):
            raise refusal(409, CONFLICT, "Validation failed: Name is not unique")
        if db.execute("SELECT count(*) FROM lists WHERE deleted_at IS NULL").fetchone()[0] >= (
            MAX_LISTS
        ):
            raise invalid(
                f"The account has {MAX_LISTS} contact lists, which is the most it can have"
            )
        list_id = insert_list(
            db, name, account().clock(), description=description, favorite=favorite
        )
        row = db.execute("SELECT * FROM lists WHERE list_id = ?", (list_id,)).fetchone()
    return jsonify(list_resource(row)), 201


@blueprint.get("/contact_custom_fields")
def get_fields() -> Response:
    """Answer a page of the custom fields."""
    query = Query()
    limit = query.number("limit", 50, 100)
    page = "SELECT * FROM custom_fields WHERE seq > ? ORDER BY seq LIMIT ?"
    with account().store.reading() as db:
        rows = db.execute(page, (query.after, limit + 1)).fetchall()
    answer = {
        "custom_fields": [field_resource(row) for row in rows[:limit]],
        "_links": query.links("/contact_custom_fields", rows, limit),
    }
    return jsonify(answer)


@blueprint.post("/contact_custom_fields")
def post_field() -> tuple[Response, int]:
    """Make a custom field."""
    body = json_object()
    new = NewField(
        label=_text(body, "label", MAX_LABEL),
        type=_type(body),
        choices=_choices(body),
        metadata=tuple(_metadata(body).items()),
        version=_version(body),
    )
    with account().store.writing() as db:
        if field_exists(db, new.label):
            raise refusal(409, CONFLICT, "Validation failed: Label is not unique")
        if db.execute("SELECT count(*) FROM custom_fields").fetchone()[0] >= MAX_FIELDS:
            raise invalid(f"The account has {MAX_FIELDS} custom fields")
        name = insert_field(db, new, account().clock())
        row = db.execute("SELECT * FROM custom_fields WHERE name = ?", (name,)).fetchone()
    return jsonify(field_resource(row)), 201


@blueprint.get("/contact_tags")
def get_tags() -> Response:
    """Answer the tags: a sandbox has none."""
    Query().number("limit", 50, 500)
    return jsonify({"tags": [], "_links": {}})


def _text(body: Mapping[str, Any], name: str, limit: int) -> str:
    text = body.get(name)
    if not isinstance(text, str) or not text.strip():
        raise invalid(f"{name} is missing")
    if not is_writable(text):
        raise invalid(f"{name} does not have a valid value")
    if len(text.strip()) > limit:
        raise invalid(f"{name} is too long (maximum is {limit} characters)")
    return text.strip()


def _type(body: Mapping[str, Any]) -> str:
    kind = body.get("type")
    if not isinstance(kind, str) or kind not in TYPES:
        raise invalid("type does not have a valid value")
    return kind


def _metadata(body: Mapping[str, Any]) -> dict[str, Any]:
    metadata = body.get("metadata") or {}
    if not isinstance(metadata, dict):
        raise invalid("metadata does not have a valid value")
    return metadata


def _choices(body: Mapping[str, Any]) -> tuple[str, ...]:
    choices = body.get("choices") or []
    if not isinstance(choices, list) or not all(isinstance(c, dict) for c in choices):
        raise invalid("choices does not have a valid value")
    if body["type"] in SELECTS and not choices:
        raise invalid("choices is missing")
    limit = _MAX_CHOICES.get(str(_metadata(body).get("display_type")), _MAX_CHOICES_OF_A_MENU)
    if len(choices) > limit:
        raise invalid(f"choices holds more than {limit} values")
    placed = [
        (_whole_number(choice, "display_order", number), _text(choice, "choice_label", MAX_TEXT))
        for number, choice in enumerate(choices, start=1)
    ]
    return tuple(label for _, label in sorted(placed, key=operator.itemgetter(0)))


def _version(body: Mapping[str, Any]) -> int:
    version = _whole_number(body, "version", 1)
    if version not in {1, 2}:
        raise invalid("version does not have a valid value")
    return version


def _whole_number(body: Mapping[str, Any], name: str, default: int) -> int:
    number = body.get(name, default)
    if not isinstance(number, int) or isinstance(number, bool):
        raise invalid(f"{name} does not have a valid value")
    return number
