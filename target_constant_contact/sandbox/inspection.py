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
from target_constant_contact.sandbox.data.redirect_uris import check as check_redirect_uri

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from target_constant_contact.sandbox.account import Account

SCOPES = "contact_data account_read offline_access"
CLIENT_ID = "sandbox-app"
_FAR_AWAY = 100 * 365 * 86_400.0


class InspectableAccount:
    """An account that can be prepared and looked into without HTTP, by tests and people.

    Args:
        account: The account. Whatever is due is carried out before it is looked at.
    """

    def __init__(self, account: Account) -> None:
        self._account = account

    def advance(self) -> None:
        """Carry out everything that is due by the clock."""
        self._account.settle()

    def mint_token(
        self,
        scope: str = SCOPES,
        *,
        client_id: str = CLIENT_ID,
        seconds: float | None = None,
    ) -> str:
        """Hand out an access token.

        Args:
            scope: Space-separated scopes.
            client_id: API key that its requests are counted for.
            seconds: Its life; None is longer than any run.
        """
        expires_at = self._account.clock() + (_FAR_AWAY if seconds is None else seconds)
        value = tokens.new_value("access")
        with self._account.store.writing() as db:
            tokens.forget_expired(db, self._account.clock())
            tokens.keep(db, tokens.Grant(value, "access", client_id, scope, expires_at, {}))
        return value

    def mint_refresh_token(self, scope: str = SCOPES, *, client_id: str = CLIENT_ID) -> str:
        """Hand out a refresh token, as a sign-in of the application would.

        It needs no client secret.
        """
        value = tokens.new_value("refresh")
        expires_at = self._account.clock() + tokens.REFRESH_SECONDS
        details = {"family": value, "public": True}
        with self._account.store.writing() as db:
            tokens.keep(db, tokens.Grant(value, "refresh", client_id, scope, expires_at, details))
        return value

    @property
    def reused_refresh_tokens(self) -> int:
        """How often a used-up refresh token was presented.

        Used-up tokens are remembered for the 180 days that they would have lived.
        """
        with self._account.store.reading() as db:
            return tokens.reuses(db)

    def revoke_access_tokens(self) -> None:
        """Let every access token die at once, those of a sandbox too; refresh tokens live."""
        with self._account.store.writing() as db:
            tokens.revoke_all(db, "access")

    def revoke_refresh_tokens(self) -> None:
        """Do what a person does who disconnects the application.

        All refresh and access tokens die, those of a sandbox too.
        """
        with self._account.store.writing() as db:
            tokens.revoke_all(db, "refresh", "access")

    def add_application(
        self, client_id: str, client_secret: str | None = None, redirect_uris: tuple[str, ...] = ()
    ) -> None:
        """Register an application, in place of one with the same id.

        Without a secret it is a public client.

        Args:
            client_id: Its API key.
            client_secret: Its secret.
            redirect_uris: Whole addresses. One of this machine stands for every port of it.

        Raises:
            ValueError: A redirect URI is no whole address, or has a user or a fragment.
        """
        for redirect_uri in redirect_uris:
            check_redirect_uri(redirect_uri)
        row = (client_id, client_secret, json.dumps(list(redirect_uris)))
        with self._account.store.writing() as db:
            db.execute("INSERT OR REPLACE INTO applications VALUES (?, ?, ?)", row)

    def approve_device(self, user_code: str, *, approve: bool = True) -> None:
        """Do what a person does on the page of a device sign-in.

        Raises:
            LookupError: No device waits with this code.
        """
        with self._account.store.writing() as db:
            grant = tokens.find_device(db, user_code)
            if grant is None:
                raise LookupError("no device waits with this code")
            tokens.update(db, grant, decision="approved" if approve else "refused")

    def lists(self) -> dict[str, str]:
        """Return the ids of the lists that are not deleted, by name."""
        self._account.settle()
        query = "SELECT name, list_id FROM lists WHERE deleted_at IS NULL ORDER BY seq"
        with self._account.store.reading() as db:
            return {row["name"]: row["list_id"] for row in db.execute(query)}

    def create_list(self, name: str) -> str:
        """Make a list and return its id.

        Raises:
            ValueError: The name is taken.
        """
        with self._account.store.writing() as db:
            if list_exists(db, name):
                raise ValueError("a list of this name exists")
            return insert_list(db, name, self._account.clock())

    def create_custom_field(
        self,
        label: str,
        type: str = "string",  # noqa: A002 - the API's word
        name: str | None = None,
        choices: tuple[str, ...] = (),
    ) -> str:
        """Make a custom field and return its name.

        Args:
            label: What people see.
            type: One of the API's types of custom fields.
            name: What imports use; None: the label with underscores for blanks.
            choices: Labels of the choices of a select field.

        Raises:
            ValueError: The label is taken.
        """
        new = NewField(label, type, name=name or "", choices=choices)
        with self._account.store.writing() as db:
            if field_exists(db, label):
                raise ValueError("a custom field of this label exists")
            return insert_field(db, new, self._account.clock())

    def members(self, list_name_or_id: str) -> dict[str, dict[str, Any]]:
        """Return the members of a list by lower-cased e-mail, or SMS number where there is none.

        Each is a dict under the names of the JSON import: ``email`` as stored, ``first_name``,
        ``cf:<name>`` and so on, and besides ``permission_to_send`` and ``lists`` (sorted names).
        ``phone`` is the kind "other", and an address without a prefix the kind "home".

        Raises:
            LookupError: There is no such list.
        """
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
        """Return one contact as :meth:`members` does; None if unknown or deleted."""
        self._account.settle()
        query = "SELECT * FROM contacts WHERE email_key = ? AND deleted_at IS NULL"
        with self._account.store.reading() as db:
            row = db.execute(query, (email.strip().lower(),)).fetchone()
            if row is None:
                return None
            return flat_contact(row, _list_names(db, [row]).get(row["seq"], []))

    def account_state(self) -> dict[str, dict[str, Any]]:
        """Return everybody in the account, deleted ones too, to be compared with another account.

        Each is as :meth:`members` shows it, with ``opt_out_source`` and ``deleted`` besides, under
        the lower-cased e-mail, or the SMS number where there is none. Two accounts into which the
        same people were imported, in whatever order and however often, have equal states.
        """
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
        """Return all activities, oldest first, as the API shows them.

        Each also has ``kind`` (last part of the path it was posted to), ``rows`` (as they arrived,
        before any was dropped) and ``list_ids``.
        """
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


def _list_number(db: sqlite3.Connection, list_name_or_id: str) -> int:
    query = "SELECT seq FROM lists WHERE list_id = lower(?) OR (name = ? AND deleted_at IS NULL)"
    row = db.execute(query, (list_name_or_id, list_name_or_id)).fetchone()
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
