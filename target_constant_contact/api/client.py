"""One method for each endpoint that is used, and a single door to the network.

Source of paths, keys and limits: https://developer.constantcontact.com/api_reference/index.html
"""

from __future__ import annotations

import logging
import time
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urljoin, urlsplit

import backoff
import requests

from target_constant_contact.api.errors import ServiceError
from target_constant_contact.api.models import Activity, ContactList, CustomField
from target_constant_contact.exceptions import (
    ApiError,
    QueueFullError,
    QuotaExceededError,
    ServiceUnavailableError,
    SignInError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from target_constant_contact.api.limits import RateLimiter

LISTS: Final = "/contact_lists"
CUSTOM_FIELDS: Final = "/contact_custom_fields"
ACTIVITIES: Final = "/activities"
JSON_IMPORT: Final = "/activities/contacts_json_import"
CSV_IMPORT: Final = "/activities/contacts_file_import"
LISTS_PAGE: Final = 500
FIELDS_PAGE: Final = 100
ACTIVITIES_PAGE: Final = 500
RETRY_SECONDS: Final = 1.0
"""First of the growing waits between the tries of a request; the waits are jittered."""

_UNAUTHORIZED: Final = 401
_FORBIDDEN: Final = 403
_CONFLICT: Final = 409
_TOO_MANY: Final = 429
_UNAVAILABLE: Final = frozenset({500, 502, 503, 504})
_MAX_WAIT_SECONDS: Final = 60.0
_THROTTLED_SECONDS: Final = 1.0
_logger = logging.getLogger(__name__)


class _PassingError(Exception):
    """A request failed in a way that another try may mend."""


class ConstantContactClient:
    """The API as this target uses it. Answers are typed; errors say what to do next.

    Args:
        api_url: Base URL with the path ``/v3``.
        auth: Signs each request.
        limiter: Asked before each request, repeated ones too.
        retry_seconds: First of the growing waits between tries; None takes the usual one.
        timeout: Seconds to connect, and seconds without an answer.
        max_tries: How often a request is made before it is given up.
    """

    def __init__(  # noqa: PLR0913 - all but two have defaults
        self,
        api_url: str = "https://api.cc.email/v3",
        *,
        auth: requests.auth.AuthBase,
        limiter: RateLimiter,
        retry_seconds: float | None = None,
        timeout: tuple[float, float] = (10.0, 60.0),
        max_tries: int = 6,
    ) -> None:
        self._api_url = api_url.rstrip("/")
        self._limiter = limiter
        self._timeout = timeout
        self._max_tries = max_tries
        self._retry_seconds = RETRY_SECONDS if retry_seconds is None else retry_seconds
        self._session = requests.Session()
        self._session.auth = auth
        self._session.headers["User-Agent"] = (
            f"target-constant-contact/{version('target-constant-contact')}"
        )
        self.requests_made = 0

    def contact_lists(self) -> list[ContactList]:
        """All lists of the account that are not deleted."""
        pages = self._pages(LISTS, {"limit": LISTS_PAGE}, "lists")
        found = {item.list_id: item for item in map(ContactList.from_json, pages)}
        return [item for item in found.values() if not item.deleted]

    def create_contact_list(self, name: str) -> ContactList:
        """Make a list.

        When an earlier try has made it and only its answer was lost, that list is returned.

        Raises:
            ApiError: 409 when the name belongs to a list that cannot be seen.
        """
        try:
            answer = self._send("POST", LISTS, json_body={"name": name})
        except ApiError as error:
            existing = self._list_named(name) if error.status == _CONFLICT else None
            if existing is None:
                raise
            return existing
        return ContactList.from_json(answer)

    def custom_fields(self) -> list[CustomField]:
        """All custom fields of the account."""
        pages = self._pages(CUSTOM_FIELDS, {"limit": FIELDS_PAGE}, "custom_fields")
        found = {item.custom_field_id: item for item in map(CustomField.from_json, pages)}
        return list(found.values())

    def import_json(self, body: bytes) -> Activity:
        """Start an import of an encoded JSON body.

        Repeating an import whose answer was lost is harmless: it updates the same contacts.

        Raises:
            QueueFullError: The account has too many unfinished activities.
        """
        answer = self._send("POST", JSON_IMPORT, data=body, content_type="application/json")
        return Activity.from_json(answer)

    def import_csv(
        self, file: bytes, list_ids: Sequence[str], sms_permission_to_send: str | None = None
    ) -> Activity:
        """Start an import of a CSV file.

        Raises:
            QueueFullError: The account has too many unfinished activities.
        """
        parts: dict[str, Any] = {
            "file": ("contacts.csv", file, "text/csv"),
            "list_ids": (None, ",".join(list_ids)),
        }
        if sms_permission_to_send:
            parts["sms_permission_to_send"] = (None, sms_permission_to_send)
        return Activity.from_json(self._send("POST", CSV_IMPORT, files=parts))

    def activity(self, activity_id: str) -> Activity:
        """The state of one activity.

        Raises:
            ApiError: 404 when there is none, or it is older than 10 days.
        """
        return Activity.from_json(self._send("GET", f"{ACTIVITIES}/{activity_id}"))

    def recent_activities(self) -> list[Activity]:
        """The state of up to 500 activities of the account, in one request."""
        answer = self._send("GET", ACTIVITIES, params={"limit": ACTIVITIES_PAGE})
        return [Activity.from_json(item) for item in _items(answer, "activities")]

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _list_named(self, name: str) -> ContactList | None:
        pages = self._pages(LISTS, {"limit": LISTS_PAGE, "name": name}, "lists")
        found = map(ContactList.from_json, pages)
        return next((item for item in found if item.name == name and not item.deleted), None)

    def _pages(self, path: str, params: dict[str, Any], member: str) -> Iterator[dict[str, Any]]:
        """The items of all pages; a link that was followed before ends them."""
        answer = self._send("GET", path, params=params)
        followed: set[str] = set()
        while True:
            yield from _items(answer, member)
            href = ((answer.get("_links") or {}).get("next") or {}).get("href")
            if not href or href in followed:
                return
            followed.add(href)
            answer = self._send("GET", path, url=self._same_host(href))

    def _same_host(self, href: str) -> str:
        """The URL of a link, which is a path in the service's answers."""
        url = urljoin(self._api_url, href)
        if urlsplit(url)[:2] != urlsplit(self._api_url)[:2]:
            raise ApiError(
                "The service's answer links to another host; it was not followed. Check api_url.",
                status=200,
            )
        return url

    def _send(  # noqa: PLR0913 - the parts of a request
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
    ) -> dict[str, Any]:
        """Make a request and return its JSON object: limit, sign, send, classify, retry."""
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

        def attempt() -> dict[str, Any]:
            self._limiter.acquire()
            return self._attempt(request, what)

        try:
            return self._retrying(attempt, what)()
        except _PassingError as error:
            raise ServiceUnavailableError(
                f"{what} got no usable answer in {self._max_tries} tries, last: {error}. Start "
                "the run again later; see https://status.constantcontact.com"
            ) from None

    def _retrying(
        self, attempt: Callable[[], dict[str, Any]], what: str
    ) -> Callable[[], dict[str, Any]]:
        def tell(details: Any) -> None:
            _logger.warning(
                "%s: %s; trying again in %.1f s", what, details["exception"], details["wait"]
            )

        # The library's own log lines would print the arguments of the call.
        return backoff.on_exception(
            backoff.expo,
            _PassingError,
            max_tries=self._max_tries,
            factor=self._retry_seconds,
            max_value=_MAX_WAIT_SECONDS,
            logger=None,
            on_backoff=tell,
        )(attempt)

    def _attempt(self, request: requests.Request, what: str) -> dict[str, Any]:
        """Make a request once.

        Redirects are not followed, so that a token never goes to another host.
        """
        self.requests_made += 1
        started = time.monotonic()
        prepared = self._session.prepare_request(request)
        settings = self._session.merge_environment_settings(
            prepared.url, {}, stream=None, verify=None, cert=None
        )
        try:
            response = self._session.send(
                prepared, timeout=self._timeout, allow_redirects=False, **settings
            )
        except requests.RequestException as error:
            # Its text holds the whole URL.
            raise _PassingError(f"no answer ({type(error).__name__})") from None
        milliseconds = (time.monotonic() - started) * 1000
        _logger.debug("%s: %d in %.0f ms", what, response.status_code, milliseconds)
        return self._classify(response, what)

    def _classify(self, response: requests.Response, what: str) -> dict[str, Any]:
        if response.status_code in _UNAVAILABLE:
            raise _PassingError(str(ServiceError.of(response)))
        if response.status_code == _TOO_MANY:
            raise self._too_many(ServiceError.of(response), what)
        if not response.ok or response.is_redirect:
            raise _refused(ServiceError.of(response), what)
        try:
            answer = response.json()
        except ValueError:
            raise _PassingError(f"{response.status_code} with a body that is not JSON") from None
        if not isinstance(answer, dict):
            raise _PassingError(f"{response.status_code} with a body that is not an object")
        return answer

    def _too_many(self, error: ServiceError, what: str) -> Exception:
        """Tell the three kinds of 429 apart; one that is not known is taken for a throttle."""
        if error.key == "quota_exceeded":
            return QuotaExceededError(
                f"{what}: {error}. The API key has used up its requests of the day; start the "
                "run again after 00:00 UTC."
            )
        if "queue" in f"{error.key} {error.message}".lower():
            return QueueFullError(f"{what}: {error}. The account has too many activities.")
        self._limiter.penalize(_THROTTLED_SECONDS)
        return _PassingError(str(error))


def _refused(error: ServiceError, what: str) -> Exception:
    if error.status == _UNAUTHORIZED:
        return SignInError(
            f"{what}: {error}. The access token was not accepted; it may have expired (they live "
            "24 hours). Set a fresh access_token."
        )
    if error.status == _FORBIDDEN:
        return SignInError(
            f"{what}: {error}. The token lacks the scope contact_data, or its user a privilege "
            "(contacts:read, contacts:write, contacts:lists:read, contacts:lists:write). Sign in "
            "as an administrator of the account."
        )
    return ApiError(
        f"{what}: {error}. The service refused the request as it was made; it was not repeated.",
        status=error.status,
        error_key=error.key,
    )


def _items(answer: dict[str, Any], member: str) -> list[dict[str, Any]]:
    items = answer.get(member)
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
