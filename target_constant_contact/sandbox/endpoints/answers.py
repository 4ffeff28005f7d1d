"""The shapes of answers: errors, pages of a collection, and the checks that lead to a refusal.

Errors come as an array (400, 404, 409, 415 ...), as one object (401, 403, 429: the gateway), or,
from the authorization server, as OAuth 2.0 writes them.
"""

from __future__ import annotations

import base64
import binascii
import json
import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

from flask import Response, current_app, request

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

    from target_constant_contact.sandbox.account import Account

VALIDATION = "contacts.api.validation.error"
NOT_FOUND = "contacts.api.not_found"
CONFLICT = "contacts.api.conflict"


class RefusalError(Exception):
    """A request that is answered with an error.

    Args:
        status: HTTP status.
        body: The JSON body.
        headers: Further headers.
    """

    def __init__(self, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status)
        self.status = status
        self.body = body
        self.headers = headers or {}

    def response(self) -> Response:
        """Return the answer."""
        # The real 401 is 59 bytes long, which leaves no room for blanks or a line feed.
        text = json.dumps(self.body, separators=(",", ":"))
        return Response(text, self.status, self.headers, content_type="application/json")


def refusal(status: int, key: str, message: str) -> RefusalError:
    """Return an error in the array shape."""
    return RefusalError(status, [{"error_key": key, "error_message": message}])


def invalid(message: str) -> RefusalError:
    """Return the 400 of a request that does not pass validation."""
    return refusal(400, VALIDATION, message)


def gateway_refusal(
    status: int, key: str, message: str, headers: Mapping[str, str] | None = None
) -> RefusalError:
    """Return an error in the object shape, with the headers of the gateway."""
    own = {"x-amzn-RequestId": str(uuid.uuid4())}
    return RefusalError(
        status, {"error_key": key, "error_message": message}, {**own, **(headers or {})}
    )


def unauthorized() -> RefusalError:
    """Return the 401 of a missing, unknown or expired token."""
    headers = {
        "WWW-Authenticate": "Bearer realm=api.cc.email",
        "x-amzn-ErrorType": "UnauthorizedException",
    }
    return gateway_refusal(401, "unauthorized", "Unauthorized", headers)


def oauth_error(status: int, error: str, description: str) -> RefusalError:
    """Return an error in the shape of OAuth 2.0."""
    return RefusalError(status, {"error": error, "error_description": description})


def account() -> Account:
    """Return the account that the present request is about."""
    found: Account = current_app.extensions["sandbox"]
    return found


def json_object() -> dict[str, Any]:
    """Return the request's body.

    Raises:
        RefusalError: 415 without the JSON content type, 400 if it is not a JSON object.
    """
    if request.mimetype != "application/json":
        raise refusal(415, "contacts.api.unsupported_media_type", "Unsupported Media Type")
    try:
        body = json.loads(request.get_data(), parse_constant=_refuse_constant)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise invalid("The request body is not a valid JSON object")
    return body


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON, although Python takes it for a number")


def ids(value: Any, name: str, limit: int) -> list[str]:
    """Check an array of 1 to ``limit`` UUIDs and return it lower-cased.

    Raises:
        RefusalError: 400 naming the property.
    """
    if not isinstance(value, list) or not value:
        raise invalid(f"{name} is missing or empty")
    if len(value) > limit:
        raise invalid(f"{name} holds more than {limit} values")
    if not all(is_uuid(item) for item in value):
        raise invalid(f"{name} is in an invalid format")
    return [item.lower() for item in value]


def is_writable(value: Any) -> bool:
    """Tell whether a value is a text without half surrogate pairs, which JSON can smuggle in."""
    return isinstance(value, str) and value == value.encode(errors="replace").decode()


def is_uuid(value: Any) -> bool:
    """Tell whether a value is a UUID as the API writes it: 36 characters."""
    length = 36
    try:
        return len(value) == length and bool(uuid.UUID(value))
    except (AttributeError, TypeError, ValueError):
        return False


class Query:
    """The query of a collection, or the query that its cursor carries."""

    def __init__(self) -> None:
        pairs = dict(request.args.items())
        if "cursor" in pairs:
            pairs = _open_cursor(pairs["cursor"])
        self._pairs = pairs

    def text(self, name: str) -> str:
        """Return a parameter, or an empty string."""
        return self._pairs.get(name, "")

    def choice(self, name: str, allowed: Mapping[str, Any] | tuple[str, ...]) -> list[str]:
        """Return the comma-separated values of a parameter.

        Raises:
            RefusalError: 400 if a value is not among those ``allowed``.
        """
        values = [value for value in self.text(name).split(",") if value]
        if any(value not in allowed for value in values):
            raise invalid(f"{name} does not have a valid value")
        return values

    def flag(self, name: str) -> bool:
        """Return a true-or-false parameter."""
        if self.text(name) not in {"", "true", "false"}:
            raise invalid(f"{name} does not have a valid value")
        return self.text(name) == "true"

    def number(self, name: str, default: int, maximum: int) -> int:
        """Return a number from 1 to ``maximum``."""
        text = self.text(name) or str(default)
        if not (text.isascii() and text.isdigit() and 1 <= int(text) <= maximum):
            raise invalid(f"{name} does not have a valid value")
        return int(text)

    @property
    def after(self) -> int:
        """The internal number after which this page begins."""
        return int(self._pairs.get("next", "0"))

    def links(self, path: str, rows: Sequence[sqlite3.Row], limit: int) -> dict[str, Any]:
        """Return ``_links``: empty, or with the next page if there is one.

        Args:
            path: The collection, below ``/v3``.
            rows: Rows of this page, and one more if there is a next one.
            limit: Length of a page.
        """
        if len(rows) <= limit:
            return {}
        pairs = {**self._pairs, "next": str(rows[limit - 1]["seq"])}
        cursor = base64.urlsafe_b64encode(urlencode(pairs).encode()).decode()
        return {"next": {"href": f"/v3{path}?{urlencode({'cursor': cursor})}"}}


def _open_cursor(cursor: str) -> dict[str, str]:
    try:
        pairs = dict(parse_qsl(base64.urlsafe_b64decode(cursor).decode(), strict_parsing=True))
        int(pairs["next"])
    except (binascii.Error, ValueError, KeyError):
        raise invalid("cursor is in an invalid format") from None
    return pairs
