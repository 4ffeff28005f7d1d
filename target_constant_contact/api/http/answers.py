"""Reading answers: JSON objects, the items of a page, and tables that are too large for memory."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from typing import IO, TYPE_CHECKING, Any, Final

import requests

from target_constant_contact.api.http.retry import PassingError
from target_constant_contact.exceptions import TargetError

if TYPE_CHECKING:
    from collections.abc import Iterator

NO_ANSWER: Final = (
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.ContentDecodingError,
)
"""What comes in the place of an answer, or of its rest."""

_CHUNK: Final = 1 << 20
_BLANKS: Final = b"\xef\xbb\xbf\r\n\t "
_OTHER_STARTS: Final = (b"", b"<", b"{", b"[")
"""Nothing, or the start of a page, an object or an array, where a table was asked for."""


def json_of(response: requests.Response) -> Any:
    """The JSON value of an answer.

    Raises:
        PassingError: It is not JSON.
    """
    try:
        return response.json()
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


def saved_table(response: requests.Response) -> IO[bytes]:
    """Read a table from the network into a temporary file that nobody else can open.

    Returns:
        The file, at its start. It is gone when it is closed.

    Raises:
        PassingError: It broke off, or is no table.
        TargetError: There is no room for it.
    """
    try:
        with ExitStack() as on_error:
            file: IO[bytes] = on_error.enter_context(tempfile.TemporaryFile())
            for chunk in _chunks(response):
                file.write(chunk)
            # What stands between may answer with a page or an error, and a status of 200.
            file.seek(0)
            _check_start(file.read(_CHUNK))
            file.seek(0)
            on_error.pop_all()
            return file
    except OSError as error:
        raise TargetError(
            f"The answer could not be written into a temporary file ({error.strerror}). Make room "
            "in the folder for temporary files, or name another one in TMPDIR."
        ) from None


def _chunks(response: requests.Response) -> Iterator[bytes]:
    try:
        yield from response.iter_content(_CHUNK)
    except NO_ANSWER as error:
        raise PassingError(f"broken off ({type(error).__name__})") from None


def _check_start(start: bytes) -> None:
    if start.lstrip(_BLANKS)[:1] in _OTHER_STARTS:
        raise PassingError("an answer that is no table")
