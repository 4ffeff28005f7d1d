"""The authorization server's token endpoint: access tokens for codes and refresh tokens."""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, jsonify, request

from target_constant_contact.sandbox.data import tokens
from target_constant_contact.sandbox.endpoints.answers import RefusalError, account, oauth_error
from target_constant_contact.sandbox.endpoints.applications import present_client
from target_constant_contact.sandbox.endpoints.gate import TOKEN_PATH

if TYPE_CHECKING:
    import sqlite3

    from target_constant_contact.sandbox.data.tokens import Grant
    from target_constant_contact.sandbox.endpoints.applications import RequestingClient

blueprint = Blueprint("grants", __name__)
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
_DEVICE_ERRORS = {
    "expired_token": "The device code is expired.",
    "slow_down": "The device polls too often.",
    "access_denied": "The person refused.",
    "authorization_pending": "The person has not decided yet.",
}


@blueprint.post(TOKEN_PATH)
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
        client = present_client(db)
        answer = grants[kind](db, client) if client else _unknown_client()
    if isinstance(answer, RefusalError):
        raise answer
    return jsonify(answer)


def _malformed() -> dict[str, Any]:
    return {
        "errorCode": "E0000021",
        "errorSummary": "Bad request. Accept and/or Content-Type headers likely do not match"
        " supported values.",
        "errorLink": "E0000021",
        "errorId": secrets.token_urlsafe(16),
        "errorCauses": [],
    }


def _unknown_client() -> RefusalError:
    return oauth_error(401, "invalid_client", "The client id or the client secret is wrong.")


def _invalid_grant(what: str) -> RefusalError:
    return oauth_error(400, "invalid_grant", f"The {what} is invalid or expired.")


_Issued = dict[str, Any] | RefusalError


def _from_code(db: sqlite3.Connection, client: RequestingClient) -> _Issued:
    grant = tokens.find(db, "code", request.values.get("code", ""))
    if grant is None or grant.client_id != client.id:
        return _invalid_grant("authorization code")
    tokens.revoke(db, grant)
    challenge = grant.details["challenge"]
    if not client.proven and not challenge:
        return _unknown_client()
    is_good = (
        grant.expires_at > account().clock()
        and grant.details["redirect_uri"] == request.values.get("redirect_uri")
        and (not challenge or challenge == _challenge(request.values.get("code_verifier", "")))
    )
    if not is_good:
        return _invalid_grant("authorization code")
    return _issue(db, _signed_in(grant, public=bool(challenge)))


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _from_refresh_token(db: sqlite3.Connection, client: RequestingClient) -> _Issued:
    value = request.values.get("refresh_token", "")
    grant = tokens.find(db, "refresh", value) or tokens.find(db, "used", value)
    if grant is None or grant.client_id != client.id or grant.expires_at <= account().clock():
        return _invalid_grant("refresh token")
    if not client.proven and not grant.details["public"]:
        return _unknown_client()
    if grant.kind == "used":
        return _reused(db, grant)
    return _issue(db, grant)


def _reused(db: sqlite3.Connection, grant: Grant) -> RefusalError:
    tokens.count_reuse(db, grant)
    if account().behaviour.reuse_revokes_family:
        tokens.revoke_family(db, grant.details["family"])
    return _invalid_grant("refresh token")


def _from_device(db: sqlite3.Connection, client: RequestingClient) -> _Issued:
    grant = tokens.find(db, "device", request.values.get("device_code", ""))
    if grant is None or grant.client_id != client.id:
        return _invalid_grant("device code")
    error = _device_error(grant)
    if error:
        tokens.update(db, grant, polled_at=account().clock())
        return oauth_error(400, error, _DEVICE_ERRORS[error])
    tokens.revoke(db, grant)
    return _issue(db, _signed_in(grant, public=True))


def _device_error(grant: Grant) -> str:
    now, interval = account().clock(), account().behaviour.device_interval
    if now >= grant.expires_at:
        return "expired_token"
    if interval and now - grant.details["polled_at"] < interval:
        return "slow_down"
    decisions = {"approved": "", "refused": "access_denied"}
    return decisions.get(grant.details["decision"], "authorization_pending")


def _signed_in(grant: Grant, *, public: bool) -> Grant:
    """Return what a code stands for: the scopes that are given, and the family that begins."""
    refused = account().behaviour.refused_scopes
    return replace(
        grant,
        scope=" ".join(scope for scope in grant.scope.split() if scope not in refused),
        details={"family": tokens.new_value("family"), "public": public},
    )


def _issue(db: sqlite3.Connection, grant: Grant) -> dict[str, Any]:
    life = account().behaviour.access_token_seconds
    access = replace(
        grant,
        value=tokens.new_value("access"),
        kind="access",
        expires_at=account().clock() + life,
        details={"family": grant.details["family"]},
    )
    tokens.keep(db, access)
    answer = {
        "token_type": "Bearer",
        "expires_in": life,
        "access_token": access.value,
        "scope": grant.scope,
    }
    if "offline_access" in grant.scopes:
        answer["refresh_token"] = _refresh_token(db, grant)
    return answer


def _refresh_token(db: sqlite3.Connection, grant: Grant) -> str:
    """Hand out the family's next refresh token, or the same one for as long as a new one."""
    value = tokens.new_value("refresh")
    if grant.kind == "refresh" and account().behaviour.rotating_refresh_tokens:
        tokens.use_up(db, grant)
    elif grant.kind == "refresh":
        tokens.revoke(db, grant)
        value = grant.value
    expires_at = account().clock() + tokens.REFRESH_SECONDS
    tokens.keep(db, replace(grant, value=value, kind="refresh", expires_at=expires_at))
    return value
