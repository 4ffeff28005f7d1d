"""What the authorization server hands out: codes, access tokens, refresh tokens, device codes."""

from __future__ import annotations

import base64
import json
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

CODE_SECONDS = 300.0
REFRESH_SECONDS = 180 * 86_400.0
"""A refresh token dies 180 days after its last use."""
_ACCESS_BYTES = 700


@dataclass(frozen=True, slots=True)
class Grant:
    """One thing handed out.

    Attributes:
        value: The secret itself.
        kind: ``access``, ``refresh``, ``used`` (a refresh token that has served), ``code`` or
            ``device``.
        client_id: Application that it belongs to; requests are counted by it.
        scope: Space-separated scopes.
        expires_at: Seconds since the epoch.
        details: What its kind needs besides.
    """

    value: str
    kind: str
    client_id: str
    scope: str
    expires_at: float
    details: Mapping[str, Any]

    @property
    def scopes(self) -> frozenset[str]:
        """The scopes as a set."""
        return frozenset(self.scope.split())


def new_value(kind: str) -> str:
    """Make a secret as long as the service's: access tokens look like a JWT, others are short."""
    if kind != "access":
        return secrets.token_urlsafe(32)
    header = base64.urlsafe_b64encode(b'{"alg":"RS256","kid":"sandbox"}').rstrip(b"=").decode()
    return f"{header}.{secrets.token_urlsafe(_ACCESS_BYTES)}.{secrets.token_urlsafe(96)}"


def keep(db: sqlite3.Connection, grant: Grant) -> None:
    """Hand out a grant."""
    db.execute(
        "INSERT INTO grants VALUES (?, ?, ?, ?, ?, ?)",
        (
            grant.value,
            grant.kind,
            grant.client_id,
            grant.scope,
            grant.expires_at,
            json.dumps(dict(grant.details)),
        ),
    )


def find(db: sqlite3.Connection, kind: str, value: str) -> Grant | None:
    """Return a grant of one kind, expired or not."""
    row = db.execute("SELECT * FROM grants WHERE value = ? AND kind = ?", (value, kind)).fetchone()
    return _grant(row) if row else None


def find_device(db: sqlite3.Connection, user_code: str) -> Grant | None:
    """Return the device grant that shows this code to its user."""
    query = (
        "SELECT * FROM grants WHERE kind = 'device' AND json_extract(details, '$.user_code') = ?"
    )
    row = db.execute(query, (user_code.strip().upper(),)).fetchone()
    return _grant(row) if row else None


def update(db: sqlite3.Connection, grant: Grant, **details: Any) -> None:
    """Change details of a grant."""
    text = json.dumps({**grant.details, **details})
    db.execute("UPDATE grants SET details = ? WHERE value = ?", (text, grant.value))


def revoke(db: sqlite3.Connection, grant: Grant) -> None:
    """Take a grant back."""
    db.execute("DELETE FROM grants WHERE value = ?", (grant.value,))


def use_up(db: sqlite3.Connection, grant: Grant) -> None:
    """Let a refresh token serve no more, but remember it until it would have died."""
    db.execute("UPDATE grants SET kind = 'used' WHERE value = ?", (grant.value,))


def count_reuse(db: sqlite3.Connection, used: Grant) -> None:
    """Note that a used-up refresh token was presented once more."""
    update(db, used, reuses=used.details.get("reuses", 0) + 1)


def reuses(db: sqlite3.Connection) -> int:
    """Return how often a used-up refresh token was presented."""
    query = (
        "SELECT coalesce(sum(json_extract(details, '$.reuses')), 0) FROM grants WHERE kind = 'used'"
    )
    number: int = db.execute(query).fetchone()[0]
    return number


def revoke_family(db: sqlite3.Connection, family: str) -> None:
    """Take back all refresh and access tokens that stem from one sign-in."""
    query = (
        "DELETE FROM grants WHERE kind IN ('refresh', 'access')"
        " AND json_extract(details, '$.family') = ?"
    )
    db.execute(query, (family,))


def revoke_all(db: sqlite3.Connection, *kinds: str) -> None:
    """Take back everything of some kinds."""
    db.executemany("DELETE FROM grants WHERE kind = ?", [(kind,) for kind in kinds])


def forget_expired(db: sqlite3.Connection, now: float) -> None:
    """Drop what has been dead for a day, so that the file does not grow."""
    db.execute("DELETE FROM grants WHERE expires_at < ?", (now - 86_400,))


def _grant(row: sqlite3.Row) -> Grant:
    return Grant(
        value=row["value"],
        kind=row["kind"],
        client_id=row["client_id"],
        scope=row["scope"],
        expires_at=row["expires_at"],
        details=json.loads(row["details"]),
    )
