"""A request of the API as a value: what is sent, and what counts as an answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import requests
from urllib3 import encode_multipart_formdata

from target_constant_contact.api.http.retry import PassingError
from target_constant_contact.redaction import is_id

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

OnTurn: TypeAlias = "Callable[[], None] | None"
ONCE: Final[dict[str, Any]] = {"needed": "activity_id", "repeat": False}
"""Of an import, which has no key by which the service would know it when it comes again."""


# As many attributes as a request has sides: each has a default that suits most of them.
@dataclass(frozen=True, slots=True)
class ApiRequest:
    """One request.

    Attributes:
        method: HTTP method.
        path: Path below the base URL, for error lines too.
        params: Query parameters.
        json: Body: a value to be encoded, or one that is encoded already.
        files: Parts of a multipart body, first the file: its name, its content, its media type.
        needed: Member without which an answer is no answer: an id.
        array_as: Name under which an answer that is an array is returned; without it, such an
            answer is none.
        scope: Scope that the request needs, for the error line.
        repeat: Whether the request may be carried out twice.
        in_flight: It asks after work in flight, for which a part of the day's requests is kept.
        on_turn: Called when it is its turn among all requests, right before it goes out; for
            every try.
    """

    method: str
    path: str
    params: Mapping[str, Any] | None = None
    json: Mapping[str, Any] | bytes | None = None
    files: Mapping[str, Any] | None = None
    needed: str = ""
    array_as: str = ""
    scope: str = "contact_data"
    repeat: bool = True
    in_flight: bool = False
    on_turn: OnTurn = None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def at(self, url: str, media_type: str = "application/json") -> requests.Request:
        """The request as it is sent.

        Args:
            url: Whole URL.
            media_type: What is asked for.
        """
        headers = {"Accept": media_type}
        encoded = self.json if isinstance(self.json, bytes) else None
        if encoded is not None:
            headers["Content-Type"] = "application/json"
        elif self.files:
            encoded, headers["Content-Type"] = _multipart(self.files)
        return requests.Request(
            self.method,
            url,
            headers=headers,
            params=self.params,
            data=encoded,
            json=self.json if encoded is None else None,
        )

    def read(self, answer: Any) -> dict[str, Any]:
        """The JSON object of an answer.

        Raises:
            PassingError: It is none, or lacks what is needed.
        """
        if self.array_as and isinstance(answer, list):
            answer = {self.array_as: answer}
        if not isinstance(answer, dict):
            raise PassingError("an answer that is not an object")
        if self.needed and not is_id(answer.get(self.needed)):
            raise PassingError(f"an answer without {self.needed}")
        return answer


def _multipart(parts: Mapping[str, Any]) -> tuple[bytes, str]:
    """The body that requests would make of these parts, and its media type.

    A file of megabytes is copied once, and not four times.
    """
    (where, (name, content, media_type)), *others = parts.items()
    without, body_type = encode_multipart_formdata([(where, (name, b"", media_type)), *others])
    head, end, rest = without.partition(b"\r\n\r\n")
    return b"".join((head, end, content, rest)), body_type
