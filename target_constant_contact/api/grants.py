"""The grants of OAuth 2.0: what is asked of the authorization server, and what it answers.

The protocol is Authlib's; here are the service's addresses and errors, patience with passing
faults, and the limit of one call a second.

Source: https://developer.constantcontact.com/api_guide/auth_overview.html
"""

from __future__ import annotations

import logging
import re
import ssl
import threading
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import backoff
import requests
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError
from urllib3.exceptions import SSLError as ConnectionSSLError

from target_constant_contact.api.errors import ServiceError
from target_constant_contact.exceptions import ServiceUnavailableError, SettingsError, SignInError

if TYPE_CHECKING:
    from collections.abc import Callable

    from authlib.integrations.requests_client import OAuth2Session

    from target_constant_contact.api.limits import RateLimiter
    from target_constant_contact.api.tokens import Application

AUTH_URL: Final = "https://authz.constantcontact.com/oauth2/default/v1"
SCOPES: Final = ("contact_data", "offline_access", "account_read")
"""Contacts and lists; a refresh token; the account's name."""
DEVICE_CODE: Final = "urn:ietf:params:oauth:grant-type:device_code"
RETRY_SECONDS: Final = 1.0
"""First of the growing waits between the tries of a call; the waits are jittered."""

_REDIRECT: Final = 300
_CLIENT_ERROR: Final = 400
_UNAUTHORIZED: Final = 401
_NOT_THERE: Final = frozenset({404, 405})
_TOO_MANY: Final = 429
_UNAVAILABLE: Final = 500
_THROTTLED_SECONDS: Final = 1.0
_WRONG_APPLICATION: Final = frozenset({"invalid_client", "unauthorized_client"})
_MAX_TRIES: Final = 5
_MAX_WAIT_SECONDS: Final = 10.0
_TIMEOUT: Final = (10.0, 30.0)
_DEVICE_SECONDS: Final = 600.0
_DEVICE_INTERVAL: Final = 5.0
_ACCESS_TOKEN_SECONDS: Final = 86_400.0
"""Life of an access token if the answer does not tell. Source: OAuth guide."""
_NO_ANSWER: Final = (
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.ContentDecodingError,
)
_LIKE_A_TOKEN: Final = re.compile(r"[\w+/=-]{24,}")
"""What a server may quote of a request, and must not reach a log."""
_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Grant:
    """What the authorization server has granted.

    Attributes:
        access_token: Signs requests.
        refresh_token: Brings the next access token; empty when none was granted.
        expires_in: Life of the access token in seconds.
        scope: Space-separated scopes; empty when the answer does not tell.
    """

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: float
    scope: str


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


class GrantRefusedError(SignInError):
    """The authorization server refused, and would again.

    Args:
        message: One line for the person.
        key: OAuth 2.0 error code, such as ``invalid_grant``.
        answer_lost: Whether an earlier try of the same call got no answer, so that it may have
            been carried out.
    """

    def __init__(self, message: str, *, key: str, answer_lost: bool = False) -> None:
        super().__init__(message)
        self.key = key
        self.answer_lost = answer_lost


class NoGrantError(ServiceUnavailableError):
    """The authorization server gave no usable answer.

    Args:
        message: One line for the person.
        answer_lost: Whether the call may have been carried out all the same.
    """

    def __init__(self, message: str, *, answer_lost: bool) -> None:
        super().__init__(message)
        self.answer_lost = answer_lost


class _PassingError(Exception):
    """A call failed in a way that another try may mend."""

    def __init__(self, message: str, *, answer_lost: bool) -> None:
        super().__init__(message)
        self.answer_lost = answer_lost


class AuthorizationServer:
    """The authorization server, as one application sees it.

    A call that got no answer is made again, with the same token: the server may not have seen it,
    and if it has, then the token is used up anyway and nothing is lost by asking.

    Args:
        application: The application.
        limiter: Asked before each call; the service allows one in a second.
        retry_seconds: First of the growing waits between tries; None takes the usual one.
    """

    def __init__(
        self,
        application: Application,
        *,
        limiter: RateLimiter,
        retry_seconds: float | None = None,
    ) -> None:
        self._application = application
        self._url = application.auth_url.rstrip("/")
        self._limiter = limiter
        self._retry_seconds = RETRY_SECONDS if retry_seconds is None else retry_seconds
        self._stopped = threading.Event()

    def authorize_url(self, redirect_uri: str, state: str, code_verifier: str) -> str:
        """The address where a person signs in and approves, with PKCE.

        Args:
            redirect_uri: Where the browser goes afterwards; exactly as it was registered.
            state: Comes back unchanged.
            code_verifier: Secret of this sign-in, 43 to 128 characters.
        """
        with self._session() as session:
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
        answer = self._call(
            "POST /device/authorize",
            lambda session: session.request(
                "POST",
                f"{self._url}/device/authorize",
                data=body,
                headers={"Accept": "application/json"},
                allow_redirects=False,
                withhold_token=True,
            ),
            needed="device_code",
        )
        return DeviceCode(
            device_code=str(answer["device_code"]),
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
        self._stopped.set()

    def _fetch(self, **values: str) -> Grant:
        answer = self._call(
            f"POST /token ({values['grant_type'].rpartition(':')[2]})",
            lambda session: session.fetch_token(
                f"{self._url}/token", allow_redirects=False, **values
            ),
            needed="access_token",
        )
        return Grant(
            access_token=str(answer["access_token"]),
            refresh_token=str(answer.get("refresh_token") or ""),
            expires_in=_seconds(answer.get("expires_in"), 0) or _ACCESS_TOKEN_SECONDS,
            scope=str(answer.get("scope") or ""),
        )

    def _call(
        self, what: str, send: Callable[[OAuth2Session], requests.Response], needed: str
    ) -> dict[str, Any]:
        """Make a call, again if that may help, and return the JSON object of its answer."""
        lost = False

        def attempt() -> dict[str, Any]:
            nonlocal lost
            try:
                return self._attempt(send, what, needed)
            except _PassingError as error:
                lost = lost or error.answer_lost
                raise

        def tell(details: Any) -> None:
            _logger.warning(
                "%s: %s; trying again in %.1f s", what, details["exception"], details["wait"]
            )

        retrying = backoff.on_exception(
            backoff.expo,
            _PassingError,
            max_tries=_MAX_TRIES,
            giveup=lambda _: self._stopped.is_set(),
            factor=self._retry_seconds,
            max_value=_MAX_WAIT_SECONDS,
            logger=None,
            on_backoff=tell,
        )
        try:
            return retrying(attempt)()
        except GrantRefusedError as error:
            error.answer_lost = lost
            raise
        except _PassingError as error:
            raise NoGrantError(
                f"{what} got no usable answer from the authorization server, last: {error}. Run "
                "again later; see https://status.constantcontact.com",
                answer_lost=lost,
            ) from None

    def _attempt(
        self, send: Callable[[OAuth2Session], requests.Response], what: str, needed: str
    ) -> dict[str, Any]:
        with self._session() as session:
            # Once the session is there: its import takes longer than a slot is early.
            self._limiter.acquire()
            if self._stopped.is_set():
                raise _PassingError("stopped", answer_lost=False)
            return self._read(_send(session, send, what), what, needed)

    def _read(self, response: requests.Response, what: str, needed: str) -> dict[str, Any]:
        status = response.status_code
        if status == _TOO_MANY:
            self._limiter.penalize(_THROTTLED_SECONDS)
            raise _PassingError(str(_said(response)), answer_lost=False)
        if status >= _UNAVAILABLE:
            raise _PassingError(str(_said(response)), answer_lost=True)
        if status >= _REDIRECT:
            raise _refused(_said(response), what)
        try:
            answer = response.json()
        except ValueError:
            answer = None
        if not isinstance(answer, dict) or not answer.get(needed):
            raise _PassingError(f"{status} without {needed}", answer_lost=True)
        return answer

    def _session(self) -> OAuth2Session:
        # Imported here: a run in the sandbox, or with an access token, needs none of it.
        from authlib.integrations.requests_client import OAuth2Session  # noqa: PLC0415

        session = OAuth2Session(
            self._application.client_id,
            self._application.client_secret,
            code_challenge_method="S256",
            default_timeout=_TIMEOUT,
        )
        # Answers are read here: Authlib raises for an odd member, and the token would be lost.
        session.parse_response_token = lambda response: response  # type: ignore[method-assign]
        return session


def _send(
    session: OAuth2Session, send: Callable[[OAuth2Session], requests.Response], what: str
) -> requests.Response:
    started = time.monotonic()
    try:
        return send(session)
    except _NO_ANSWER as error:
        # Its text may quote the request.
        raise _PassingError(
            f"no answer ({type(error).__name__})", answer_lost=not _never_sent(error)
        ) from None
    except ValueError as error:
        fault = f"{what} cannot be sent ({type(error).__name__}); check auth_url and the proxy"
        raise SettingsError([fault]) from None
    finally:
        _logger.debug("%s in %.0f ms", what, (time.monotonic() - started) * 1000)


def _said(response: requests.Response) -> ServiceError:
    """What the service says of a call, with anything like a token masked."""
    error = ServiceError.of(response)
    return replace(error, message=_LIKE_A_TOKEN.sub("***", error.message))


def _refused(error: ServiceError, what: str) -> Exception:
    if error.status < _CLIENT_ERROR or error.status in _NOT_THERE:
        fault = f"{what}: {error}. There is no authorization server at this address: check auth_url"
        return SettingsError([fault])
    if error.key in _WRONG_APPLICATION or error.status == _UNAUTHORIZED:
        fault = (
            f"{what}: {error}. Constant Contact does not take this application: check client_id, "
            "client_secret (a new secret replaces the old one) and the kind of the application "
            "in the developer portal"
        )
        return SettingsError([fault])
    return GrantRefusedError(
        f"{what}: {error}. The authorization server refused; sign in again: "
        "target-constant-contact login",
        key=error.key,
    )


def _never_sent(error: requests.RequestException) -> bool:
    """Whether no connection came about, so that the server cannot have seen the call."""
    if isinstance(error, (requests.ConnectTimeout, requests.exceptions.ProxyError)):
        return True
    reason = getattr(error.args[0], "reason", None) if error.args else None
    if isinstance(reason, ConnectionSSLError):
        # Others may come while the answer is read.
        return isinstance(reason.args[0], ssl.SSLCertVerificationError)
    return isinstance(reason, (NewConnectionError, ConnectTimeoutError))


def _seconds(value: Any, default: float) -> float:
    return float(value) if isinstance(value, (int, float)) and value >= 0 else default
