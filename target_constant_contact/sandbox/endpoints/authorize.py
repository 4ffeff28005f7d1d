"""The authorization server, where people are: asking for consent, and connecting a device."""

from __future__ import annotations

import math
import secrets
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Response, jsonify, redirect, render_template, request, url_for

from target_constant_contact.sandbox.data import tokens
from target_constant_contact.sandbox.data.tokens import Grant
from target_constant_contact.sandbox.endpoints import browsers
from target_constant_contact.sandbox.endpoints.answers import account, oauth_error
from target_constant_contact.sandbox.endpoints.applications import find_application, is_registered
from target_constant_contact.sandbox.endpoints.gate import AUTH_PATH

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as AnyResponse

blueprint = Blueprint("oauth", __name__)
_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"


@blueprint.route(f"{AUTH_PATH}/authorize", methods=["GET", "POST"])
def authorize() -> AnyResponse | tuple[str, int] | tuple[str, dict[str, str]]:
    """Ask for consent, then go back to the application with a code.

    ``prompt=none`` stands in for a person who approves: it goes back at once, unless another page
    has led there.
    """
    values = request.values
    with account().store.reading() as db:
        application = find_application(db, values.get("client_id", ""))
    redirect_uri = values.get("redirect_uri", "")
    if application is None or not is_registered(application, redirect_uri):
        return render_template("sign_in_error.html"), 400
    if values.get("response_type") != "code":
        return _back(redirect_uri, error="unsupported_response_type")
    if values.get("code_challenge") and values.get("code_challenge_method") != "S256":
        return _back(redirect_uri, error="invalid_request")
    decision = _decision()
    if decision == "refuse":
        return _back(
            redirect_uri, error="access_denied", error_description="The person refused access."
        )
    if decision == "approve":
        return _back(redirect_uri, code=_new_code(redirect_uri))
    page = render_template("authorize.html", fields=values.items(), scopes=_scopes())
    return page, browsers.allow_form_to(urlsplit(redirect_uri).scheme)


def _decision() -> str:
    """Return what the person has decided: on the page only, since a link decides nothing."""
    unasked = request.values.get("prompt") == "none" and not browsers.comes_from_another_page()
    return request.form.get("decision", "approve" if unasked else "")


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
        if find_application(db, request.values.get("client_id", "")) is None:
            raise oauth_error(401, "invalid_client", "The client id is unknown.")
    behaviour = account().behaviour
    letters = "".join(secrets.choice(_LETTERS) for _ in range(8))
    grant = Grant(
        value=tokens.new_value("device"),
        kind="device",
        client_id=request.values["client_id"],
        scope=" ".join(_scopes()),
        expires_at=account().clock() + behaviour.device_code_seconds,
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
        expires_in=math.ceil(behaviour.device_code_seconds),
        interval=behaviour.device_interval,
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
