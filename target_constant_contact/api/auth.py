"""Signing of requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from requests.auth import AuthBase
from typing_extensions import override

if TYPE_CHECKING:
    from requests import PreparedRequest


class BearerToken(AuthBase):
    """Signs requests with an access token that is managed elsewhere; it is not refreshed.

    The token is never shown, also not by ``repr``.

    Args:
        access_token: OAuth 2.0 access token with the scope ``contact_data``.
    """

    def __init__(self, access_token: str) -> None:
        self._access_token = access_token

    @override
    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        r.headers["Authorization"] = f"Bearer {self._access_token}"
        return r

    @override
    def __repr__(self) -> str:
        return f"{type(self).__name__}(***)"
