"""Exports: contacts as a CSV file with headers for people and, as in the service, no contact id."""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from target_constant_contact.sandbox.activities.outcome import Outcome
from target_constant_contact.sandbox.data.clock import stamp
from target_constant_contact.sandbox.data.contacts import (
    ADDRESSES,
    STATUSES,
    FieldIndex,
    address_of,
)
from target_constant_contact.sandbox.data.lists import list_numbers
from target_constant_contact.sandbox.data.queries import select

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator, Mapping, Sequence

EXPORT_STATUSES = {**STATUSES, "removed": STATUSES["unsubscribed"]}
"""Values of ``status`` that an export takes."""
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
_OF_ROW: Mapping[str, Mapping[str, Callable[[sqlite3.Row], str]]] = {
    "email_address": {
        "Email address": lambda row: row["email"] or "",
        "Email status": lambda row: row["permission"] or "not_set",
    },
    "email_optin_source": {"Email opt-in source": lambda row: "Account" if row["email"] else ""},
    "email_optin_date": {"Email opt-in date": lambda row: stamp(row["created_at"])},
    "email_optout_source": {"Email opt-out source": lambda row: row["opt_out_source"] or ""},
    "email_optout_date": {
        "Email opt-out date": lambda row: stamp(row["opt_out_at"]) if row["opt_out_at"] else ""
    },
    "email_optout_reason": {"Email opt-out reason": lambda _: ""},
    "source_name": {"Source Name": lambda _: "API"},
    "created_at": {"Created At": lambda row: stamp(row["created_at"])},
    "updated_at": {"Updated At": lambda row: stamp(row["updated_at"])},
    "email_lists": {"Email Lists": lambda row: row["list_names"] or ""},
}
_OF_PROPERTIES = {
    "first_name": {"First name": "first_name"},
    "last_name": {"Last name": "last_name"},
    "job_title": {"Job title": "job_title"},
    "company_name": {"Company": "company_name"},
    "phone_number": {
        "Phone - home": "home_phone",
        "Phone - work": "work_phone",
        "Phone - mobile": "mobile_phone",
        "Phone - other": "phone",
    },
    "birthday_month": {"Birthday month": "birthday_month"},
    "birthday_day": {"Birthday day": "birthday_day"},
    "anniversary": {"Anniversary": "anniversary"},
}
_OF_ADDRESS = {
    "street": "street",
    "city": "city",
    "state": "state",
    "zip": "postal_code",
    "country": "country",
}


@dataclass(frozen=True, slots=True)
class _Table:
    """Columns of an export, by header.

    Attributes:
        of_row: Those that a contact's row tells.
        of_properties: Those that its properties tell, where several may have the same header.
    """

    of_row: Mapping[str, Callable[[sqlite3.Row], str]]
    of_properties: Sequence[tuple[str, Callable[[Mapping[str, Any]], str]]]

    @property
    def header(self) -> list[str]:
        return [*self.of_row, *(title for title, _ in self.of_properties)] or ["Email address"]

    def cells(self, row: sqlite3.Row) -> list[str]:
        cells = [text(row) for text in self.of_row.values()]
        if self.of_properties:
            properties = json.loads(row["properties"])
            cells += [text(properties) for _, text in self.of_properties]
        return cells


def export_contacts(
    db: sqlite3.Connection, request: Mapping[str, Any], until: float = math.inf
) -> Outcome:
    """Write the chosen contacts as CSV.

    Args:
        db: The account.
        request: What was posted.
        until: Lists that were joined later are not known yet.
    """
    wanted = frozenset(request.get("fields") or FIELDS)
    table = _table(wanted, FieldIndex.read(db))
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(table.header)
    count = 0
    for row in _chosen(db, request, until, with_lists="email_lists" in wanted):
        writer.writerow(table.cells(row))
        count += 1
    counters = {"items_total_count": count, "items_completed_count": count}
    return Outcome(counters=counters, results=text.getvalue())


def _table(wanted: frozenset[str], index: FieldIndex) -> _Table:
    of_row = {
        title: text for name in _OF_ROW if name in wanted for title, text in _OF_ROW[name].items()
    }
    of_properties = [
        (title, _text_of(kept_as))
        for name in _OF_PROPERTIES
        if name in wanted
        for title, kept_as in _OF_PROPERTIES[name].items()
    ]
    if "birthday" in wanted:
        of_properties.append(("Birthday", _birthday))
    for field in [name for name in _OF_ADDRESS if name in wanted]:
        for prefix, kind in ADDRESSES.items():
            title = f"{field.capitalize()} - {kind}"
            of_properties.append((title, _part_of(prefix, _OF_ADDRESS[field])))
    if "custom_fields" in wanted:
        # Its label may be the header of another column.
        for name, (_, label, _) in index.fields.items():
            of_properties.append((label, _text_of(f"cf:{name}")))
    return _Table(of_row, of_properties)


def _text_of(name: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda properties: str(properties.get(name, ""))


def _part_of(prefix: str, part: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda properties: address_of(properties, prefix).get(part, "")


def _birthday(properties: Mapping[str, Any]) -> str:
    parts = (str(properties.get(name, "")) for name in ("birthday_month", "birthday_day"))
    return "/".join(filter(None, parts))


def _chosen(
    db: sqlite3.Connection, request: Mapping[str, Any], until: float, *, with_lists: bool
) -> Iterator[sqlite3.Row]:
    names = (
        "(SELECT group_concat(name, ', ') FROM (SELECT l.name FROM memberships m"
        " JOIN lists l ON l.seq = m.list_seq WHERE m.contact_seq = c.seq AND m.joined_at <= ?"
        " ORDER BY l.name))"
    )
    conditions = list(_conditions(db, request, until))
    values = [value for _, some in conditions for value in some]
    query = select(
        f"c.*, {names if with_lists else 'NULL'} AS list_names",
        "contacts c",
        *(condition for condition, _ in conditions),
        rest="ORDER BY c.seq",
    )
    yield from db.execute(query, [until, *values] if with_lists else values)


def _conditions(
    db: sqlite3.Connection, request: Mapping[str, Any], until: float
) -> Iterator[tuple[str, list[Any]]]:
    named = "c.contact_id IN (SELECT lower(value) FROM json_each(?))"
    yield EXPORT_STATUSES.get(request.get("status") or "", "c.deleted_at IS NULL"), []
    if ids := request.get("contact_ids"):
        yield named, [json.dumps(ids)]
    elif ids := request.get("list_ids"):
        members = (
            "c.seq IN (SELECT contact_seq FROM memberships WHERE joined_at <= ?"
            " AND list_seq IN (SELECT value FROM json_each(?)))"
        )
        yield members, [until, json.dumps(list(list_numbers(db, ids).values()))]
    if request.get("tag_ids") or request.get("segment_id"):
        yield "0", []
    if ids := (request.get("exclude") or {}).get("contact_ids"):
        yield f"NOT {named}", [json.dumps(ids)]
