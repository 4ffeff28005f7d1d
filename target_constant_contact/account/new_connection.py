"""What becomes of a grant: it is judged, its account is looked up, and a connection is stored."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from typing_extensions import override

from target_constant_contact.api.oauth.connection import Agreement, Connection
from target_constant_contact.api.oauth.credentials import BearerToken
from target_constant_contact.api.oauth.grants import SCOPES
from target_constant_contact.api.oauth.tokens import reason
from target_constant_contact.exceptions import (
    SettingsError,
    SignInError,
    StorageError,
    TryLaterError,
)

if TYPE_CHECKING:
    from target_constant_contact.api.client import ConstantContactClient
    from target_constant_contact.api.models import AccountSummary
    from target_constant_contact.api.oauth.connection import Application
    from target_constant_contact.api.oauth.grants import Grant
    from target_constant_contact.api.oauth.renewal import ConnectionToken
    from target_constant_contact.api.oauth.tokens import StoredConnections

_CONTACTS, _OFFLINE, _ACCOUNT = SCOPES


class TokenNotAcceptedError(SignInError):
    """The API does not accept the token that was granted a moment ago."""


class NewToken(BearerToken):
    """Signs requests with the token of a sign-in that is under way."""

    @override
    def refusal(self, said: str) -> SignInError:
        return TokenNotAcceptedError(
            f"{said}. The access token that was just granted is not accepted; nothing was stored. "
            "Check that api_url and auth_url belong to the same service"
        )


def agreement_text(application: Application, api_url: str) -> str:
    """What a person agrees to by signing in."""
    return (
        "Runs with this connection send personal data from this machine to Constant Contact:\n"
        "of each member of your segments the e-mail address, names and all other contact\n"
        "properties that are mapped; and the names of the lists that they go to. These people\n"
        "have given permission to be mailed.\n"
        f"  To:           {urlsplit(api_url).netloc.rpartition('@')[2]}\n"
        f"  Application:  {application.client_id}, which is allowed\n"
        f"    {_CONTACTS:<14}  to write contacts and lists, and to see what became of them\n"
        f"    {_OFFLINE:<14}  to renew its tokens, so that runs need nobody\n"
        f"    {_ACCOUNT:<14}  to show and to check which account it is"
    )


def prove_writable(store: StoredConnections, name: str) -> None:
    """Make sure that a connection can be kept, before anybody signs in.

    Raises:
        TargetError: The store cannot be used.
    """
    try:
        store.prove()
    except StorageError as error:
        fault = (
            f"data_dir: connection {name!r} could not be stored ({reason(error)}); nobody was "
            "asked to sign in. Set data_dir to a folder that can be written and lasts"
        )
        raise StorageError([fault]) from None


def check_grant(grant: Grant) -> None:
    """Make sure that a grant is enough for unattended runs.

    Raises:
        SignInError: It has no token of each kind, or not the scope that members are sent with.
    """
    if not grant.access_token:
        raise SignInError(
            "Constant Contact gave no access token that can be used; nothing was stored. Sign in "
            "again"
        )
    # An answer that tells no scopes has all that were asked for (RFC 6749, section 5.1).
    scopes = grant.scope.split()
    if scopes and _CONTACTS not in scopes:
        raise SignInError(
            f"The scope {_CONTACTS} was not granted, without which no contact can be sent; "
            "nothing was stored. Sign in again as an administrator of the account, and approve "
            "all that is asked for"
        )
    if not grant.refresh_token:
        raise SignInError(
            f"Constant Contact gave no refresh token, because the scope {_OFFLINE} was not "
            "granted; nothing was stored. In the developer portal, let the application have "
            "refresh tokens (long-lived or rotating ones); then sign in again, and approve all "
            "that is asked for"
        )


def account_of(client: ConstantContactClient, grant: Grant) -> AccountSummary | None:
    """The account that a grant leads to; None when the service does not tell.

    Args:
        client: Signs with a :class:`NewToken` of the grant.
        grant: The grant.

    Raises:
        TokenNotAcceptedError: The token is not accepted at all.
    """
    if grant.scope and _ACCOUNT not in grant.scope.split():
        return None
    try:
        return client.account_summary()
    except TokenNotAcceptedError:
        # Nothing else will be accepted either; a missing privilege only hides the account's name.
        raise
    except SignInError:
        return None


def check_account(found: AccountSummary | None, expected: str | None) -> None:
    """Refuse another account than the one that is meant.

    Raises:
        SettingsError: It is another one, or cannot be told.
    """
    if not expected or (found and found.is_called(expected)):
        return
    if found is None:
        fault = (
            f"account is {expected!r}, but Constant Contact does not tell which one this is: that "
            f"takes the scope {_ACCOUNT} and the privilege account:read; nothing was stored. Sign "
            "in as an administrator of the account, and approve all that is asked for"
        )
    else:
        fault = (
            f"account is {expected!r}, but the sign-in is for {found.name!r} "
            f"({found.account_id}); nothing was stored. Correct account, or sign in to the other "
            "one"
        )
    raise SettingsError([fault])


def connection_of(name: str, application: Application, grant: Grant, now: float) -> Connection:
    """The connection that a grant makes; it does not know its account and agreement yet.

    Args:
        name: Its name.
        application: The application that was signed in with.
        grant: What was granted.
        now: When, in seconds since the epoch.
    """
    return Connection(
        name=name,
        application=application,
        refresh_token=grant.refresh_token,
        access_token=grant.access_token,
        expires_at=now + grant.expires_in,
        lifetime=grant.expires_in,
        refreshed_at=now,
        scope=grant.scope,
    )


def agreement(by: str, text: str, now: float) -> Agreement:
    """What is stored of a person's agreement.

    Args:
        by: The person.
        text: What they were shown.
        now: When they agreed, in seconds since the epoch.
    """
    at = datetime.fromtimestamp(now, UTC).isoformat(timespec="seconds")
    return Agreement(by=by, at=at, text=text)


def keep(store: StoredConnections, connection: Connection) -> None:
    """Store a connection in the place of one of its name.

    Raises:
        StorageError, TryLaterError: It cannot be stored now; one of its name stays as it was.
    """
    try:
        with store.lock(connection.name):
            store.write(connection)
    except StorageError as error:
        fault = (
            f"data_dir: the sign-in worked, but connection {connection.name!r} could not be "
            f"stored ({reason(error)}). Make room or correct the rights there, and sign in again"
        )
        raise StorageError([fault]) from None
    except TryLaterError as error:
        raise TryLaterError(
            f"The sign-in worked, but connection {connection.name!r} could not be stored: {error}. "
            "Sign in again then"
        ) from None


def prove_renewal(token: ConnectionToken, connection: Connection) -> Connection:
    """Renew a connection that was just stored, as runs do it.

    Args:
        token: Renews it, and stores each token before its use.
        connection: The connection as it was stored.

    Returns:
        It, renewed.

    Raises:
        SettingsError, SignInError, TryLaterError: What it fails of would stop runs later on.
    """
    try:
        token.renew(connection.access_token)
    except (SettingsError, SignInError, TryLaterError) as error:
        said = (
            f"Connection {connection.name!r} is stored, but could not be renewed just now; unless "
            f"that changes, runs stop when its access token expires: {error}"
        )
        if isinstance(error, SettingsError):
            raise SettingsError([said]) from None
        if isinstance(error, TryLaterError):
            raise TryLaterError(said) from None
        raise SignInError(said) from None
    return token.connection
