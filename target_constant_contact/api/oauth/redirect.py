"""Where the browser goes after a sign-in: reading that address."""

from __future__ import annotations

import re
import secrets
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from target_constant_contact.exceptions import SettingsError, SignInError

_LOOPBACK: Final = {"localhost": "127.0.0.1", "127.0.0.1": "127.0.0.1", "::1": "::1"}
_KEY: Final = re.compile(r"[\w.-]{1,100}", re.ASCII)


class RefusedError(SignInError):
    """The person, or the service, refused the sign-in."""


class ForeignAnswerError(SignInError):
    """The address does not belong to the sign-in that is under way."""


def has_answer(query: str) -> bool:
    """Whether a query holds what a sign-in ends with: a code, or an error."""
    return not {"code", "error"}.isdisjoint(dict(parse_qsl(query)))


def query_of(text: str) -> str:
    """The query of an address, or of the part of one, that a person has pasted."""
    whole, _, _ = text.strip().strip("'\"<>").partition("#")
    before, mark, after = whole.partition("?")
    return after if mark else before


def code_of(query: str, state: str) -> str:
    """The authorization code in the query of the address that the browser has ended on.

    Args:
        query: Text after the question mark.
        state: What this sign-in has sent along; nothing else is read before it is compared.

    Raises:
        ForeignAnswerError: The state is another one, or missing.
        RefusedError: It holds an error.
        SignInError: It holds no code.
    """
    values = dict(parse_qsl(query))
    # As bytes, because texts that are not ASCII cannot be compared in constant time.
    came = values.get("state", "").encode(errors="replace")
    if not secrets.compare_digest(came, state.encode()):
        raise ForeignAnswerError(
            "The address that the browser came back with belongs to another sign-in (its state is "
            "another one); nothing was stored. Start again, and use only the newest address"
        )
    if error := values.get("error"):
        raise _refusal(error)
    if code := values.get("code"):
        return code
    raise SignInError("The address that the browser came back with holds no code. Start again")


def is_loopback(host: str) -> bool:
    """Whether a Host header names this machine; the port does not matter."""
    try:
        return host == host.strip() and urlsplit(f"//{host}").hostname in _LOOPBACK
    except ValueError:
        return False


def loopback_address(redirect_uri: str) -> tuple[str, int, str]:
    """Where to listen for a redirect to this machine: IP address, port and path.

    Raises:
        SettingsError: It does not lead to a port of this machine.
    """
    try:
        parts = urlsplit(redirect_uri)
        host, port = _LOOPBACK.get(parts.hostname or "", ""), parts.port
    except ValueError:
        host, port = "", None
    if not (host and port and parts.scheme == "http") or parts.fragment:
        fault = (
            f"--redirect-uri is {redirect_uri!r}; to come back to this machine it has to be "
            "http://localhost:PORT/PATH (or 127.0.0.1, [::1]), as it is registered in the "
            "developer portal. For any other one add --no-browser"
        )
        raise SettingsError([fault])
    return host, port, parts.path or "/"


def _refusal(error: str) -> RefusedError:
    if error == "access_denied":
        return RefusedError(
            "The sign-in was refused: access was not given, or the person may not give it. "
            "Nothing was stored. Sign in as an administrator of the account and approve"
        )
    key = error if _KEY.fullmatch(error) else "an error that cannot be shown"
    return RefusedError(
        f"The sign-in was refused by Constant Contact ({key}); nothing was stored. Check the "
        "application in the developer portal: client_id, its kind, its redirect URI"
    )
