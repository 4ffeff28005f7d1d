"""Signing of requests, and what the settings say of the way to sign in."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Final

from typing_extensions import override

from target_constant_contact.api.http.signer import Signer
from target_constant_contact.api.oauth.connection import (
    Application,
    Connection,
    fingerprint,
    is_fingerprint,
)
from target_constant_contact.exceptions import SettingsError, SignInError
from target_constant_contact.known_secrets import keep_secret

_TOKEN: Final = re.compile(r"[!-~]+")
"""Visible ASCII: nothing that could break a header, whose error would then quote the token."""


class BearerToken(Signer):
    """Signs requests with an access token that is managed elsewhere; it is not refreshed.

    Args:
        access_token: OAuth 2.0 access token with the scope ``contact_data``; blanks around it
            are dropped.

    Raises:
        SettingsError: The text cannot be a token. The message does not quote it.
    """

    def __init__(self, access_token: str) -> None:
        self._access_token = access_token.strip()
        keep_secret(self._access_token)
        if not _TOKEN.fullmatch(self._access_token):
            raise SettingsError(
                ["access_token is blank or holds characters that no token has; paste it alone"]
            )

    @property
    @override
    def access_token(self) -> str:
        return self._access_token

    @override
    def refusal(self, said: str) -> SignInError:
        return SignInError(
            f"{said}. The access token was not accepted; it may have expired (they live "
            "24 hours). Set a fresh access_token, or sign in with a connection, which renews it."
        )


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the settings say of the way to sign in.

    Attributes:
        connection: Name of the connection.
        auth_url: Base URL of the authorization server.
        client_id: The application; None to take the connection's.
        client_secret: Its secret; None to take the connection's.
        refresh_token: Seed of the connection; None when ``login`` has made it.
    """

    connection: str
    auth_url: str
    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    refresh_token: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        keep_secret(self.client_secret, self.refresh_token)

    @property
    def seed(self) -> str:
        """Fingerprint of the seed, so that a changed one is noticed; empty without one."""
        if not self.refresh_token:
            return ""
        return fingerprint(self.client_id or "", self.refresh_token)

    def to_store(self, connection: Connection) -> Connection:
        """What of a connection goes to disk: no secret that the settings bring to each run."""
        known = connection.application
        if self.client_secret and known.client_secret == self.client_secret:
            connection = replace(connection, application=replace(known, client_secret=None))
        if self.refresh_token and connection.refresh_token == self.refresh_token:
            connection = replace(connection, refresh_token="")
        return connection

    def resolve(self, stored: Connection | None) -> Connection:
        """The connection to use: a changed seed wins over what is stored.

        Raises:
            SignInError: There is neither a seed nor a stored refresh token.
            SettingsError: The stored connection belongs to another application.
        """
        if self.refresh_token and (stored is None or not self._is_of_seed(stored)):
            return Connection(
                name=self.connection,
                application=Application(self.client_id or "", self.client_secret, self.auth_url),
                refresh_token=self.refresh_token,
                seed=self.seed,
                sent=stored.sent if stored else "",
            )
        if stored is None:
            raise SignInError(
                f"There is no connection {self.connection!r}. Sign in: target-constant-contact "
                f"login --connection {self.connection}; or set client_id and refresh_token, or "
                "access_token, or sandbox: true to try without an account"
            )
        return self._with_application(self._with_token(stored))

    def _is_of_seed(self, stored: Connection) -> bool:
        return is_fingerprint(stored.seed, self.client_id or "", self.refresh_token or "")

    def _with_token(self, stored: Connection) -> Connection:
        if self.refresh_token:
            token = stored.refresh_token or self.refresh_token
            return replace(stored, refresh_token=token, seed=self.seed)
        if not stored.refresh_token:
            raise SignInError(
                f"Connection {self.connection!r} was made with the refresh_token of the settings, "
                "which is not set any more and was never stored. Set it again, or sign in: "
                f"target-constant-contact login --connection {self.connection}"
            )
        return stored

    def _with_application(self, stored: Connection) -> Connection:
        known = stored.application
        for name, said, kept in (
            ("client_id", self.client_id, known.client_id),
            ("auth_url", self.auth_url, known.auth_url),
        ):
            if said and said != kept:
                fault = (
                    f"{name} is {said!r}, but connection {stored.name!r} was made with {kept!r}. "
                    f"Correct {name}, name another connection, or sign in again: "
                    f"target-constant-contact login --connection {stored.name}"
                )
                raise SettingsError([fault])
        secret = self.client_secret or known.client_secret
        return replace(stored, application=replace(known, client_secret=secret))
