"""What a request needs: a scope of its token, and a privilege of the account's user."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

_SUMMARY = "/v3/account/summary"
_PRIVILEGES = "/v3/account/user/privileges"
_LISTS = "/v3/contact_lists"
# Even looking at an activity, or at what it exported, needs the privilege to write.
_BULK = ("/v3/activities", "/v3/contact_exports")


def permits(method: str, path: str, scopes: Collection[str], privileges: Collection[str]) -> bool:
    """Tell whether a token with these scopes, of a user with these privileges, may do this.

    Scopes and privileges are those that the official description names for each operation.
    """
    if path == _PRIVILEGES:
        return True
    scope = "account_read" if path == _SUMMARY else "contact_data"
    return scope in scopes and _privilege(method, path) in privileges


def _privilege(method: str, path: str) -> str:
    if path == _SUMMARY:
        return "account:read"
    area = "contacts:lists" if path.startswith(_LISTS) else "contacts"
    reads = method in {"GET", "HEAD"} and not path.startswith(_BULK)
    return f"{area}:read" if reads else f"{area}:write"
