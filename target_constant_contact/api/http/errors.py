"""Reads the service's error answers, in every shape that they come in."""

from __future__ import annotations

import re
import socket
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError, ProxyError
from urllib3.exceptions import SSLError as ConnectionSSLError

from target_constant_contact.api.http.answers import parsed
from target_constant_contact.api.http.exchange import UnusableAnswerError
from target_constant_contact.api.http.retry import PassingError
from target_constant_contact.redaction import is_id, said

if TYPE_CHECKING:
    from collections.abc import Iterator

    from requests import Response

_KEY: Final = re.compile(r"[\w.-]{1,100}")
_CAUSES: Final = {
    requests.ConnectTimeout: "no connection in time; is the address right, and the network up?",
    requests.ReadTimeout: "nothing came in time",
    requests.ConnectionError: "the connection was closed",
    requests.exceptions.ChunkedEncodingError: "its answer broke off",
}
_NO_TUNNEL: Final = "Tunnel connection failed"
_KEYS: Final = ("error_key", "error", "errorCode")
_MESSAGES: Final = ("error_message", "error_description", "errorSummary", "message")


@dataclass(frozen=True, slots=True)
class ServiceError:
    """What the service says of a request that it did not take.

    Attributes:
        status: HTTP status code.
        key: The service's ``error_key``, or an empty string.
        message: Its own words on one line, with anything like a token or an address masked.
        request_id: The gateway's id of the request, which support asks for.
    """

    status: int
    key: str = ""
    message: str = ""
    request_id: str = ""

    @classmethod
    def of(cls, response: Response) -> ServiceError:
        """Read an error answer; a body that is not understood is left out."""
        try:
            body = parsed(response)
        except ValueError:
            body = None
        # The API answers with an array of errors, gateways and the token endpoint with one object.
        found = body[0] if isinstance(body, list) and body else body
        found = found if isinstance(found, dict) else {}
        request_id = response.headers.get("x-amzn-RequestId", "")
        return cls(
            status=response.status_code,
            key=_key(_first(found, _KEYS)),
            message=said(_first(found, _MESSAGES)),
            request_id=request_id if is_id(request_id) else "",
        )

    def __str__(self) -> str:
        words = ": ".join(word for word in (self.key, self.message) if word)
        request = f"; request id {self.request_id}" if self.request_id else ""
        return f"{self.status}{f' ({words})' if words else ''}{request}"


def _first(body: dict[str, Any], names: tuple[str, ...]) -> str:
    return next((str(body[name]) for name in names if body.get(name)), "")


def _key(text: str) -> str:
    """The text, unless it holds what such a key never does, such as an address."""
    return text if _KEY.fullmatch(text) and said(text) == text else ""


def no_answer(error: requests.RequestException) -> PassingError:
    """What has happened to a request that got no answer, or only a part of one."""
    # The text of any other error holds the whole URL, or quotes the request.
    known = isinstance(error, UnusableAnswerError)
    what = str(error) if known else f"no answer{_sender(error)} ({_cause(error)})"
    return PassingError(what, maybe_taken=not _never_sent(error))


def _sender(error: requests.RequestException) -> str:
    """Who should have answered, as far as it is known."""
    url = urlsplit(getattr(error.request, "url", None) or "")
    port = f":{url.port}" if url.port else ""
    through = " through the proxy" if isinstance(error, requests.exceptions.ProxyError) else ""
    return f" from {url.hostname}{port}{through}" if url.hostname else through


def _cause(error: requests.RequestException) -> str:
    """Why there is no answer."""
    told = next(filter(None, map(_reason_of, _chain(error))), "")
    return told or _CAUSES.get(type(error), type(error).__name__)


def _reason_of(found: BaseException) -> str:
    """What one error says, with what to look at where it may be the address or the network."""
    if isinstance(found, ssl.SSLCertVerificationError):
        why = said(getattr(found, "verify_message", ""))
        return (
            f"its certificate is not accepted: {why}; if a proxy of yours inspects TLS, name its "
            "authority in REQUESTS_CA_BUNDLE"
        )
    if isinstance(found, ssl.SSLError) and getattr(found, "reason", None):
        return f"{said(found.reason)}; does that port speak TLS?"
    if isinstance(found, socket.gaierror):
        return "its name cannot be resolved; is the address right, and the network up?"
    if isinstance(found, ConnectionRefusedError):
        return "it refuses the connection; is the address right, and the server up?"
    if str(found).startswith(_NO_TUNNEL):
        return said(str(found))
    return said(getattr(found, "strerror", None) or "")


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The errors that are behind an error of requests, wherever they are kept."""
    queue: list[BaseException] = [error]
    seen: list[BaseException] = []
    while queue:
        found = queue.pop()
        if found in seen:
            continue
        seen.append(found)
        yield found
        kept = [getattr(found, name, None) for name in ("reason", "original_error")]
        behind = [*kept, *found.args, found.__cause__, found.__context__]
        queue += [each for each in behind if isinstance(each, BaseException)]


def _never_sent(error: requests.RequestException) -> bool:
    """Whether no connection came about, so that the server cannot have seen the call."""
    if isinstance(error, requests.ConnectTimeout):
        return True
    reason = getattr(error.args[0], "reason", None) if error.args else None
    if isinstance(reason, ProxyError):
        reason = reason.original_error
        # Other errors are called so too, also that of a connection that was cut after the call.
        if str(reason).startswith(_NO_TUNNEL):
            return True
    if isinstance(reason, ConnectionSSLError):
        # Others may come while the answer is read.
        return isinstance(reason.args[0], ssl.SSLCertVerificationError)
    return isinstance(reason, (NewConnectionError, ConnectTimeoutError))
