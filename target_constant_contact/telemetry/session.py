"""How requests to a collector are made: none of them goes to another host."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from requests import Response, Session, TooManyRedirects
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Mapping

    from requests import PreparedRequest

_PROVIDER: Final = "_CREDENTIAL_PROVIDER"
"""The end of the names of variables that say whose sessions the SDK is to use."""


def session_for(variables: Mapping[str, str]) -> Session | None:
    """What the requests to a collector are made with; None: what the variables say."""
    return None if any(name.endswith(_PROVIDER) for name in variables) else _Session()


class _Session(Session):
    """Follows no redirect.

    The SDK either follows it, with the key in a header, or takes it for an answer that says that
    all has been taken.
    """

    @override
    def send(self, request: PreparedRequest, **options: Any) -> Response:
        answer = super().send(request, **options | {"allow_redirects": False})
        if HTTPStatus.MULTIPLE_CHOICES <= answer.status_code < HTTPStatus.BAD_REQUEST:
            raise TooManyRedirects(f"answer {answer.status_code}, and no redirect is followed")
        return answer
