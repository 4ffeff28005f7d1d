"""The authorization server: signing in by code, with PKCE or not, by device, and refreshing."""

from __future__ import annotations

import base64
import fnmatch
import hashlib
import json
import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask import Blueprint, Response, jsonify, redirect, render_template, request, url_for

from target_constant_contact.sandbox import tokens
from target_constant_contact.sandbox.answers import RefusalError, account
from target_constant_contact.sandbox.gate import AUTH_PATH
from target_constant_contact.sandbox.tokens import Grant

if TYPE_CHECKING:
    import sqlite3

    from werkzeug.wrappers import Response as AnyResponse

blueprint = Blueprint("oauth", __name__)
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
_DEVICE_ERRORS = {
    "expired_token": "The device code is expired.",
    "slow_down": "The device polls too often.",
    "access_denied": "The person refused.",
    "authorization_pending": "The person has not decided yet.",
}


def oauth_error(status: int, error: str, description: str) -> RefusalError:
    """Return an error in the shape of OAuth 2.0."""
    return RefusalError(status, {"error": error, "error_description": description})


@blueprint.route(f"{AUTH_PATH}/authorize", methods=["GET", "POST"])
def authorize() -> AnyResponse | str | tuple[str, int]:
    """Ask for consent, then go back to the application with a code.

    ``prompt=none`` stands in for a person who approves: it goes back at once.
    """
    values = request.values
    with account().store.reading() as db:
        application = _application(db, values.get("client_id", ""))
    redirect_uri = values.get("redirect_uri", "")
    if application is None or not _is_registered(application, redirect_uri):
        return render_template("sign_in_error.html"), 400
    decision = "approve" if values.get("prompt") == "none" else values.get("decision", "")
    if values.get("response_type") != "code":
        return _back(redirect_uri, error="unsupported_response_type")
    if values.get("code_challenge") and values.get("code_challenge_method") != "S256":
        return _back(redirect_uri, error="invalid_request")
    if decision == "refuse":
        return _back(
            redirect_uri, error="access_denied", error_description="The person refused access."
        )
    if decision == "approve":
        return _back(redirect_uri, code=_new_code(redirect_uri))
    return render_template("authorize.html", fields=values.items(), scopes=_scopes())


def _back(redirect_uri: str, **answer: str) -> AnyResponse:
    state = request.values.get("state")
    pairs = answer | ({"state": state} if state is not None else {})
    return redirect(f"{redirect_uri}{'&' if '?' in redirect_uri else '?'}{urlencode(pairs)}")


def _scopes() -> list[str]:
    return request.values.get("scope", "").split()


def _new_code(redirect_uri: str) -> str:
    grant = Grant(
        value=tokens.new_value("code"),
        kind="code",
        client_id=request.values["client_id"],
        scope=" ".join(_scopes()),
        expires_at=account().clock() + tokens.CODE_SECONDS,
        details={
            "redirect_uri": redirect_uri,
            "challenge": request.values.get("code_challenge", ""),
        },
    )
    with account().store.writing() as db:
        tokens.keep(db, grant)
    return grant.value


@blueprint.post(f"{AUTH_PATH}/device/authorize")
def authorize_device() -> Response:
    """Start the sign-in of a device: it shows a code, and a person types it into the page."""
    with account().store.reading() as db:
        if _application(db, request.values.get("client_id", "")) is None:
            raise oauth_error(401, "invalid_client", "The client id is unknown.")
    letters = "".join(secrets.choice(_LETTERS) for _ in range(8))
    grant = Grant(
        value=tokens.new_value("device"),
        kind="device",
        client_id=request.values["client_id"],
        scope=" ".join(_scopes()),
        expires_at=account().clock() + tokens.DEVICE_SECONDS,
        details={"user_code": f"{letters[:4]}-{letters[4:]}", "decision": "", "polled_at": 0.0},
    )
    with account().store.writing() as db:
        tokens.keep(db, grant)
    page = url_for("oauth.activate", _external=True)
    return jsonify(
        device_code=grant.value,
        user_code=grant.details["user_code"],
        verification_uri=page,
        verification_uri_complete=f"{page}?user_code={grant.details['user_code']}",
        expires_in=int(tokens.DEVICE_SECONDS),
        interval=tokens.DEVICE_INTERVAL,
    )


@blueprint.route("/activate", methods=["GET", "POST"])
def activate() -> str:
    """Let a person approve or refuse a device."""
    user_code = request.values.get("user_code", "")
    decision = {"approve": "approved", "refuse": "refused"}.get(request.form.get("decision", ""))
    found = None
    if request.method == "POST" and decision:
        with account().store.writing() as db:
            found = tokens.find_device(db, user_code)
            if found:
                tokens.update(db, found, decision=decision)
    said = (decision if found else "unknown") if request.method == "POST" else ""
    return render_template("activate.html", user_code=user_code, said=said)


@blueprint.post(f"{AUTH_PATH}/token")
def token() -> Response:
    """Exchange a code, a device code or a refresh token for an access token."""
    grants = {
        "authorization_code": _from_code,
        "refresh_token": _from_refresh_token,
        DEVICE_CODE: _from_device,
    }
    kind = request.values.get("grant_type", "")
    if not kind:
        raise RefusalError(400, _malformed())
    if kind not in grants:
        raise oauth_error(400, "unsupported_grant_type", "The grant type is not supported.")
    # A refusal leaves the transaction normally, so that a code is used up by a failed try too.
    with account().store.writing() as db:
        client_id, proven = _client(db)
        answer = grants[kind](db, client_id, proven) if client_id else _unknown_client()
    if isinstance(answer, RefusalError):
        raise answer
    response = jsonify(answer)
    response.headers["Cache-Control"] = "no-store"
    return response


def _malformed() -> dict[str, Any]:
    return {
        "errorCode": "E0000021",
        "errorSummary": "Bad request. Accept and/or Content-Type headers likely do not match"
        " supported values.",
        "errorLink": "E0000021",
        "errorId": secrets.token_urlsafe(16),
        "errorCauses": [],
    }


def _application(db: sqlite3.Connection, client_id: str) -> sqlite3.Row | None:
    query = "SELECT * FROM applications WHERE client_id = ?"
    row: sqlite3.Row | None = db.execute(query, (client_id,)).fetchone()
    return row


def _is_registered(application: sqlite3.Row, redirect_uri: str) -> bool:
    patterns = json.loads(application["redirect_uris"])
    return any(fnmatch.fnmatchcase(redirect_uri, pattern) for pattern in patterns)


def _client(db: sqlite3.Connection) -> tuple[str, bool]:
    """Return the client id, empty if it or its secret is wrong, and whether a secret proved it."""
    basic = request.authorization
    client_id = (basic.username if basic else None) or request.values.get("client_id", "")
    secret = (basic.password if basic else None) or request.values.get("client_secret", "")
    application = _application(db, client_id)
    if application is None:
        return "", False
    if secret and not secrets.compare_digest(
        secret.encode(), (application["client_secret"] or "").encode()
    ):
        return "", False
    return client_id, bool(secret) or application["client_secret"] is None


def _unknown_client() -> RefusalError:
    return oauth_error(401, "invalid_client", "The client id or the client secret is wrong.")


def _invalid_grant(what: str) -> RefusalError:
    return oauth_error(400, "invalid_grant", f"The {what} is invalid or expired.")


_Issued = dict[str, Any] | RefusalError


def _from_code(db: sqlite3.Connection, client_id: str, proven: bool) -> _Issued:  # noqa: FBT001 - one of three alike
    grant = tokens.find(db, "code", request.values.get("code", ""))
    if grant is None or grant.client_id != client_id:
        return _invalid_grant("authorization code")
    tokens.revoke(db, grant)
    challenge = grant.details["challenge"]
    if not proven and not challenge:
        return _unknown_client()
    is_good = (
        grant.expires_at > account().clock()
        and grant.details["redirect_uri"] == request.values.get("redirect_uri")
        and (not challenge or challenge == _challenge(request.values.get("code_verifier", "")))
    )
    if not is_good:
        return _invalid_grant("authorization code")
    return _issue(db, grant, public=bool(challenge))


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _from_refresh_token(db: sqlite3.Connection, client_id: str, proven: bool) -> _Issued:  # noqa: FBT001 - one of three alike
    grant = tokens.find(db, "refresh", request.values.get("refresh_token", ""))
    if grant is None or grant.client_id != client_id or grant.expires_at <= account().clock():
        return _invalid_grant("refresh token")
    if not proven and not grant.details["public"]:
        return _unknown_client()
    return _issue(db, grant, public=grant.details["public"])


def _from_device(db: sqlite3.Connection, client_id: str, _proven: bool) -> _Issued:  # noqa: FBT001 - one of three alike
    grant = tokens.find(db, "device", request.values.get("device_code", ""))
    if grant is None or grant.client_id != client_id:
        return _invalid_grant("device code")
    error = _device_error(grant)
    if error:
        tokens.update(db, grant, polled_at=account().clock())
        return oauth_error(400, error, _DEVICE_ERRORS[error])
    tokens.revoke(db, grant)
    return _issue(db, grant, public=True)


def _device_error(grant: Grant) -> str:
    now = account().clock()
    if now >= grant.expires_at:
        return "expired_token"
    if now - grant.details["polled_at"] < tokens.DEVICE_INTERVAL:
        return "slow_down"
    decisions = {"approved": "", "refused": "access_denied"}
    return decisions.get(grant.details["decision"], "authorization_pending")


def _issue(db: sqlite3.Connection, grant: Grant, *, public: bool) -> dict[str, Any]:
    behaviour, now = account().behaviour, account().clock()
    life = behaviour.access_token_seconds
    access = tokens.new_value("access")
    tokens.keep(db, Grant(access, "access", grant.client_id, grant.scope, now + life, {}))
    answer = {
        "token_type": "Bearer",
        "expires_in": life,
        "access_token": access,
        "scope": grant.scope,
    }
    if "offline_access" in grant.scopes:
        rotating = behaviour.rotating_refresh_tokens
        answer["refresh_token"] = _refresh_token(db, grant, rotating=rotating, public=public)
    return answer


def _refresh_token(db: sqlite3.Connection, grant: Grant, *, rotating: bool, public: bool) -> str:
    is_refresh = grant.kind == "refresh"
    value = grant.value if is_refresh and not rotating else tokens.new_value("refresh")
    family = grant.details["family"] if is_refresh else value
    expires_at = account().clock() + tokens.REFRESH_SECONDS
    details = {"family": family, "public": public}
    tokens.revoke_family(db, family)
    tokens.keep(db, Grant(value, "refresh", grant.client_id, grant.scope, expires_at, details))
    return value
