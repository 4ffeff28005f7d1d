"""Reads the service's error answers, in every shape that they come in."""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import requests
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError, ProxyError
from urllib3.exceptions import SSLError as ConnectionSSLError

from target_constant_contact.api.http.answers import parsed
from target_constant_contact.api.http.exchange import UnusableAnswerError
from target_constant_contact.api.http.retry import PassingError
from target_constant_contact.redaction import is_id, said

if TYPE_CHECKING:
    from requests import Response

_KEY: Final = re.compile(r"[\w.-]{1,100}")
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
    what = str(error) if known else f"no answer ({type(error).__name__})"
    return PassingError(what, maybe_taken=not _never_sent(error))


def _never_sent(error: requests.RequestException) -> bool:
    """Whether no connection came about, so that the server cannot have seen the call."""
    if isinstance(error, requests.ConnectTimeout):
        return True
    reason = getattr(error.args[0], "reason", None) if error.args else None
    if isinstance(reason, ProxyError):
        reason = reason.original_error
        # Other errors are called so too, also that of a connection that was cut after the call.
        if str(reason).startswith("Tunnel connection failed"):
            return True
    if isinstance(reason, ConnectionSSLError):
        # Others may come while the answer is read.
        return isinstance(reason.args[0], ssl.SSLCertVerificationError)
    return isinstance(reason, (NewConnectionError, ConnectTimeoutError))
