"""What every exchange over HTTP keeps to, whoever it is with.

What goes to this machine goes through no proxy, and no answer is larger or takes longer than it
may. It is a transport adapter, so that sessions of every kind, Authlib's too, keep to it.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import requests
from requests.adapters import HTTPAdapter
from typing_extensions import override

from target_constant_contact.api.http.addresses import is_this_machine
from target_constant_contact.api.http.timed import Deadline, time_answers, under_way

if TYPE_CHECKING:
    from collections.abc import Iterator

ANSWER_SECONDS: Final = 120.0
"""From the start of a request to the end of its answer. It may be silent for a minute, as the
client's timeout says; another one is enough for 32 MiB."""

MAX_ANSWER_BYTES: Final = 32 << 20
"""Size of an answer, unpacked. The largest are pages of 500 activities; each may name up to 40,000
faulty rows, but a hundred thousand of them in one page still fit."""

TABLE_SECONDS: Final = 1_800.0
"""The same for a file; a million contacts of 300 bytes come in that time at 0.2 MB/s."""

MAX_TABLE_BYTES: Final = 1 << 30
"""Size of a file, unpacked: a million contacts with a kilobyte each. It goes to the disk."""

_CHUNK_BYTES: Final = 1 << 20
_OK: Final = 200


class UnusableAnswerError(requests.RequestException):
    """An answer that is too large, or takes too long. Its text is fit to be shown."""


def guard(session: requests.Session) -> None:
    """Make a session keep to the rules of this module, and sign nothing by a netrc file."""
    for prefix in ("http://", "https://"):
        session.mount(prefix, _GuardedAdapter())
    # Without any, requests looks for one in ~/.netrc, whose default entry is for every host.
    session.auth = session.auth or _as_it_is


def keep_surroundings(session: requests.Session, url: str) -> None:
    """Look once, not with every request, for the proxies and certificates of the environment.

    Args:
        session: Is used for this server only, and is not asked for them itself.
        url: Address of the server.
    """
    found = session.merge_environment_settings(url, {}, stream=None, verify=None, cert=None)
    session.proxies, session.verify = found["proxies"], found["verify"]
    session.trust_env = False


class _GuardedAdapter(HTTPAdapter):
    @override
    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        time_answers(self.poolmanager)

    @override
    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        is_new = proxy not in self.proxy_manager
        manager = super().proxy_manager_for(proxy, **options)
        if is_new:
            time_answers(manager)
        return manager

    # The arguments are those of the class above, as sessions call it.
    @override
    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Any = None,
    ) -> requests.Response:
        """Make a request. The body is read, unless it is the streamed one of a 200."""
        if is_this_machine(request.url or ""):
            proxies = None
        under_way.deadline = Deadline(ANSWER_SECONDS)
        with _in_time():
            response = super().send(request, stream, timeout, verify, cert, proxies)
        if stream and response.status_code == _OK:
            under_way.deadline.seconds = TABLE_SECONDS
        else:
            _read(response)
        return response


def within(response: requests.Response, most: int) -> Iterator[bytes]:
    """The body in parts, read by the thread that has made the request, and by no other request.

    Args:
        response: Its body has not been read.
        most: How many bytes it may have, unpacked.

    Raises:
        UnusableAnswerError: It has more, or takes too long.
    """
    size = 0
    with _in_time():
        for chunk in response.iter_content(_CHUNK_BYTES):
            size += len(chunk)
            if size > most:
                raise UnusableAnswerError(f"an answer of more than {most >> 20} MiB")
            yield chunk


@contextmanager
def _in_time() -> Iterator[None]:
    """Tell what is broken off at the deadline from what breaks off by itself."""
    try:
        yield
    except requests.RequestException as error:
        deadline = under_way.deadline
        if deadline.left() > 0 or isinstance(error, UnusableAnswerError):
            raise
        raise UnusableAnswerError(f"no whole answer in {deadline.seconds:g} s") from None


def _read(response: requests.Response) -> None:
    """Read the body, in the place of the session, which would read any size."""
    try:
        content = b"".join(within(response, MAX_ANSWER_BYTES))
    except BaseException:
        # What is left of it must not be taken for the next answer.
        response.close()
        raise
    response._content = content  # noqa: SLF001 - where the session puts it


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
