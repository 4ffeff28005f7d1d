"""Answers that quote the request, as a gateway does whose errors hold what it was sent."""

from __future__ import annotations

import base64
import html
import itertools
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from flask import request

from target_constant_contact.sandbox.endpoints.answers import RefusalError

if TYPE_CHECKING:
    from flask import Response

ADDRESS = "echoed.person@example.com"
"""Quoted where the request holds no address."""
CONTROL = "\n2026-01-01 00:00:00 | ERROR | forged\r\x1b[2K\x1b[31m\u202eforged\u2028\x9b\x00"

_ADDRESS = re.compile(rb"[\w.+-]{1,64}(?:@|%40)[\w.-]+")
_SENT = re.compile(rb"(?:refresh_token|client_secret|code|code_verifier|device_code)=([^&]+)")
_NAMES = frozenset(
    {
        *(
            "name",
            "label",
            "choice_label",
            "organization_name",
            "privilege_name",
            "activity_errors",
        ),
        *("user_code", "scope", "token_type", "permission_to_send", "source_file_name"),
    }
)
"""Members of answers that hold words; whatever the target acts upon stays as it is."""
_turns = itertools.count()


def refused(status: int) -> RefusalError:
    """Return an error with the request in every text of it."""
    text = _quoted()
    body = {
        "error_key": text,
        "error_message": text,
        "error": "invalid_request" if status == 400 else text,  # noqa: PLR2004
        "error_description": text,
    }
    one_line = text.encode("ascii", "replace").decode()
    headers = {
        "x-amzn-RequestId": request.headers.get("Authorization", "").rpartition(" ")[2][:90],
        "WWW-Authenticate": "".join(filter(str.isprintable, one_line))[:4_000],
    }
    return RefusalError(status, [body] if status == 400 else body, headers)  # noqa: PLR2004


def quote_inside(response: Response, *, state: bool) -> Response:
    """Add the request to every name in a JSON answer.

    Args:
        response: The answer.
        state: Add it to the states of activities too, which are none then.
    """
    if response.is_json and response.status_code < 300:  # noqa: PLR2004
        names = _NAMES | ({"state"} if state else set())
        response.set_data(json.dumps(_with_quotes(response.get_json(), names)))
    return response


def _with_quotes(value: Any, names: frozenset[str], name: str = "") -> Any:
    if isinstance(value, dict):
        found = {member: _with_quotes(item, names, member) for member, item in value.items()}
        if "state" in found and isinstance(found.get("status"), dict):
            found["status"][_quoted()] = 1
            found["activity_errors"] = [*(found.get("activity_errors") or ()), _quoted()]
        return found
    if isinstance(value, list):
        return [_with_quotes(item, names, name) for item in value]
    return f"{value} {_quoted()}" if isinstance(value, str) and name in names else value


def _quoted() -> str:
    """The secrets and an address of the request, each time in another form first."""
    forms = [form for secret in _secrets() for form in _forms(secret)]
    address = next(iter(_ADDRESS.findall(request.get_data() + request.query_string)), b"")
    shown = address.decode() or ADDRESS
    forms += [form for form in _forms(shown) if "." not in form or "@" in form or "40" in form]
    first = next(_turns) % len(forms)
    return " ".join((CONTROL, *forms[first:], *forms[:first]))


def _secrets() -> list[str]:
    sent = request.headers.get("Authorization", "").rpartition(" ")[2]
    found = [sent, *(secret.decode() for secret in _SENT.findall(request.get_data()))]
    if request.authorization and request.authorization.password:
        found.append(request.authorization.password)
    return [secret for secret in found if secret]


def _forms(secret: str) -> list[str]:
    raw = secret.encode()
    return [
        f"Authorization=Bearer {secret}",
        secret,
        f"token={secret[: len(secret) // 2]}",
        quote(secret, safe=""),
        quote(quote(secret, safe=""), safe=""),
        json.dumps({"at": secret}).replace("@", "\\u0040"),
        html.escape(secret).replace("@", "&#64;"),
        base64.b64encode(b"Bearer " + raw).decode(),
        raw.hex(),
        f"{secret[:40]}\n{secret[40:]}" if len(secret) > 100 else f"'{secret}'",  # noqa: PLR2004
    ]
