"""Contacts: how the API shows them, and how they are searched."""

from __future__ import annotations

import json
import math
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from target_constant_contact.sandbox.data.clock import stamp

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Mapping, Sequence

PLAIN = (
    "first_name",
    "last_name",
    "job_title",
    "company_name",
    "birthday_month",
    "birthday_day",
    "anniversary",
)
PHONES = {"phone": "other", "home_phone": "home", "work_phone": "work", "mobile_phone": "mobile"}
ADDRESSES = {"": "home", "work_": "work", "other_": "other"}
_NAMESPACE = uuid.UUID("5a1c7f9e-2d43-5b68-8e07-c4b9d2f6a310")
_DELETED = "c.deleted_at IS NOT NULL"
STATUSES = {
    "all": "1",
    "active": "c.deleted_at IS NULL AND c.permission IN ('explicit', 'implicit')",
    "deleted": _DELETED,
    "not_set": "c.deleted_at IS NULL AND coalesce(c.permission, 'not_set') = 'not_set'",
    "pending_confirmation": "c.deleted_at IS NULL AND c.permission = 'pending_confirmation'",
    "temp_hold": "c.deleted_at IS NULL AND c.permission = 'temp_hold'",
    "unsubscribed": "c.deleted_at IS NULL AND c.permission = 'unsubscribed'",
}
"""SQL for each value of the ``status`` parameter."""
PARTS = (
    "custom_fields",
    "list_memberships",
    "phone_numbers",
    "street_addresses",
    "taggings",
    "notes",
    "sms_channel",
)
"""Values of the ``include`` parameter."""


@dataclass(frozen=True, slots=True)
class FieldIndex:
    """The custom fields by name, for showing contacts."""

    fields: Mapping[str, tuple[str, str, Mapping[str, str]]]

    @classmethod
    def read(cls, db: sqlite3.Connection) -> FieldIndex:
        """Read id, label and choices of every custom field."""
        fields = {}
        for row in db.execute("SELECT custom_field_id, name, label, choices FROM custom_fields"):
            choices = {c["choice_label"]: str(c["choice_id"]) for c in json.loads(row["choices"])}
            fields[row["name"]] = (row["custom_field_id"], row["label"], choices)
        return cls(fields)


def find_contact(db: sqlite3.Connection, contact_id: str) -> sqlite3.Row | None:
    """Return the row of one contact, deleted or not."""
    query = "SELECT * FROM contacts WHERE contact_id = ?"
    row: sqlite3.Row | None = db.execute(query, (contact_id.lower(),)).fetchone()
    return row


def parsed_properties(contacts: Sequence[sqlite3.Row]) -> list[dict[str, str | int]]:
    """Parse the properties of many contacts, in half the time that it takes one by one."""
    found: list[dict[str, str | int]] = json.loads(
        f"[{','.join(row['properties'] for row in contacts)}]"
    )
    return found


def list_ids_of(
    db: sqlite3.Connection, contacts: Sequence[sqlite3.Row], until: float = math.inf
) -> dict[int, list[str]]:
    """Return the ids of the lists that each contact has joined until then.

    Returns:
        The ids in their order, by the contact's internal number.
    """
    query = (
        "SELECT m.contact_seq, l.list_id FROM memberships m JOIN lists l ON l.seq = m.list_seq"
        " WHERE m.contact_seq IN (SELECT value FROM json_each(?)) AND m.joined_at <= ?"
        " ORDER BY l.list_id"
    )
    wanted = json.dumps([row["seq"] for row in contacts])
    found: dict[int, list[str]] = {}
    for seq, list_id in db.execute(query, (wanted, until)):
        found.setdefault(seq, []).append(list_id)
    return found


def contact_resources(
    db: sqlite3.Connection,
    contacts: Sequence[sqlite3.Row],
    include: Collection[str],
    until: float = math.inf,
) -> list[dict[str, Any]]:
    """Show contacts as the API does, with the parts in ``include``.

    Args:
        db: The account.
        contacts: Their rows.
        include: Some of :data:`PARTS`.
        until: Lists that were joined later are not shown.
    """
    fields = FieldIndex.read(db)
    lists = list_ids_of(db, contacts, until) if "list_memberships" in include else {}
    return [_resource(row, include, fields, lists.get(row["seq"], [])) for row in contacts]


def _resource(
    row: sqlite3.Row, include: Collection[str], fields: FieldIndex, list_ids: list[str]
) -> dict[str, Any]:
    properties = json.loads(row["properties"])
    resource: dict[str, Any] = {"contact_id": row["contact_id"]}
    if row["email"]:
        resource["email_address"] = _email_address(row)
    resource |= {name: properties[name] for name in PLAIN if name in properties}
    resource |= {"create_source": "Account", "update_source": "Account"}
    resource |= {name: stamp(row[name]) for name in ("created_at", "updated_at")}
    if row["deleted_at"] is not None:
        day = datetime.fromtimestamp(row["deleted_at"], UTC).date()
        resource["deleted_at"] = day.isoformat()
    makers: dict[str, Any] = {
        "custom_fields": lambda: _custom_fields(properties, fields),
        "list_memberships": lambda: list_ids,
        "phone_numbers": lambda: _phones(row, properties),
        "street_addresses": lambda: _addresses(row, properties),
        "taggings": list,
        "notes": list,
    }
    resource |= {part: make() for part, make in makers.items() if part in include}
    if "sms_channel" in include and "sms_number" in properties:
        resource["sms_channel"] = _sms_channel(row, properties)
    return resource


def _email_address(row: sqlite3.Row) -> dict[str, Any]:
    address = {
        "address": row["email"],
        "permission_to_send": row["permission"],
        "created_at": stamp(row["created_at"]),
        "updated_at": stamp(row["updated_at"]),
        "opt_in_source": "Account",
        "opt_in_date": stamp(row["created_at"]),
        "confirm_status": "pending" if row["permission"] == "pending_confirmation" else "off",
    }
    if row["opt_out_source"]:
        address["opt_out_source"] = row["opt_out_source"]
        address["opt_out_date"] = stamp(row["opt_out_at"])
    return address


def _custom_fields(properties: Mapping[str, Any], index: FieldIndex) -> list[dict[str, Any]]:
    shown: list[dict[str, Any]] = []
    for name, (field_id, _, choices) in index.fields.items():
        value = properties.get(f"cf:{name}")
        if value is None:
            continue
        shown.append({"custom_field_id": field_id, "value": str(value)})
        if str(value) in choices:
            shown[-1]["choice_ids"] = [choices[str(value)]]
    return shown


def _part(row: sqlite3.Row, what: str) -> dict[str, str]:
    return {
        f"{what}_id": str(uuid.uuid5(_NAMESPACE, f"{row['contact_id']} {what}")),
        "created_at": stamp(row["created_at"]),
        "updated_at": stamp(row["updated_at"]),
    }


def _phones(row: sqlite3.Row, properties: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            **_part(row, "phone_number"),
            "phone_number_id": str(uuid.uuid5(_NAMESPACE, f"{row['contact_id']} {name}")),
            "phone_number": properties[name],
            "kind": kind,
            "create_source": "Account",
            "update_source": "Account",
        }
        for name, kind in PHONES.items()
        if name in properties
    ]


def _addresses(row: sqlite3.Row, properties: Mapping[str, Any]) -> list[dict[str, Any]]:
    shown = []
    for prefix, kind in ADDRESSES.items():
        texts = address_of(properties, prefix)
        if texts:
            address_id = str(uuid.uuid5(_NAMESPACE, f"{row['contact_id']} address {kind}"))
            part = {**_part(row, "street_address"), "street_address_id": address_id}
            shown.append({**part, "kind": kind, **texts})
    return shown


def address_of(properties: Mapping[str, Any], prefix: str) -> dict[str, str]:
    """Return one address under the API's names; the second street line joins the first."""
    texts = {
        name: str(properties[prefix + kept_as])
        for name, kept_as in (
            ("city", "city"),
            ("state", "state"),
            ("postal_code", "zip"),
            ("country", "country"),
        )
        if prefix + kept_as in properties
    }
    lines = [properties.get(f"{prefix}{line}", "") for line in ("street", "street2")]
    if any(lines):
        texts["street"] = " ".join(filter(None, lines))[:255]
    return texts


def _sms_channel(row: sqlite3.Row, properties: Mapping[str, Any]) -> dict[str, Any]:
    consent = {
        "sms_consent_permission": properties.get("sms_permission_to_send", "not_set"),
        "consent_type": "promotional_sms",
        "created_at": stamp(row["created_at"]),
        "updated_at": stamp(row["updated_at"]),
    }
    if date := properties.get("sms_consent_date"):
        consent["opt_in_date"] = f"{date}T00:00:00Z"
    return {
        "sms_channel_id": _part(row, "sms_channel")["sms_channel_id"],
        "sms_address": properties["sms_number"],
        "dial_code": "1",
        "country_code": "US",
        "create_source": "Account",
        "update_source": "Account",
        "sms_channel_consents": [consent],
    }


def flat_contact(
    row: sqlite3.Row, lists: Collection[str], properties: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Show a contact as an import would write it, with its permission and the names of its lists.

    ``phone`` stands for the kind "other" and the address without a prefix for the kind "home",
    also when the import spelt them ``other_phone`` or ``home_city``.

    Args:
        row: The contact.
        lists: Names of its lists.
        properties: Its properties; None to parse them.
    """
    return {
        "email": row["email"] or "",
        **(json.loads(row["properties"]) if properties is None else properties),
        "permission_to_send": row["permission"] or "",
        "lists": sorted(lists),
    }
