"""Looking into an account, and preparing it, without HTTP."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from target_constant_contact.sandbox.activities.activities import activity_resource
from target_constant_contact.sandbox.data import tokens
from target_constant_contact.sandbox.data.contacts import flat_contact, parsed_properties
from target_constant_contact.sandbox.data.fields import NewField, field_exists, insert_field
from target_constant_contact.sandbox.data.lists import insert_list, list_exists

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from target_constant_contact.sandbox.account import Account


class Inspection:
    """What tests and the command line ask of an account.

    Args:
        account: The account. Whatever is due is carried out before it is looked at.
    """

    def __init__(self, account: Account) -> None:
        self._account = account

    def lists(self) -> dict[str, str]:
        """Return the ids of the lists that are not deleted, by name."""
        self._account.settle()
        query = "SELECT name, list_id FROM lists WHERE deleted_at IS NULL ORDER BY seq"
        with self._account.store.reading() as db:
            return {row["name"]: row["list_id"] for row in db.execute(query)}

    def create_list(self, name: str) -> str:
        """Make a list and return its id."""
        with self._account.store.writing() as db:
            if list_exists(db, name):
                raise ValueError("a list of this name exists")
            return insert_list(db, name, self._account.clock())

    def create_custom_field(
        self, label: str, kind: str, name: str | None, choices: Sequence[str]
    ) -> str:
        """Make a custom field and return its name."""
        new = NewField(label, kind, name=name or "", choices=tuple(choices))
        with self._account.store.writing() as db:
            if field_exists(db, label):
                raise ValueError("a custom field of this label exists")
            return insert_field(db, new, self._account.clock())

    def members(self, list_name_or_id: str) -> dict[str, dict[str, Any]]:
        """Return the members of a list by lower-cased e-mail or SMS number."""
        self._account.settle()
        with self._account.store.reading() as db:
            number = _list_number(db, list_name_or_id)
            query = (
                "SELECT c.* FROM contacts c JOIN memberships m ON m.contact_seq = c.seq"
                " WHERE m.list_seq = ? ORDER BY c.seq"
            )
            rows = db.execute(query, (number,)).fetchall()
            names = _list_names(db, rows)
        return {
            row["email_key"] or row["sms_key"]: flat_contact(row, names[row["seq"]]) for row in rows
        }

    def contact(self, email: str) -> dict[str, Any] | None:
        """Return one contact that is not deleted."""
        self._account.settle()
        query = "SELECT * FROM contacts WHERE email_key = ? AND deleted_at IS NULL"
        with self._account.store.reading() as db:
            row = db.execute(query, (email.strip().lower(),)).fetchone()
            if row is None:
                return None
            return flat_contact(row, _list_names(db, [row]).get(row["seq"], []))

    def account_state(self) -> dict[str, dict[str, Any]]:
        """Return what the account knows of everybody, without times and ids, for comparing."""
        self._account.settle()
        with self._account.store.reading() as db:
            names = dict(db.execute("SELECT seq, name FROM lists").fetchall())
            lists: defaultdict[int, list[str]] = defaultdict(list)
            for number, seq in db.execute("SELECT list_seq, contact_seq FROM memberships"):
                lists[seq].append(names[number])
            rows = db.execute(
                "SELECT seq, email_key, sms_key, email, permission, opt_out_source, deleted_at,"
                " properties FROM contacts"
            ).fetchall()
        return {
            row["email_key"] or row["sms_key"]: {
                **flat_contact(row, lists.get(row["seq"], ()), known),
                "opt_out_source": row["opt_out_source"] or "",
                "deleted": row["deleted_at"] is not None,
            }
            for row, known in zip(rows, parsed_properties(rows), strict=True)
        }

    def activities(self) -> list[dict[str, Any]]:
        """Return all activities, oldest first."""
        self._account.settle()
        now = self._account.clock()
        with self._account.store.reading() as db:
            rows = db.execute("SELECT * FROM activities ORDER BY seq").fetchall()
        return [
            {
                **activity_resource(row, now),
                "kind": row["kind"],
                "rows": row["rows"],
                "list_ids": json.loads(row["list_ids"]),
            }
            for row in rows
        ]

    def add_application(
        self, client_id: str, client_secret: str | None, redirect_uris: Sequence[str]
    ) -> None:
        """Register an application, in place of one with the same id."""
        row = (client_id, client_secret, json.dumps(list(redirect_uris)))
        with self._account.store.writing() as db:
            db.execute("INSERT OR REPLACE INTO applications VALUES (?, ?, ?)", row)

    def mint_refresh_token(self, scope: str, client_id: str) -> str:
        """Hand out a refresh token that needs no client secret."""
        value = tokens.new_value("refresh")
        expires_at = self._account.clock() + tokens.REFRESH_SECONDS
        details = {"family": value, "public": True}
        with self._account.store.writing() as db:
            tokens.keep(db, tokens.Grant(value, "refresh", client_id, scope, expires_at, details))
        return value

    def revoke_tokens(self, *kinds: str) -> None:
        """Take back all tokens of some kinds: ``access``, ``refresh``."""
        with self._account.store.writing() as db:
            tokens.revoke_all(db, *kinds)

    def reused_refresh_tokens(self) -> int:
        """Return how often a used-up refresh token was presented."""
        with self._account.store.reading() as db:
            return tokens.reuses(db)

    def approve_device(self, user_code: str, *, approve: bool) -> None:
        """Approve or refuse a device that waits."""
        with self._account.store.writing() as db:
            grant = tokens.find_device(db, user_code)
            if grant is None:
                raise LookupError("no device waits with this code")
            tokens.update(db, grant, decision="approved" if approve else "refused")


def _list_number(db: sqlite3.Connection, list_name_or_id: str) -> int:
    query = "SELECT seq FROM lists WHERE list_id = lower(?1) OR (name = ?1 AND deleted_at IS NULL)"
    row = db.execute(query, (list_name_or_id,)).fetchone()
    if row is None:
        raise LookupError("there is no such list")
    number: int = row["seq"]
    return number


def _list_names(db: sqlite3.Connection, rows: Sequence[sqlite3.Row]) -> dict[int, list[str]]:
    query = (
        "SELECT m.contact_seq, l.name FROM memberships m JOIN lists l ON l.seq = m.list_seq"
        " WHERE m.contact_seq IN (SELECT value FROM json_each(?))"
    )
    names: dict[int, list[str]] = {}
    for seq, name in db.execute(query, (json.dumps([row["seq"] for row in rows]),)):
        names.setdefault(seq, []).append(name)
    return names
