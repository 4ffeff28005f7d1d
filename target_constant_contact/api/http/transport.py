"""The single door to the network: limit, sign, send, classify, retry."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import replace
from importlib.metadata import version
from typing import IO, TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import urljoin, urlsplit

import requests

from target_constant_contact.api.http.addresses import refuse_unsafe
from target_constant_contact.api.http.answers import (
    NO_ANSWER,
    items,
    json_of,
    next_href,
    saved_table,
)
from target_constant_contact.api.http.errors import ServiceError, no_answer
from target_constant_contact.api.http.exchange import guard, keep_surroundings
from target_constant_contact.api.http.refusals import refusal
from target_constant_contact.api.http.retry import (
    THROTTLED_SECONDS,
    PassingError,
    Retry,
    ThrottledError,
)
from target_constant_contact.exceptions import (
    ApiError,
    LostAnswerError,
    ServiceUnavailableError,
    SettingsError,
)
from target_constant_contact.log_fields import fields

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from target_constant_contact.api.http.request import ApiRequest
    from target_constant_contact.api.http.signer import Signer
    from target_constant_contact.api.limits.limiter import RateLimiter

T = TypeVar("T")

MAX_PAGES: Final = 100
"""Pages of one listing. An account has at most 1,000 lists, and a page that is asked for 500 of
them has at least 50. Each page is a request of the day's 10,000."""

_NOT_YET: Final = 202
_REDIRECTS: Final = range(300, 400)
_UNAUTHORIZED: Final = 401
_NOT_FOUND: Final = 404
_USER_AGENT: Final = f"target-constant-contact/{version('target-constant-contact')}"
_logger = logging.getLogger(__name__)
# The lines of urllib3 hold query strings, and those may hold an address.
logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)


class Transport:
    """Makes requests of the API; an answer is a JSON object, anything else an error.

    Args:
        api_url: Base URL with the path ``/v3``.
        auth: Signs each request.
        limiter: Asked before each request, repeated ones too.
        retry: How often a request is made before it is given up.
        timeout: Seconds to connect, and seconds without an answer.

    Attributes:
        requests_made: Requests so far; every try counts.

    Raises:
        SettingsError: The address is neither encrypted nor on this machine.
    """

    def __init__(
        self,
        api_url: str,
        *,
        auth: Signer,
        limiter: RateLimiter,
        retry: Retry,
        timeout: tuple[float, float],
    ) -> None:
        refuse_unsafe("api_url", api_url)
        self._api_url = api_url.rstrip("/")
        self._auth = auth
        self._limiter = limiter
        self._retry = retry
        self._timeout = timeout
        # A session is not promised to be safe for threads; one for each needs no lock.
        self._of_thread = threading.local()
        self._sessions: list[requests.Session] = []
        self._counting = threading.Lock()
        self.requests_made = 0

    def send(self, request: ApiRequest) -> dict[str, Any]:
        """Make a request, again if that may help, and return the JSON object of its answer.

        Raises:
            LostAnswerError: A request that may not be carried out twice got no usable answer,
                and the service may have carried it out.
            TargetError: The request was refused, or got no usable answer.
        """
        return self._send_to(f"{self._api_url}{request.path}", request)

    def pages(
        self, request: ApiRequest, member: str, most: int = MAX_PAGES
    ) -> Iterator[dict[str, Any]]:
        """The items of all pages.

        Args:
            request: Asks for the first page.
            member: Name of the list that holds the items.
            most: More pages than there can be.

        Raises:
            ServiceUnavailableError: There are too many, or a link leads to a page that was read.
        """
        answer = self.send(request)
        followed: set[str] = set()
        while True:
            yield from items(answer, member)
            href = next_href(answer)
            if not href:
                return
            # What is missing would look as if it were not in the account.
            if href in followed or len(followed) >= most - 1:
                raise ServiceUnavailableError(
                    f"{request}: its pages have no end ({len(followed) + 1} were read). "
                    "Start the run again later; see https://status.constantcontact.com"
                )
            followed.add(href)
            # The link has the query in it.
            answer = self._send_to(self._same_host(href), replace(request, params=None))

    def download(self, href: str, request: ApiRequest, media_type: str) -> IO[bytes]:
        """Fetch a file whole, however large, into a temporary one that nobody else can open.

        Args:
            href: Link of an answer.
            request: The request, with a path for error lines; it is sent to the link.
            media_type: What is asked for.

        Raises:
            TargetError: It was refused, or could not be fetched whole.
        """
        sent = request.at(self._same_host(href), media_type)

        def attempt() -> IO[bytes]:
            try:
                response = self._attempt(request, sent, stream=True)
            except ApiError as error:
                # An export that is completed may have its file a moment later.
                if error.status == _NOT_FOUND:
                    raise PassingError("404, as if it were not written yet") from None
                raise
            with response:
                if response.status_code == _NOT_YET:
                    raise PassingError("202, so it is not written yet")
                return saved_table(response, str(request))

        return self._answer(request, attempt)

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

    def _send_to(self, url: str, request: ApiRequest) -> dict[str, Any]:
        sent = request.at(url)
        return self._answer(request, lambda: request.read(json_of(self._attempt(request, sent))))

    def _answer(self, request: ApiRequest, attempt: Callable[[], T]) -> T:
        """Try until there is an answer, or until another try is of no use."""

        def once() -> T:
            try:
                return attempt()
            except PassingError as error:
                if request.repeat or not error.maybe_taken:
                    raise
                raise LostAnswerError(
                    f"{request} got no usable answer ({error}); whether the service has taken "
                    "the request is not known"
                ) from None

        try:
            return self._retry.call(once, str(request))
        except PassingError as error:
            raise ServiceUnavailableError(
                f"{request} got no usable answer in {self._retry.max_tries} tries, last: {error}. "
                "Start the run again later; see https://status.constantcontact.com"
            ) from None

    def _attempt(
        self, request: ApiRequest, sent: requests.Request, *, stream: bool = False
    ) -> requests.Response:
        """Make a request, once more with another token if its token was not accepted."""
        response = self._send_signed(request, sent, stream=stream)
        if response.status_code == _UNAUTHORIZED and self._auth.renew(_token_of(response)):
            response = self._send_signed(request, sent, stream=stream)
        self._check(response, request)
        return response

    def _send_signed(
        self, request: ApiRequest, sent: requests.Request, *, stream: bool
    ) -> requests.Response:
        """Make a request once.

        Redirects are not followed, so that a token never goes to another host.
        """
        # Before the slot is reserved, because renewing a token takes its time, and so does making a
        # thread's first session.
        self._auth.make_ready()
        self._session()
        self._limiter.acquire(in_flight=request.in_flight)
        if request.on_turn:
            request.on_turn()
        with self._counting:
            self.requests_made += 1
        started = time.monotonic()
        try:
            response = self._exchange(sent, stream=stream)
        except NO_ANSWER as error:
            _tell(request, type(error).__name__, time.monotonic() - started)
            raise no_answer(error) from None
        except ValueError as error:
            # Wrong URLs and headers. Their texts quote them, the token too.
            fault = (
                f"{request} cannot be sent ({type(error).__name__}); check api_url and the proxy"
            )
            raise SettingsError([fault]) from None
        _tell(request, response.status_code, time.monotonic() - started)
        return response

    def _exchange(self, sent: requests.Request, *, stream: bool) -> requests.Response:
        session = self._session()
        prepared = session.prepare_request(sent)
        return session.send(prepared, timeout=self._timeout, allow_redirects=False, stream=stream)

    def _session(self) -> requests.Session:
        """The session of this thread."""
        session: requests.Session | None = getattr(self._of_thread, "session", None)
        if session is None:
            session = self._of_thread.session = requests.Session()
            session.auth = self._auth
            guard(session)
            keep_surroundings(session, self._api_url)
            session.headers["User-Agent"] = _USER_AGENT
            self._sessions.append(session)
        return session

    def _check(self, response: requests.Response, request: ApiRequest) -> None:
        """Raise what an answer that is none asks for."""
        if response.ok and response.status_code not in _REDIRECTS:
            return
        error = ServiceError.of(response)
        if error.status == _UNAUTHORIZED:
            raise self._auth.refusal(f"{request}: {error}")
        refused = refusal(error, request)
        if isinstance(refused, ThrottledError):
            # All that share the key, or each of them would run into the same wall.
            self._limiter.penalize(THROTTLED_SECONDS)
        raise refused


def _token_of(response: requests.Response) -> str:
    return response.request.headers.get("Authorization", "").removeprefix("Bearer ")


def _tell(request: ApiRequest, answer: int | str, seconds: float) -> None:
    if _logger.isEnabledFor(logging.DEBUG):
        status = answer if isinstance(answer, int) else None
        told = fields(request=str(request), http_status=status, seconds=seconds)
        _logger.debug("%s: %s in %.0f ms", request, answer, seconds * 1000, extra=told)
