"""The door to the authorization server: limit, send, read, try again.

Source: https://developer.constantcontact.com/api_guide/auth_overview.html
"""

from __future__ import annotations

import logging
import re
import threading
import time
from typing import TYPE_CHECKING, Any, Final

from target_constant_contact.api.http.answers import NO_ANSWER, parsed
from target_constant_contact.api.http.errors import ServiceError, no_answer
from target_constant_contact.api.http.retry import (
    THROTTLED_SECONDS,
    PassingError,
    Retry,
    ThrottledError,
)
from target_constant_contact.exceptions import ServiceUnavailableError, SettingsError, SignInError
from target_constant_contact.log_fields import fields

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import requests
    from authlib.integrations.requests_client import OAuth2Session

    from target_constant_contact.api.limits.limiter import RateLimiter
    from target_constant_contact.api.oauth.connection import Application

_REDIRECT: Final = 300
_CLIENT_ERROR: Final = 400
_UNAUTHORIZED: Final = 401
_NOT_THERE: Final = frozenset({404, 405})
_TOO_MANY: Final = 429
_UNAVAILABLE: Final = 500
_WRONG_APPLICATION: Final = frozenset({"invalid_client", "unauthorized_client"})
_MAX_TRIES: Final = 5
_MAX_WAIT_SECONDS: Final = 10.0
_TOKEN: Final = re.compile(r"[!-~]{1,16384}")
"""Visible ASCII: nothing that could end a header. The service's have up to 1,200 characters."""
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
        self._stopped = threading.Event()
        self._retry = Retry(_MAX_TRIES, _MAX_WAIT_SECONDS, retry_seconds, self._stopped.is_set)

    def stop(self) -> None:
        """Make no further try of a call that is under way in another thread."""
        self._stopped.set()

    def call(
        self, what: str, send: Callable[[OAuth2Session], requests.Response], needed: Sequence[str]
    ) -> dict[str, Any]:
        """Make a call, again if that may help, and return the JSON object of its answer.

        Args:
            what: The call, for log and error lines.
            send: Sends it.
            needed: Members, one of which at least has to be a token in an answer.

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
            except PassingError as error:
                # Of any try: once the service may have used the token up, no later answer tells.
                lost = lost or error.maybe_taken
                raise

        try:
            return self._retry.call(attempt, what)
        except GrantRefusedError as error:
            error.answer_lost = lost
            raise
        except PassingError as error:
            raise NoGrantError(
                f"{what} got no usable answer from the authorization server, last: {error}. Run "
                "again later; see https://status.constantcontact.com",
                answer_lost=lost,
            ) from None

    def _attempt(
        self, send: Callable[[OAuth2Session], requests.Response], what: str, needed: Sequence[str]
    ) -> dict[str, Any]:
        with self.session() as session:
            # Once the session is there: its import takes longer than a slot is early.
            self._limiter.acquire()
            if self._stopped.is_set():
                raise PassingError("stopped", maybe_taken=False)
            return self._read(_send(session, send, what), what, needed)

    def _read(
        self, response: requests.Response, what: str, needed: Sequence[str]
    ) -> dict[str, Any]:
        status = response.status_code
        if status == _TOO_MANY:
            self._limiter.penalize(THROTTLED_SECONDS)
            raise ThrottledError(str(ServiceError.of(response)))
        # What went wrong behind the gateway may have come after the token was used.
        if status >= _UNAVAILABLE:
            raise PassingError(str(ServiceError.of(response)))
        if status >= _REDIRECT:
            raise _refused(ServiceError.of(response), what)
        try:
            answer = parsed(response)
        except ValueError:
            answer = None
        if not isinstance(answer, dict) or not any(as_token(answer.get(name)) for name in needed):
            raise PassingError(f"{status} without {needed[0]}")
        return answer

    def session(self) -> OAuth2Session:
        """Authlib's session of the application, to be closed by the caller."""
        from target_constant_contact.api.oauth.session import (  # noqa: PLC0415 - slow to load
            ApplicationSession,
        )

        return ApplicationSession(self._application)


def as_token(value: object) -> str:
    """A token of an answer; empty when it is none that a header can hold."""
    return value if isinstance(value, str) and _TOKEN.fullmatch(value) else ""


def _send(
    session: OAuth2Session, send: Callable[[OAuth2Session], requests.Response], what: str
) -> requests.Response:
    started = time.monotonic()
    try:
        return send(session)
    except NO_ANSWER as error:
        raise no_answer(error) from None
    except ValueError as error:
        fault = f"{what} cannot be sent ({type(error).__name__}); check auth_url and the proxy"
        raise SettingsError([fault]) from None
    finally:
        seconds = time.monotonic() - started
        told = fields(request=what, seconds=seconds)
        _logger.debug("%s in %.0f ms", what, seconds * 1000, extra=told)


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
