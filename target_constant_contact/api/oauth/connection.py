"""A connection to an account: its application, its tokens, and who agreed to it."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache
from typing import Any, Final

from target_constant_contact.known_secrets import keep_secret
from target_constant_contact.redaction import redacted, trust

AUTH_URL: Final = "https://authz.constantcontact.com/oauth2/default/v1"
"""Base URL of the service's own authorization server."""
REFRESH_TOKEN_DAYS: Final = 180
"""Days after which an unused refresh token dies. Source: OAuth guide, refresh tokens."""

WARN_AFTER_DAYS: Final = 150
"""Age of a refresh token from which somebody should look after it."""

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_KINDS: Final = {None: "unknown", True: "rotating", False: "long-lived"}
_NUMBERS: Final = frozenset({"expires_at", "lifetime", "refreshed_at"})
_MOST_SECONDS: Final = 100_000_000_000.0
"""Some 3,000 years."""
_SALT: Final = b"target-constant-contact connection"
_ROUNDS: Final = 10_000
"""A few milliseconds: tokens are long and random, but nobody promises that."""

_MARGIN_SECONDS: Final = 60.0
_MARGIN_SHARE: Final = 0.1


@dataclass(frozen=True, slots=True)
class Application:
    """An application of the developer portal, which is also the API key that requests count for.

    Attributes:
        client_id: Its id.
        client_secret: Its secret; None for a public application (PKCE or device flow).
        auth_url: Base URL of the authorization server that knows it.
    """

    client_id: str
    client_secret: str | None = field(repr=False)
    auth_url: str

    def __post_init__(self) -> None:
        keep_secret(self.client_secret)


@dataclass(frozen=True, slots=True)
class Agreement:
    """Who agreed to personal data leaving, to what, and when.

    Attributes:
        by: The person, as they called themselves or as the machine knows them.
        at: Moment in ISO 8601, UTC.
        text: What they agreed to.
    """

    by: str
    at: str
    text: str

    def __post_init__(self) -> None:
        # Whoever agrees may be called by an address, and is shown to those who use the connection.
        trust(self.by)


# A plain record, with the members of the file that it is kept in.
@dataclass(frozen=True, slots=True)
class Connection:
    """A connection to one account: what ``login`` made, or what the settings seeded.

    Attributes:
        name: Its name.
        application: The application that it was made with.
        refresh_token: The newest refresh token; in the store it is empty while that is the seed of
            the settings.
        access_token: The newest access token; empty before the first renewal of a seed.
        expires_at: When the access token expires, in seconds since the epoch.
        lifetime: Life of the access token in seconds, as the service said.
        refreshed_at: When the refresh token was issued or last used, in seconds since the epoch.
        scope: Space-separated scopes that were granted.
        rotating: Whether the last renewal replaced the refresh token; None before the first one.
        account_id: The service's id of the account; empty when it is not known.
        account_name: The account's name; empty when it is not known.
        agreement: What was agreed to when it was made; None for a seeded connection.
        seed: Fingerprint of the seed in the settings that this chain stems from or supersedes.
        sent: Fingerprint of a refresh token that was sent and whose answer is not known.
    """

    name: str
    application: Application
    refresh_token: str = field(repr=False)
    access_token: str = field(default="", repr=False)
    expires_at: float = 0.0
    lifetime: float = 0.0
    refreshed_at: float = 0.0
    scope: str = ""
    rotating: bool | None = None
    account_id: str = ""
    account_name: str = ""
    agreement: Agreement | None = None
    seed: str = ""
    sent: str = ""

    def __post_init__(self) -> None:
        keep_secret(self.refresh_token, self.access_token)

    @property
    def scopes(self) -> frozenset[str]:
        """The scopes as a set."""
        return frozenset(self.scope.split())

    @property
    def refresh_token_expires_at(self) -> float:
        """When the refresh token dies unless it is used, in seconds since the epoch."""
        return self.refreshed_at + REFRESH_TOKEN_DAYS * 86_400

    @property
    def refresh_token_kind(self) -> str:
        """``rotating``, ``long-lived``, or ``unknown`` before the first renewal."""
        return _KINDS[self.rotating]

    def unused_seconds(self, now: float) -> float:
        """Time since the refresh token was issued or used; a clock set back makes it new."""
        return max(0.0, now - self.refreshed_at)

    def is_fresh(self, now: float) -> bool:
        """Whether the access token is good for another minute (a tenth of a shorter life)."""
        # A request that begins with a good token must also arrive with one.
        margin = min(_MARGIN_SECONDS, self.lifetime * _MARGIN_SHARE)
        return bool(self.access_token) and now < self.expires_at - margin

    def leading_to(self, account_id: str, account_name: str) -> Connection:
        """The connection with what the service says of its account, as it may be shown."""
        return replace(self, account_id=redacted(account_id), account_name=redacted(account_name))

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Connection:
        """Read what ``asdict`` made of a connection; members of later versions are passed over.

        Raises:
            ValueError, KeyError, TypeError, AttributeError: It is no such document.
        """
        values = _known(cls, document)
        application = Application(**_known(Application, values.pop("application")))
        agreement = values.pop("agreement", None)
        # JSON has one kind of number; another program may have written a whole one.
        for name in _NUMBERS & values.keys():
            values[name] = _seconds(values[name])
        if not isinstance(values["refresh_token"], str):
            raise TypeError("a connection has a refresh token")
        connection = cls(application=application, **values)
        return replace(
            connection, agreement=Agreement(**_known(Agreement, agreement)) if agreement else None
        )


def _seconds(value: Any) -> float:
    """A number of seconds that a date can be made of.

    Raises:
        ValueError, TypeError: It is none.
    """
    seconds = float(value)
    # Not so what is no number, which is neither more nor less than any.
    if not abs(seconds) <= _MOST_SECONDS:
        raise ValueError("no time of a connection")
    return seconds


def is_name(text: str) -> bool:
    """Whether a connection can be called so, and a file."""
    return _NAME.fullmatch(text) is not None


@lru_cache(maxsize=16)
def fingerprint(*secrets: str) -> str:
    """A text that tells secrets apart and does not give them away, short ones neither.

    It takes milliseconds on purpose, and a run asks for the same one several times.
    """
    text = "\0".join(secrets).encode(errors="surrogatepass")
    return hashlib.pbkdf2_hmac("sha256", text, _SALT, _ROUNDS).hex()


def is_fingerprint(text: str, *secrets: str) -> bool:
    """Whether a text is the fingerprint of secrets, as this version makes it or one before."""
    return bool(text) and text in {
        fingerprint(*secrets),
        hashlib.sha256("\0".join(secrets).encode(errors="surrogatepass")).hexdigest(),
    }


def name_fault(name: str) -> str:
    """What is wrong with the name of a connection; empty when nothing is."""
    if is_name(name):
        return ""
    return (
        f"connection: {name!r} cannot be a name; take up to 64 letters, digits, dots, dashes and "
        "underscores"
    )


def _known(kind: type, document: dict[str, Any]) -> dict[str, Any]:
    """The members of a document that a dataclass has."""
    names = {item.name for item in fields(kind)}
    return {name: value for name, value in document.items() if name in names}
