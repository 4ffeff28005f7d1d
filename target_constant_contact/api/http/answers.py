"""Reading answers: JSON objects, the items of a page, and tables that are too large for memory."""

from __future__ import annotations

import json
import tempfile
from contextlib import ExitStack
from typing import IO, TYPE_CHECKING, Any, Final

import requests

from target_constant_contact.api.http.exchange import (
    MAX_TABLE_BYTES,
    UnusableAnswerError,
    within,
)
from target_constant_contact.api.http.retry import PassingError
from target_constant_contact.exceptions import ApiError, TargetError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

NO_ANSWER: Final = (
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.ContentDecodingError,
    UnusableAnswerError,
)
"""What comes in the place of an answer, or of its rest."""

MAX_DEPTH: Final = 50
"""Levels of JSON in an answer; those of the service have six."""

_MOST_DIGITS: Final = 400
"""Python reads no number of more than 4,300 digits, and the whole answer would be lost for it."""

_START_BYTES: Final = 1 << 20
_BLANKS: Final = b"\xef\xbb\xbf\r\n\t "
_OTHER_STARTS: Final = (b"", b"<", b"{", b"[")
"""Nothing, or the start of a page, an object or an array, where a table was asked for."""


def parsed(response: requests.Response) -> Any:
    """The JSON value of an answer.

    Raises:
        ValueError: It is not JSON, or is nested so deep that whatever walks it would fail.
    """
    try:
        # Not by requests, which takes another parser where one is installed.
        value = json.loads(response.content, parse_int=_whole)
    except RecursionError:
        raise ValueError("nested too deep") from None
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [child for item in level for child in _children(item)]
        if not level:
            return value
    raise ValueError("nested too deep")


def _whole(digits: str) -> int:
    """A number as it is, or the beginning of one that Python would refuse to read."""
    return int(digits[:_MOST_DIGITS])


def _children(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def json_of(response: requests.Response) -> Any:
    """The JSON value of an answer.

    Raises:
        PassingError: It is not JSON.
    """
    try:
        return parsed(response)
    except ValueError:
        raise PassingError(f"{response.status_code} with a body that is not JSON") from None


def items(answer: dict[str, Any], member: str) -> list[dict[str, Any]]:
    """The objects in a list of an answer; whatever else it holds is passed over."""
    found = answer.get(member)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def next_href(answer: dict[str, Any]) -> str:
    """The link to the next page; empty when there is none."""
    links = answer.get("_links")
    found = links.get("next") if isinstance(links, dict) else None
    href = found.get("href") if isinstance(found, dict) else None
    return href if isinstance(href, str) else ""


def saved_table(response: requests.Response, what: str) -> IO[bytes]:
    """Read a table from the network into a temporary file that nobody else can open.

    Args:
        response: The answer, whose body has not been read.
        what: What error lines call the request.

    Returns:
        The file, at its start. It is gone when it is closed.

    Raises:
        PassingError: It broke off, or is no table.
        ApiError: It is larger, or takes longer, than any table of the service.
        TargetError: There is no room for it.
    """
    try:
        with ExitStack() as on_error:
            file: IO[bytes] = on_error.enter_context(tempfile.TemporaryFile())
            for chunk in _chunks(response, what):
                file.write(chunk)
            # What stands between may answer with a page or an error, and a status of 200.
            file.seek(0)
            _check_start(file.read(_START_BYTES))
            file.seek(0)
            on_error.pop_all()
            return file
    except OSError as error:
        raise TargetError(
            f"The answer could not be written into a temporary file ({error.strerror}). Make room "
            "in the folder for temporary files, or name another one in TMPDIR."
        ) from None


def _chunks(response: requests.Response, what: str) -> Iterator[bytes]:
    try:
        yield from within(response, MAX_TABLE_BYTES)
    except UnusableAnswerError as error:
        # Another try would take as long.
        raise ApiError(f"{what}: {error}; it was not fetched again", status=200) from None
    except NO_ANSWER as error:
        raise PassingError(f"broken off ({type(error).__name__})") from None


def _check_start(start: bytes) -> None:
    if start.lstrip(_BLANKS)[:1] in _OTHER_STARTS:
        raise PassingError("an answer that is no table")
