"""The grants of OAuth 2.0: what is asked of the authorization server, and what it answers.

The protocol is Authlib's; here are the service's addresses and the parts of its answers.

Source: https://developer.constantcontact.com/api_guide/auth_overview.html
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from target_constant_contact.api.http.addresses import refuse_unsafe
from target_constant_contact.api.oauth.transport import AuthTransport, as_token
from target_constant_contact.known_secrets import keep_secret
from target_constant_contact.redaction import is_id

if TYPE_CHECKING:
    from target_constant_contact.api.limits.limiter import RateLimiter
    from target_constant_contact.api.oauth.connection import Application

SCOPES: Final = ("contact_data", "offline_access", "account_read")
"""Contacts and lists; a refresh token; the account's name."""
DEVICE_CODE: Final = "urn:ietf:params:oauth:grant-type:device_code"
_SENT_SECRETS: Final = ("code", "code_verifier", "device_code", "refresh_token")
_DEVICE_SECONDS: Final = 600.0
_DEVICE_INTERVAL: Final = 5.0
_LONGEST_SECONDS: Final = 315_360_000.0
"""Ten years: what lives longer by its answer is not believed."""
_ACCESS_TOKEN_SECONDS: Final = 86_400.0
"""Life of an access token if the answer does not tell. Source: OAuth guide."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What the authorization server has granted.

    Attributes:
        access_token: Signs requests; empty when the answer had none that can be used, beside a
            refresh token.
        refresh_token: Brings the next access token; empty when none was granted.
        expires_in: Life of the access token in seconds.
        scope: Space-separated scopes; empty when the answer does not tell.
    """

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: float
    scope: str

    def __post_init__(self) -> None:
        keep_secret(self.access_token, self.refresh_token)


@dataclass(frozen=True, slots=True)
class DeviceCode:
    """A sign-in on another device that has begun.

    Attributes:
        device_code: What this machine asks with.
        user_code: What the person types in.
        url: Where; with the code in it if the service gives such an address.
        expires_in: Seconds until it is too late.
        interval: Seconds between two questions.
    """

    device_code: str = field(repr=False)
    user_code: str
    url: str
    expires_in: float
    interval: float

    def __post_init__(self) -> None:
        keep_secret(self.device_code)


class AuthorizationServer:
    """The authorization server, as one application sees it.

    Args:
        application: The application.
        limiter: Asked before each call; the service allows one in a second.
        retry_seconds: First of the growing waits between tries; None takes the usual one.

    Raises:
        SettingsError: Its address is neither encrypted nor on this machine.
    """

    def __init__(
        self,
        application: Application,
        *,
        limiter: RateLimiter,
        retry_seconds: float | None = None,
    ) -> None:
        refuse_unsafe("auth_url", application.auth_url)
        self._application = application
        self._url = application.auth_url.rstrip("/")
        self._transport = AuthTransport(application, limiter=limiter, retry_seconds=retry_seconds)

    def authorize_url(self, redirect_uri: str, state: str, code_verifier: str) -> str:
        """The address where a person signs in and approves, with PKCE.

        Args:
            redirect_uri: Where the browser goes afterwards; exactly as it was registered.
            state: Comes back unchanged.
            code_verifier: Secret of this sign-in, 43 to 128 characters.
        """
        keep_secret(code_verifier)
        with self._transport.session() as session:
            url, _ = session.create_authorization_url(
                f"{self._url}/authorize",
                state=state,
                code_verifier=code_verifier,
                redirect_uri=redirect_uri,
                scope=list(SCOPES),
            )
        return str(url)

    def exchange(self, code: str, redirect_uri: str, code_verifier: str) -> Grant:
        """Exchange an authorization code, which serves once and lives for 300 seconds.

        Raises:
            GrantRefusedError: The code is used up, expired or not this application's.
            SettingsError: The application is not known, or its secret is wrong.
            NoGrantError: No usable answer.
        """
        return self._fetch(
            grant_type="authorization_code",
            code=code,
            redirect_uri=redirect_uri,
            code_verifier=code_verifier,
        )

    def refresh(self, refresh_token: str) -> Grant:
        """Use a refresh token.

        Raises:
            GrantRefusedError: It is used up, revoked or expired.
            SettingsError: The application is not known, or its secret is wrong.
            NoGrantError: No usable answer.
        """
        return self._fetch(grant_type="refresh_token", refresh_token=refresh_token)

    def start_device(self) -> DeviceCode:
        """Begin a sign-in that a person finishes on another device.

        Raises:
            GrantRefusedError: The application may not do that.
            SettingsError: The application is not known.
            NoGrantError: No usable answer.
        """
        body = {"client_id": self._application.client_id, "scope": " ".join(SCOPES)}
        answer = self._transport.call(
            "POST /device/authorize",
            lambda session: session.request(
                "POST",
                f"{self._url}/device/authorize",
                data=body,
                headers={"Accept": "application/json"},
                # A secret must not go to another host.
                allow_redirects=False,
                withhold_token=True,
            ),
            needed=("device_code",),
        )
        return DeviceCode(
            device_code=as_token(answer["device_code"]),
            user_code=str(answer.get("user_code", "")),
            url=str(answer.get("verification_uri_complete") or answer.get("verification_uri", "")),
            expires_in=_seconds(answer.get("expires_in"), _DEVICE_SECONDS),
            interval=_seconds(answer.get("interval"), _DEVICE_INTERVAL),
        )

    def ask_device(self, device: DeviceCode) -> Grant:
        """Ask whether the person has approved.

        Raises:
            GrantRefusedError: Not yet (``authorization_pending``, ``slow_down``), or never.
            SettingsError: The application is not known.
            NoGrantError: No usable answer.
        """
        return self._fetch(grant_type=DEVICE_CODE, device_code=device.device_code)

    def stop(self) -> None:
        """Make no further try of a call that is under way in another thread."""
        self._transport.stop()

    def _fetch(self, **values: str) -> Grant:
        # A server may quote what it was sent.
        keep_secret(*(values.get(name) for name in _SENT_SECRETS))
        # Of the name of a grant, which may be a URN, log lines show the last part.
        answer = self._transport.call(
            f"POST /token ({values['grant_type'].rpartition(':')[2]})",
            lambda session: session.fetch_token(
                f"{self._url}/token", allow_redirects=False, **values
            ),
            needed=("access_token", "refresh_token"),
        )
        return Grant(
            access_token=as_token(answer.get("access_token")),
            refresh_token=as_token(answer.get("refresh_token")),
            expires_in=_seconds(answer.get("expires_in"), 0) or _ACCESS_TOKEN_SECONDS,
            # They are stored and shown, and a server may say anything here.
            scope=" ".join(filter(is_id, str(answer.get("scope") or "").split())),
        )


def _seconds(value: Any, default: float) -> float:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if is_number and 0 <= value <= _LONGEST_SECONDS else default
