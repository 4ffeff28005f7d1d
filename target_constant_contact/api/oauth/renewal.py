"""Renewing the tokens of a connection.

One process at a time does it, and no token is used before it is stored.
"""

from __future__ import annotations

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from typing_extensions import override

from target_constant_contact.api.http.signer import Signer
from target_constant_contact.api.oauth.connection import (
    REFRESH_TOKEN_DAYS,
    fingerprint,
    is_fingerprint,
)
from target_constant_contact.api.oauth.tokens import reason
from target_constant_contact.api.oauth.transport import GrantRefusedError, NoGrantError
from target_constant_contact.exceptions import SettingsError, SignInError, StorageError, TargetError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from target_constant_contact.api.oauth.connection import Application, Connection
    from target_constant_contact.api.oauth.credentials import Credentials
    from target_constant_contact.api.oauth.grants import AuthorizationServer, Grant
    from target_constant_contact.api.oauth.tokens import StoredConnections

_INVALID_GRANT: Final = "invalid_grant"
_logger = logging.getLogger("target-constant-contact")


class ConnectionToken(Signer):
    """Signs requests with a connection of the store, and renews its tokens.

    Tokens are renewed a minute before they expire, and when the service does not accept one. One
    process at a time does so, and the others take what it has stored.

    Args:
        credentials: What the settings say.
        store: The stored connections.
        server: Makes the authorization server of an application.
        clock: Returns seconds since the epoch.
    """

    def __init__(
        self,
        credentials: Credentials,
        store: StoredConnections,
        server: Callable[[Application], AuthorizationServer],
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._credentials = credentials
        self._store = store
        self._make_server = server
        self._clock = clock
        self._lock = threading.Lock()
        self._connection: Connection | None = None

    @property
    def name(self) -> str:
        """The name of the connection."""
        return self._credentials.connection

    @property
    def client_id(self) -> str:
        """The API key that requests count for; empty while there is no connection."""
        if self._credentials.client_id:
            return self._credentials.client_id
        with suppress(TargetError):  # What is wrong with the store is said when it is needed.
            if stored := self._store.read(self.name):
                return stored.application.client_id
        return ""

    @property
    def connection(self) -> Connection:
        """The connection, with an access token that is not about to expire.

        Raises:
            SignInError: There is no connection, or its refresh token is not accepted.
            SettingsError: The store cannot be used, or the application is refused.
            TryLaterError: The authorization server does not answer.
        """
        with self._lock:
            return self._fresh()

    @property
    @override
    def access_token(self) -> str:
        return self.connection.access_token

    @override
    def make_ready(self) -> None:
        with self._lock:
            self._fresh()

    @override
    def renew(self, rejected: str) -> bool:
        with self._lock:
            if self._connection is None or self._connection.access_token == rejected:
                self._connection = self._obtain(rejected)
        return True

    @override
    def refusal(self, said: str) -> SignInError:
        return SignInError(
            f"{said}. The access token of connection {self.name!r} was renewed and not accepted "
            f"again. Sign in again: target-constant-contact login --connection {self.name}"
        )

    def remember_account(self, account_id: str, account_name: str) -> None:
        """Store which account the connection leads to, if that is news."""
        known = self._connection
        if known and known.leading_to(account_id, account_name) == known:
            return
        with self._lock, self._store.lock(self.name):
            stored = self._store.read(self.name)
            if stored is not None:
                stored = stored.leading_to(account_id, account_name)
                self._connection = self._credentials.resolve(stored)
                with suppress(TargetError):  # It is asked again next time.
                    self._keep(stored)

    def _fresh(self) -> Connection:
        """The connection, renewed if its access token is about to expire (lock held)."""
        if self._connection is None or not self._connection.is_fresh(self._clock()):
            self._connection = self._obtain("")
        return self._connection

    def _obtain(self, rejected: str) -> Connection:
        """The stored tokens if they are good, or new ones.

        The work is done in a thread of its own: a signal raises in the main thread, and must not
        come between the use of a token and the storing of the next one.
        """
        servers: list[AuthorizationServer] = []
        with ThreadPoolExecutor(1, thread_name_prefix="renew") as pool:
            try:
                return pool.submit(self._obtain_locked, rejected, servers).result()
            except BaseException:
                for server in servers:
                    server.stop()
                raise

    def _obtain_locked(self, rejected: str, servers: list[AuthorizationServer]) -> Connection:
        # Without a lock first: whoever has nothing to sign in with need not write anything.
        self._credentials.resolve(self._store.read(self.name))
        with self._locked():
            stored = self._store.read(self.name)
            current = self._credentials.resolve(stored)
            if current.is_fresh(self._clock()) and current.access_token != rejected:
                return current
            servers.append(self._make_server(current.application))
            return self._refresh(current, stored, servers[0])

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with ExitStack() as stack:
            try:
                stack.enter_context(self._store.lock(self.name))
            except StorageError as error:
                raise _unwritable(self.name, error) from None
            yield

    def _refresh(
        self, current: Connection, stored: Connection | None, server: AuthorizationServer
    ) -> Connection:
        """Use the refresh token of a connection and store what it brings (lock held)."""
        sent_before = is_fingerprint(current.sent, current.refresh_token)
        # What is stored stays until the token has proved good; only the note is added.
        noted = replace(stored or current, sent=fingerprint(current.refresh_token))
        self._write(noted)
        try:
            grant = server.refresh(current.refresh_token)
        except GrantRefusedError as error:
            lost = sent_before or error.answer_lost
            return self._after_refusal(current, error, answer_lost=lost)
        except (NoGrantError, SettingsError) as error:
            if not sent_before and not getattr(error, "answer_lost", False):
                with suppress(TargetError):  # What went wrong before is what matters.
                    self._keep(replace(noted, sent=""))
            raise
        renewed = self._renewed(current, grant)
        self._store_new(renewed)
        # Not before: the refresh token of this answer is the only one that serves from now on.
        if not grant.access_token:
            raise NoGrantError(
                f"The authorization server has renewed connection {self.name!r} without an access "
                "token that can be used; the next refresh token is stored. Run again later",
                answer_lost=False,
            )
        return renewed

    def _renewed(self, current: Connection, grant: Grant) -> Connection:
        now = self._clock()
        rotated = bool(grant.refresh_token) and grant.refresh_token != current.refresh_token
        if rotated and current.refresh_token == self._credentials.refresh_token:
            _logger.warning(
                "The refresh token of the settings has been used up; connection %r goes on with "
                "the next one, which is only in %s. Keep that store: without it the next run "
                "cannot sign in",
                self.name,
                self._store.place,
            )
        return replace(
            current,
            refresh_token=grant.refresh_token or current.refresh_token,
            access_token=grant.access_token,
            expires_at=now + grant.expires_in,
            lifetime=grant.expires_in,
            refreshed_at=now,
            scope=grant.scope or current.scope,
            rotating=rotated,
            sent="",
        )

    def _after_refusal(
        self, current: Connection, error: GrantRefusedError, *, answer_lost: bool
    ) -> Connection:
        """What another process has stored meanwhile (where locks do not work), or an error."""
        latest = self._store.read(self.name)
        kept = latest is not None and latest.refresh_token not in {"", current.refresh_token}
        if latest is not None and kept:
            resolved = self._credentials.resolve(latest)
            if resolved.refresh_token == latest.refresh_token:
                return resolved
        if error.key != _INVALID_GRANT:
            raise error
        raise self._explained(current, answer_lost=answer_lost, kept=kept) from None

    def _explained(self, current: Connection, *, answer_lost: bool, kept: bool) -> SignInError:
        again = f"Sign in again: target-constant-contact login --connection {self.name}"
        if current.refresh_token == self._credentials.refresh_token:
            again = f"Set a new refresh_token, or take it out of the settings and s{again[1:]}"
        if kept:
            again = (
                "Set a new refresh_token, or take it out of the settings to go on with the "
                "tokens that the connection has; they are untouched"
            )
        if answer_lost and current.rotating is not False:
            return SignInError(
                f"The refresh token of connection {self.name!r} is used up, and the answer that "
                "held the next one was lost: a run was killed, or its network failed, between "
                f"the two. {again}"
            )
        return SignInError(
            f"The refresh token of connection {self.name!r} is not accepted: it was used "
            f"elsewhere, revoked, or not used for {REFRESH_TOKEN_DAYS} days. {again}"
        )

    def _keep(self, connection: Connection) -> None:
        self._store.write(self._credentials.to_store(connection))

    def _write(self, connection: Connection) -> None:
        try:
            self._keep(connection)
        except TargetError as error:
            raise _unwritable(self.name, error) from None

    def _store_new(self, renewed: Connection) -> None:
        """Store what a renewal has brought, before its first use."""
        try:
            self._keep(renewed)
        except TargetError as error:
            if not renewed.rotating:
                return  # The token serves again.
            raise SignInError(
                f"Connection {self.name!r} was renewed, but the next refresh token could not be "
                f"stored ({reason(error)}), and the one before is used up. Make room or correct "
                "the rights there, then sign in again: "
                f"target-constant-contact login --connection {self.name}"
            ) from None


def _unwritable(name: str, error: TargetError) -> TargetError:
    """The error for a store in which no token can be kept; none was used."""
    if not isinstance(error, StorageError):
        return error
    fault = (
        f"data_dir: connection {name!r} cannot be stored ({reason(error)}), so its refresh token "
        "was not used: each serves once, and the next one would be lost. Set data_dir to a folder "
        "that can be written and lasts; with long-lived refresh tokens (a choice of the "
        "application in the developer portal), any folder will do"
    )
    return StorageError([fault])
