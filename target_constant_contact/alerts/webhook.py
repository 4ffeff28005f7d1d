"""Events for programs: JSON with a signature, as https://www.standardwebhooks.com describes it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from dataclasses import asdict
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

import requests
from requests.auth import AuthBase, HTTPBasicAuth

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from target_constant_contact.reports.told import Alert

ID_HEADER: Final = "webhook-id"
TIME_HEADER: Final = "webhook-timestamp"
SIGNATURE_HEADER: Final = "webhook-signature"

_TIMEOUT: Final = 10.0


class Webhook:
    """A program that gets an event for each message.

    Args:
        name: As `Receiver` says.
        place: As `Receiver` says.
        url: Its URL.
        key: Key of the signatures.
        clock: Tells the time as a Unix timestamp.
    """

    def __init__(
        self,
        name: str,
        place: str,
        url: str,
        key: bytes,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.name = name
        self.place = place
        self._url = url
        self._key = key
        self._clock = clock

    def send(self, alerts: Sequence[Alert], note: Callable[[Alert], object]) -> str:
        """Tell it, as `Receiver` says: one by one, in their order, up to one that it refuses."""
        with requests.Session() as session:
            session.auth = _auth_of(self._url)
            for alert in alerts:
                if refused := self._post(session, alert):
                    return refused
                note(alert)
        return ""

    def _post(self, session: requests.Session, alert: Alert) -> str:
        body = event_of(alert)
        headers = {
            "content-type": "application/json",
            "user-agent": "target-constant-contact",
            **signed(self._key, alert.id, int(self._clock()), body),
        }
        try:
            answer = session.post(
                self._url,
                data=body,
                headers=headers,
                timeout=_TIMEOUT,
                allow_redirects=False,
                stream=True,
            )
        except requests.RequestException as error:
            # Its text quotes the URL.
            return f"no answer ({type(error).__name__})"
        with answer:
            # A redirect is not followed, and says that nobody has taken it.
            is_taken = HTTPStatus.OK <= answer.status_code < HTTPStatus.MULTIPLE_CHOICES
            return "" if is_taken else f"answer {answer.status_code}"


def event_of(alert: Alert) -> bytes:
    """What is sent of a message."""
    event = {"type": f"run.{alert.event}", "timestamp": alert.time, "data": asdict(alert)}
    return json.dumps(event).encode()


def signed(key: bytes, name: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers by which a receiver knows who has sent an event, and when.

    Args:
        key: The key that both have.
        name: Name of the message.
        timestamp: When it is sent, as a Unix timestamp.
        body: What is sent.
    """
    digest = hmac.digest(key, f"{name}.{timestamp}.".encode() + body, hashlib.sha256)
    return {
        ID_HEADER: name,
        TIME_HEADER: str(timestamp),
        SIGNATURE_HEADER: f"v1,{base64.b64encode(digest).decode()}",
    }


class _Nobody(AuthBase):
    """No password: without this, one of ``~/.netrc`` would be sent."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


def _auth_of(url: str) -> AuthBase:
    parts = urlsplit(url)
    if parts.username is None:
        return _Nobody()
    return HTTPBasicAuth(unquote(parts.username), unquote(parts.password or ""))
