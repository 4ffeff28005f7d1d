"""The applications that people registered, and how they prove who they are."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, NamedTuple

from flask import request

from target_constant_contact.sandbox.data import redirect_uris

if TYPE_CHECKING:
    import sqlite3


def find_application(db: sqlite3.Connection, client_id: str) -> sqlite3.Row | None:
    """Return a registered application."""
    query = "SELECT * FROM applications WHERE client_id = ?"
    row: sqlite3.Row | None = db.execute(query, (client_id,)).fetchone()
    return row


def is_registered(application: sqlite3.Row, redirect_uri: str) -> bool:
    """Tell whether an application may send people back to this address."""
    registered = json.loads(application["redirect_uris"])
    return any(redirect_uris.is_same(one, redirect_uri) for one in registered)


class RequestingClient(NamedTuple):
    """Who asks for tokens.

    Attributes:
        id: Client id of the application.
        proven: A secret has proved it. A public client, which has no secret, counts as proven.
    """

    id: str
    proven: bool


def present_client(db: sqlite3.Connection) -> RequestingClient | None:
    """Return who makes the present request; None if it is unknown or the secret is wrong."""
    basic = request.authorization
    client_id = (basic.username if basic else None) or request.values.get("client_id", "")
    secret = (basic.password if basic else None) or request.values.get("client_secret", "")
    application = find_application(db, client_id)
    if application is None:
        return None
    if secret and not secrets.compare_digest(
        secret.encode(), (application["client_secret"] or "").encode()
    ):
        return None
    return RequestingClient(client_id, bool(secret) or application["client_secret"] is None)
