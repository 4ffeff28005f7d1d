"""The addresses that applications may send people back to."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

LOOPBACK = tuple(f"http://{host}/callback" for host in ("localhost", "127.0.0.1", "[::1]"))
"""What the applications of a new account have registered."""
_PORT = re.compile(r"(http://(?:localhost|127\.0\.0\.1|\[::1\])):[0-9]{1,5}(?=[/?]|\Z)")


def check(redirect_uri: str) -> None:
    """Check what an application wants to register.

    Raises:
        ValueError: It is no absolute URI, or has a user, a fragment, a blank or an asterisk.
    """
    parts = urlsplit(redirect_uri)
    whole = parts.scheme and not re.search(r"[\s*#\\]", redirect_uri) and "@" not in parts.netloc
    if not whole:
        raise ValueError("a redirect URI is a whole address without user, fragment, blank and *")


def is_same(registered: str, asked: str) -> bool:
    """Tell whether an address is the registered one.

    The texts are equal; only the port of an address of this machine may be another one, because a
    program takes a free one (RFC 8252, section 7.3).
    """
    return _without_port(registered) == _without_port(asked)


def _without_port(uri: str) -> str:
    found = _PORT.match(uri)
    return found[1] + uri[found.end() :] if found else uri
