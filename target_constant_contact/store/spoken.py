"""What a PostgreSQL server or its library says of a connection that was not made.

The library tells no code with it. The server speaks the language of its owner, the library English:
what a server says is shown, and judged by its words only where nothing else tells.
"""

from __future__ import annotations

import re
from typing import Any, Final

from target_constant_contact.redaction import said

_HAS_WORDS: Final = "OperationalError"
_NO_ROOM: Final = "53"
"""Codes of a server that has no disk, memory or connection left."""

_REACHED: Final = re.compile(r"connection to server (?:at|on) .+? failed: (.+)")
_OF_SERVER: Final = re.compile(r"[^:]{1,40}:  (.+)")
"""Behind a severity, whose word is translated, too."""
_NOT_BEGUN: Final = "connection is bad: "

_PASSING: Final = (
    "starting up",
    "shutting down",
    "too many",
    "recovery",
    "remaining connection",
    # In every language.
    "SUPERUSER",
    "pg_use_reserved_connections",
)
"""Words of a server that takes no connection now."""
_REFUSING: Final = ("authentication failed", "pg_hba.conf", "does not exist")
"""Words of one that takes no such login."""
_NO_PASSWORD: Final = "no password supplied"  # noqa: S105
_UNSAFE: Final = (
    "certificate verify failed",
    "root certificate",
    "does not match host name",
    "does not support SSL",
)
"""Words about a server that does not prove what the URL asks it to prove."""


def cause(error: Any) -> str:
    """Why the server cannot be used: what was said, or else the kind of the error and its code."""
    code = getattr(error, "sqlstate", None)
    kind = type(error).__name__
    if code:
        words = getattr(error.diag, "message_primary", None) if code.startswith(_NO_ROOM) else None
        return f"{kind} {code}{f': {said(words)}' if words else ''}"
    return said(_uttered(error)[0]) or kind


def refuses(error: Any) -> bool:
    """Whether a server that was reached refuses the login, and would do so the next time, too."""
    words, is_of_server = _uttered(error)
    if not is_of_server:
        return _NO_PASSWORD in words
    if any(passing in words for passing in _PASSING):
        return False
    state = getattr(error, "pgconn", None)
    asked = bool(state and (state.needs_password or state.used_password))
    return asked or any(refusing in words for refusing in _REFUSING)


def unsafe(error: Any) -> str:
    """How the connection is less safe than ``sslmode`` asks; empty when that is not it."""
    text = _uncoded(error)
    return next((words for words in _UNSAFE if words in text), "")


def option(error: Any) -> str:
    """Which option of the URL has a value that does not exist; empty when that is not it."""
    words = _uncoded(error).partition("\n")[0]
    return words.removeprefix(_NOT_BEGUN) if words.startswith(f"{_NOT_BEGUN}invalid ") else ""


def _uttered(error: Any) -> tuple[str, bool]:
    """What was said, and whether a server has said it: of several tries, what one has said."""
    lines = _uncoded(error).splitlines() or [""]
    reached = [found[1] for line in lines if (found := _REACHED.search(line))]
    of_servers = (_OF_SERVER.fullmatch(words) for words in reached)
    spoken = next((found[1] for found in of_servers if found), None)
    return (spoken, True) if spoken else ((reached or lines)[0], False)


def _uncoded(error: Any) -> str:
    """The words of an error that has no code; of another kind they may quote the URL."""
    kinds = {kind.__name__ for kind in type(error).mro()}
    return str(error) if _HAS_WORDS in kinds and not getattr(error, "sqlstate", None) else ""
