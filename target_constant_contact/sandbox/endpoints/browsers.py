"""What keeps pages of others out, which are open in a browser of this machine.

Whoever signs in here has no session that could be told from another one, so there is nothing that a
token in a form could belong to; it is the browser that says where a request comes from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import current_app, request

from target_constant_contact.sandbox.control.headers import SECURITY
from target_constant_contact.sandbox.endpoints.answers import RefusalError

if TYPE_CHECKING:
    from flask import Response

_READING = {"GET", "HEAD", "OPTIONS"}


def check() -> None:
    """Refuse a request under the name of another machine, and a change that another page asks for.

    Raises:
        RefusalError: 403.
    """
    if not _is_here() or (request.method not in _READING and comes_from_another_page()):
        raise RefusalError(403, {"message": "Forbidden"})


def comes_from_another_page() -> bool:
    """Tell whether a page of another origin has let the browser make this request.

    A program says nothing of an origin, and no browser leaves both headers out of what changes
    something.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site not in {"same-origin", "none"}
    own = request.host_url.rstrip("/")
    return request.headers.get("Origin", own) != own


def protect(response: Response) -> Response:
    """Put the headers of security on an answer, as far as it has none of its own."""
    for name, value in SECURITY.items():
        response.headers.setdefault(name, value)
    return response


def allow_form_to(scheme: str) -> dict[str, str]:
    """Return the header of a page whose form ends, by a redirect, at an address of this scheme."""
    name = "Content-Security-Policy"
    return {name: SECURITY[name].replace("form-action 'self'", f"form-action 'self' {scheme}:")}


def _is_here() -> bool:
    """Tell whether the name is this machine's: a page must not read the account by DNS."""
    hosts = current_app.config["SANDBOX_HOSTS"]
    name = request.host.rsplit(":", 1)[0] if request.host[-1:] != "]" else request.host
    return not hosts or name in hosts
