"""The single door to the network: limit, sign, send, classify, retry."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from importlib.metadata import version
from typing import IO, TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import urljoin, urlsplit

import backoff
import requests

from target_constant_contact.api.http.answers import (
    NO_ANSWER,
    PassingError,
    items,
    json_of,
    next_href,
    saved_table,
)
from target_constant_contact.api.http.errors import ServiceError, never_sent
from target_constant_contact.exceptions import (
    ApiError,
    LostAnswerError,
    QueueFullError,
    QuotaExceededError,
    ServiceUnavailableError,
    SettingsError,
    SignInError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from target_constant_contact.api.http.signer import Signer
    from target_constant_contact.api.limits.limiter import RateLimiter

T = TypeVar("T")

RETRY_SECONDS: Final = 1.0
"""First of the growing waits between the tries of a request; the waits are jittered."""

_OK: Final = 200
_UNAUTHORIZED: Final = 401
_FORBIDDEN: Final = 403
_TOO_MANY: Final = 429
_NOT_FOUND: Final = 404
_NOT_YET: Final = 202
_UNAVAILABLE: Final = range(500, 600)
_MAX_WAIT_SECONDS: Final = 60.0
_THROTTLED_SECONDS: Final = 1.0
_USER_AGENT: Final = f"target-constant-contact/{version('target-constant-contact')}"
_STARTS_ACTIVITY: Final = "POST /activities/"
_REDIRECTS: Final = range(300, 400)
_logger = logging.getLogger(__name__)
# The lines of urllib3 hold query strings, and those may hold an address.
logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)


@dataclass(frozen=True, slots=True)
class _Call:
    """A request, and what error lines say of it."""

    request: requests.Request
    what: str
    scope: str
    repeat: bool = True
    in_flight: bool = False
    stream: bool = False


class Transport:
    """Makes requests of the API; an answer is a JSON object, anything else an error.

    Args:
        api_url: Base URL with the path ``/v3``.
        auth: Signs each request.
        limiter: Asked before each request, repeated ones too.
        retry_seconds: First of the growing waits between tries; None takes the usual one.
        timeout: Seconds to connect, and seconds without an answer.
        max_tries: How often a request is made before it is given up.

    Attributes:
        requests_made: Requests so far; every try counts.
    """

    def __init__(  # noqa: PLR0913 - each is a setting of the client
        self,
        api_url: str,
        *,
        auth: Signer,
        limiter: RateLimiter,
        retry_seconds: float | None,
        timeout: tuple[float, float],
        max_tries: int,
    ) -> None:
        self._api_url = api_url.rstrip("/")
        self._limiter = limiter
        self._timeout = timeout
        self._max_tries = max_tries
        self._retry_seconds = RETRY_SECONDS if retry_seconds is None else retry_seconds
        self._auth = auth
        # A session is not promised to be safe for threads; one for each needs no lock.
        self._of_thread = threading.local()
        self._sessions: list[requests.Session] = []
        self._counting = threading.Lock()
        self.requests_made = 0

    def pages(self, path: str, params: dict[str, Any], member: str) -> Iterator[dict[str, Any]]:
        """The items of all pages; a link that was followed before ends them.

        Args:
            path: Path of the collection.
            params: Query of the first page.
            member: Name of the list that holds the items.
        """
        answer = self.send("GET", path, params=params)
        followed: set[str] = set()
        while True:
            yield from items(answer, member)
            href = next_href(answer)
            if not href or href in followed:
                return
            followed.add(href)
            answer = self.send("GET", path, url=self._same_host(href))

    def download(self, href: str, what: str, media_type: str) -> IO[bytes]:
        """Fetch a file whole, however large, into a temporary one that nobody else can open.

        Args:
            href: Link of an answer.
            what: What error lines call it.
            media_type: What is asked for.

        Raises:
            TargetError: It was refused, or could not be fetched whole.
        """
        url = self._same_host(href)
        request = requests.Request("GET", url, headers={"Accept": media_type})
        call = _Call(request, what, "contact_data", stream=True)

        def attempt() -> IO[bytes]:
            try:
                response = self._attempt(call)
            except ApiError as error:
                if error.status == _NOT_FOUND:
                    raise PassingError("404, as if it were not written yet") from None
                raise
            with response:
                if response.status_code == _NOT_YET:
                    raise PassingError("202, so it is not written yet")
                return saved_table(response)

        return self._answer(call, attempt)

    def close(self) -> None:
        """Close the connections."""
        for session in self._sessions:
            session.close()

    def _same_host(self, href: str) -> str:
        """The URL of a link, which is a path in the service's answers."""
        try:
            url = urljoin(self._api_url, href)
        except ValueError:  # such as an unclosed bracket in the place of a host
            url = ""
        if urlsplit(url)[:2] != urlsplit(self._api_url)[:2]:
            raise ApiError(
                "The service's answer links to another host; it was not followed. Check api_url.",
                status=200,
            )
        return url

    def send(  # noqa: PLR0913 - the parts of a request
        self,
        method: str,
        path: str,
        *,
        url: str | None = None,
        params: dict[str, Any] | None = None,
        data: bytes | None = None,
        json_body: dict[str, Any] | None = None,
        files: dict[str, Any] | None = None,
        content_type: str | None = None,
        needed: str = "",
        array_as: str = "",
        scope: str = "contact_data",
        repeat: bool = True,
        in_flight: bool = False,
    ) -> dict[str, Any]:
        """Make a request, again if that may help, and return the JSON object of its answer.

        Args:
            method: HTTP method.
            path: Path below the base URL, for error lines too.
            url: Whole URL, for a link of an answer.
            params: Query parameters.
            data: Encoded body.
            json_body: Body to be encoded as JSON.
            files: Parts of a multipart body.
            content_type: Media type of ``data``.
            needed: Member without which an answer is no answer.
            array_as: Name under which an answer that is an array is returned; without it, such
                an answer is none.
            scope: Scope that the request needs, for the error line.
            repeat: Whether the request may be carried out twice.
            in_flight: It asks after work in flight, for which a part of the day's requests is
                kept.

        Raises:
            LostAnswerError: A request that may not be carried out twice got no usable answer,
                and the service may have carried it out.
            TargetError: The request was refused, or got no usable answer.
        """
        headers = {"Accept": "application/json"}
        if content_type:
            headers["Content-Type"] = content_type
        request = requests.Request(
            method,
            url or f"{self._api_url}{path}",
            headers=headers,
            params=params,
            data=data,
            json=json_body,
            files=files,
        )
        what = f"{method} {path}"
        call = _Call(request, what, scope, repeat, in_flight)

        def attempt() -> dict[str, Any]:
            answer = json_of(self._attempt(call))
            if array_as and isinstance(answer, list):
                answer = {array_as: answer}
            if not isinstance(answer, dict):
                raise PassingError("an answer that is not an object")
            if needed and not answer.get(needed):
                raise PassingError(f"an answer without {needed}")
            return answer

        return self._answer(call, attempt)

    def _answer(self, call: _Call, attempt: Callable[[], T]) -> T:
        """Try until there is an answer, or until another try is of no use."""

        def once() -> T:
            try:
                return attempt()
            except PassingError as error:
                if call.repeat or not error.maybe_taken:
                    raise
                raise LostAnswerError(
                    f"{call.what} got no usable answer ({error}); whether the service has taken "
                    "the request is not known"
                ) from None

        try:
            return self._retrying(once, call.what)()
        except PassingError as error:
            raise ServiceUnavailableError(
                f"{call.what} got no usable answer in {self._max_tries} tries, last: {error}. "
                "Start the run again later; see https://status.constantcontact.com"
            ) from None

    def _retrying(self, attempt: Callable[[], T], what: str) -> Callable[[], T]:
        def tell(details: Any) -> None:
            _logger.warning(
                "%s: %s; trying again in %.1f s", what, details["exception"], details["wait"]
            )

        # The library's own log lines would print the arguments of the call.
        return backoff.on_exception(
            backoff.expo,
            PassingError,
            max_tries=self._max_tries,
            factor=self._retry_seconds,
            max_value=_MAX_WAIT_SECONDS,
            logger=None,
            on_backoff=tell,
        )(attempt)

    def _attempt(self, call: _Call) -> requests.Response:
        """Make a request, once more with another token if its token was not accepted."""
        response = self._send_signed(call)
        if response.status_code == _UNAUTHORIZED and self._auth.renew(_token_of(response)):
            response = self._send_signed(call)
        self._check(response, call)
        return response

    def _send_signed(self, call: _Call) -> requests.Response:
        """Make a request once.

        Redirects are not followed, so that a token never goes to another host.
        """
        # Before the slot is reserved, because renewing a token takes its time.
        self._auth.make_ready()
        self._limiter.acquire(in_flight=call.in_flight)
        with self._counting:
            self.requests_made += 1
        started = time.monotonic()
        try:
            response = self._exchange(call.request, stream=call.stream)
            if response.status_code != _OK:
                response.content  # noqa: B018 - reads it; that of an error is never streamed
        except NO_ANSWER as error:
            milliseconds = (time.monotonic() - started) * 1000
            _logger.debug("%s: %s in %.0f ms", call.what, type(error).__name__, milliseconds)
            # Its text holds the whole URL.
            raise PassingError(
                f"no answer ({type(error).__name__})", maybe_taken=not never_sent(error)
            ) from None
        except ValueError as error:
            # Wrong URLs and headers. Their texts quote them, the token too.
            fault = (
                f"{call.what} cannot be sent ({type(error).__name__}); check api_url and the proxy"
            )
            raise SettingsError([fault]) from None
        milliseconds = (time.monotonic() - started) * 1000
        _logger.debug("%s: %d in %.0f ms", call.what, response.status_code, milliseconds)
        return response

    def _exchange(self, request: requests.Request, *, stream: bool) -> requests.Response:
        session = self._session()
        prepared = session.prepare_request(request)
        settings = session.merge_environment_settings(
            prepared.url, {}, stream=stream, verify=None, cert=None
        )
        return session.send(prepared, timeout=self._timeout, allow_redirects=False, **settings)

    def _session(self) -> requests.Session:
        """The session of this thread."""
        session: requests.Session | None = getattr(self._of_thread, "session", None)
        if session is None:
            session = self._of_thread.session = requests.Session()
            session.auth = self._auth
            session.headers["User-Agent"] = _USER_AGENT
            self._sessions.append(session)
        return session

    def _check(self, response: requests.Response, call: _Call) -> None:
        """Raise what an answer that is none asks for."""
        if response.status_code in _UNAVAILABLE:
            raise PassingError(str(ServiceError.of(response)))
        if response.status_code == _TOO_MANY:
            raise self._too_many(ServiceError.of(response), call)
        if not response.ok or response.status_code in _REDIRECTS:
            raise self._refused(ServiceError.of(response), call)

    def _refused(self, error: ServiceError, call: _Call) -> Exception:
        if error.status == _UNAUTHORIZED:
            return self._auth.refusal(f"{call.what}: {error}")
        if error.status == _FORBIDDEN:
            return SignInError(
                f"{call.what}: {error}. The token lacks the scope {call.scope}, or its user a "
                "privilege (contacts:read, contacts:write, contacts:lists:read, "
                "contacts:lists:write). Sign in as an administrator of the account."
            )
        return ApiError(
            f"{call.what}: {error}. The service refused the request as it was made; it was not "
            "repeated.",
            status=error.status,
            error_key=error.key,
        )

    def _too_many(self, error: ServiceError, call: _Call) -> Exception:
        """Tell the three kinds of 429 apart; one that is not known is taken for a throttle."""
        if error.key == "quota_exceeded" or error.message == "Limit Exceeded":
            return QuotaExceededError(
                f"{call.what}: {error}. The API key has used up its requests of the day; start the "
                "run again after 00:00 UTC."
            )
        about_queue = "queue" in f"{error.key} {error.message}".lower()
        if about_queue and call.what.startswith(_STARTS_ACTIVITY):
            return QueueFullError(f"{call.what}: {error}. The account has too many activities.")
        self._limiter.penalize(_THROTTLED_SECONDS)
        return PassingError(str(error), maybe_taken=False)


def _token_of(response: requests.Response) -> str:
    return response.request.headers.get("Authorization", "").removeprefix("Bearer ")
