"""Checks of the way in: the connection, its scopes, the user's privileges, the account."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from target_constant_contact.api.oauth.connection import REFRESH_TOKEN_DAYS, WARN_AFTER_DAYS
from target_constant_contact.api.oauth.renewal import ConnectionToken
from target_constant_contact.checks.results import Check
from target_constant_contact.exceptions import ApiError, SignInError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from target_constant_contact.account.account import Account
    from target_constant_contact.api.oauth.connection import Connection
    from target_constant_contact.settings.settings import Settings

READ_LISTS: Final = "contacts:lists:read"
READ_CONTACTS: Final = "contacts:read"

_DAY_SECONDS: Final = 86_400
_PRIVILEGES: Final = {
    READ_CONTACTS: "custom fields cannot be read",
    "contacts:write": "nobody can be imported",
    READ_LISTS: "lists cannot be found",
    "contacts:lists:write": "nobody can be put on a list, and no list be created",
}
"""What is impossible without a privilege. Source: the operations of the API reference."""

_OPTIONAL_SCOPES: Final = {
    "offline_access": "the connection ends when its access token does",
    "account_read": "the account's name is not known, and `account` cannot be compared",
}


def check_connection(account: Account, settings: Settings, now: float) -> Iterator[Check]:
    """Which token there is, and how long it lasts; one that has expired is renewed.

    Args:
        account: The account.
        settings: The settings.
        now: Seconds since the epoch.

    Raises:
        TargetError: There is no connection, or no token is to be had.
    """
    if not isinstance(account.signer, ConnectionToken):
        yield Check("connection", "ok", _without_connection(settings))
        return
    before = settings.credentials.resolve(account.store.read(account.signer.name))
    connection = account.signer.connection
    yield Check("connection", "ok", f"{connection.name!r}: {_prospects(connection)}")
    days = int(before.unused_seconds(now) // _DAY_SECONDS)
    if before.refreshed_at and days >= WARN_AFTER_DAYS:
        detail = (
            f"{connection.name!r}: the refresh token had last been used {days} days ago, and dies "
            f"after {REFRESH_TOKEN_DAYS} without use; run more often, or this check"
        )
        yield Check("connection", "warning", detail)


def check_scopes(account: Account) -> Iterator[Check]:
    """What the person who signed in has allowed."""
    signer = account.signer
    scopes = signer.connection.scopes if isinstance(signer, ConnectionToken) else frozenset()
    if not scopes:
        detail = "not known for this token; the checks below show what it may do"
        yield Check("scopes", "skipped", detail)
        return
    again = f"Sign in again: target-constant-contact login --connection {account.connection_name}"
    if "contact_data" not in scopes:
        detail = f"contact_data is missing: contacts and lists cannot be reached. {again}"
        yield Check("scopes", "failed", detail, SignInError.exit_code)
    for scope, loss in _OPTIONAL_SCOPES.items():
        if scope not in scopes:
            yield Check("scopes", "warning", f"{scope} is missing: {loss}. {again}")
    if scopes >= {"contact_data", *_OPTIONAL_SCOPES}:
        yield Check("scopes", "ok", ", ".join(("contact_data", *_OPTIONAL_SCOPES)))


def check_privileges(granted: frozenset[str]) -> Iterator[Check]:
    """What the user who signed in may do in the account.

    Args:
        granted: Names of the user's privileges.
    """
    missing = [name for name in _PRIVILEGES if name not in granted]
    for name in missing:
        detail = (
            f"{name} is missing: {_PRIVILEGES[name]}. Ask an administrator of the account for it, "
            "or sign in as one"
        )
        yield Check("privileges", "failed", detail, SignInError.exit_code)
    if not missing:
        yield Check("privileges", "ok", ", ".join(_PRIVILEGES))


def check_account(account: Account, settings: Settings) -> Iterator[Check]:
    """Which account it is.

    Raises:
        SettingsError: It is another one than the settings name.
        SignInError: The settings name one, and it cannot be told which this is.
    """
    try:
        summary = account.identify()
    except SignInError:
        if settings.account and not settings.sandbox:
            raise
        detail = (
            "its name cannot be told: the token lacks the scope account_read, or its user the "
            "privilege account:read"
        )
        yield Check("account", "warning", detail)
    except ApiError as error:
        if settings.account and not settings.sandbox:
            raise
        yield Check("account", "warning", f"its name cannot be told: {error}")
    else:
        yield Check("account", "ok", f"{summary.name or 'without a name'} ({summary.account_id})")


def _without_connection(settings: Settings) -> str:
    if settings.sandbox:
        return "sandbox: an account on this machine; nothing leaves it"
    return "an access token, used as it is: how long it is good is not known, and nothing renews it"


def _prospects(connection: Connection) -> str:
    dies = datetime.fromtimestamp(connection.refresh_token_expires_at, UTC)
    good_until = datetime.fromtimestamp(connection.expires_at, UTC)
    return (
        f"access token good until {good_until:%Y-%m-%d %H:%M} UTC; refresh token (kind: "
        f"{connection.refresh_token_kind}) good until {dies:%Y-%m-%d} without use"
    )
