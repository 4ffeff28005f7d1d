"""The door to the authorization server: limit, send, read, try again.

Source: https://developer.constantcontact.com/api_guide/auth_overview.html
"""

from __future__ import annotations

import logging
import re
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import backoff
import requests

from target_constant_contact.api.http.errors import ServiceError, never_sent
from target_constant_contact.exceptions import ServiceUnavailableError, SettingsError, SignInError

if TYPE_CHECKING:
    from collections.abc import Callable

    from authlib.integrations.requests_client import OAuth2Session

    from target_constant_contact.api.limits.limiter import RateLimiter
    from target_constant_contact.api.oauth.connection import Application

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
_NO_ANSWER: Final = (
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.ContentDecodingError,
)
_LIKE_A_TOKEN: Final = re.compile(r"[\w+/=-]{24,}")
"""What a server may quote of a request, and must not reach a log."""
_logger = logging.getLogger(__name__)


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


class AuthTransport:
    """Makes the calls of one application.

    A call that got no answer is made again, with the same token: the server may not have seen it,
    and if it has, then the token is used up anyway and nothing is lost by asking.

    Args:
        application: The application.
        limiter: Asked before each call; the service allows one in a second.
        retry_seconds: First of the growing waits between tries; None takes the usual one.
    """

    def __init__(
        self, application: Application, *, limiter: RateLimiter, retry_seconds: float | None
    ) -> None:
        self._application = application
        self._limiter = limiter
        self._retry_seconds = RETRY_SECONDS if retry_seconds is None else retry_seconds
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Make no further try of a call that is under way in another thread."""
        self._stopped.set()

    def call(
        self, what: str, send: Callable[[OAuth2Session], requests.Response], needed: str
    ) -> dict[str, Any]:
        """Make a call, again if that may help, and return the JSON object of its answer.

        Args:
            what: The call, for log and error lines.
            send: Sends it.
            needed: Member without which an answer is no answer.

        Raises:
            GrantRefusedError: The server refused.
            SettingsError: The application is not known, or the address is wrong.
            NoGrantError: No usable answer.
        """
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
        with self.session() as session:
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

    def session(self) -> OAuth2Session:
        """Authlib's session of the application, to be closed by the caller."""
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
            f"no answer ({type(error).__name__})", answer_lost=not never_sent(error)
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
