"""What a new account holds: a few lists and fields, and a contact in every awkward condition."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from target_constant_contact.sandbox.data.fields import NewField, insert_field
from target_constant_contact.sandbox.data.redirect_uris import LOOPBACK

if TYPE_CHECKING:
    import sqlite3

_NAMESPACE = uuid.UUID("0b6d1f52-4c3e-5a57-9d0c-7a3f6a1e2b90")
_DAY = 86_400.0

LISTS = ("General Interest", "Newsletter", "Loyalty members", "Product updates")
DELETED_LIST = "Old campaign 2019"
FIELDS = (
    NewField("Customer ID", "string", name="customer_id"),
    NewField("Loyalty tier", "single_select", choices=("Bronze", "Silver", "Gold")),
    NewField("Member since", "date"),
    NewField("Lifetime value", "number"),
    NewField("Vehicle make and model year", "string"),
)
APPLICATIONS = (
    ("sandbox-app", "sandbox-secret"),
    ("sandbox-public", None),
)
"""Client id and secret of the applications that an account knows from the start."""


@dataclass(frozen=True, slots=True)
class SeedContact:
    """A contact that is there from the start."""

    email: str | None
    permission: str | None = "implicit"
    opt_out_source: str | None = None
    deleted: bool = False
    lists: tuple[str, ...] = ()
    properties: dict[str, str | int] = field(default_factory=dict)


def _ordinary(first: str, last: str, *lists: str, **more: str | int) -> SeedContact:
    return SeedContact(
        email=f"{first}.{last}@example.com".lower(),
        lists=("General Interest", *lists),
        properties={"first_name": first, "last_name": last, **more},
    )


CONTACTS = (
    _ordinary("Ada", "Marsh", "Newsletter", city="Portland", state="Oregon", country="US"),
    _ordinary("Bela", "Novak", "Newsletter", company_name="Novak Tools"),
    _ordinary("Chloe", "Duval", job_title="Buyer"),
    _ordinary("Dario", "Conti", birthday_month=4, birthday_day=17),
    _ordinary("Edda", "Holm", anniversary="2016-05-02"),
    _ordinary("Femi", "Adeyemi", mobile_phone="503-555-0117"),
    _ordinary("Greta", "Lind"),
    _ordinary("Hiro", "Tanaka", company_name="Tanaka Garden"),
    _ordinary("Ines", "Soto"),
    _ordinary("Jonas", "Weber", street="1 Mill Lane", city="Salem", zip="97301"),
    SeedContact("una.subscribed@example.com", "unsubscribed", "Contact"),
    SeedContact("ada.optout@example.org", "unsubscribed", "Account"),
    SeedContact("del.eted@example.net", deleted=True, properties={"first_name": "Del"}),
    SeedContact("gone.unsubscribed@example.com", "unsubscribed", "Contact", deleted=True),
    SeedContact("tem.hold@example.org", "temp_hold"),
    SeedContact("pen.ding@example.net", "pending_confirmation"),
    SeedContact(
        None,
        None,
        properties={"sms_number": "5035550199", "sms_permission_to_send": "not_set"},
    ),
)


def stable_id(name: str) -> str:
    """Return the UUID that a thing of the seed has in every sandbox."""
    return str(uuid.uuid5(_NAMESPACE, name))


def fill(db: sqlite3.Connection, now: float) -> None:
    """Fill an empty account, as if all of it had come about a month before ``now``."""
    past = now - 30 * _DAY
    for name in LISTS:
        _insert_list(db, name, past, None)
    _insert_list(db, DELETED_LIST, past, past + _DAY)
    for new in FIELDS:
        insert_field(db, new, past, custom_field_id=stable_id(f"field {new.label}"))
    for number, contact in enumerate(CONTACTS):
        _insert_contact(db, contact, number, past)
    for client_id, secret in APPLICATIONS:
        row = (client_id, secret, json.dumps(LOOPBACK))
        db.execute("INSERT INTO applications VALUES (?, ?, ?)", row)


def _insert_list(db: sqlite3.Connection, name: str, at: float, deleted_at: float | None) -> None:
    db.execute(
        "INSERT INTO lists (list_id, name, created_at, updated_at, deleted_at)"
        " VALUES (?, ?, ?, ?, ?)",
        (stable_id(f"list {name}"), name, at, deleted_at or at, deleted_at),
    )


def _insert_contact(db: sqlite3.Connection, contact: SeedContact, number: int, at: float) -> None:
    history = [{"at": at, "what": "was there from the start", "activity": ""}]
    seq = db.execute(
        "INSERT INTO contacts (contact_id, email_key, email, sms_key, permission, opt_out_source,"
        " opt_out_at, properties, history, created_at, updated_at, deleted_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            stable_id(f"contact {number}"),
            contact.email,
            contact.email,
            contact.properties.get("sms_number"),
            contact.permission,
            contact.opt_out_source,
            at + _DAY if contact.opt_out_source else None,
            json.dumps(contact.properties),
            json.dumps(history),
            at,
            at,
            at + 2 * _DAY if contact.deleted else None,
        ),
    ).lastrowid
    db.executemany(
        "INSERT INTO memberships SELECT seq, ?, ? FROM lists WHERE name = ?",
        [(seq, at, name) for name in contact.lists],
    )
