"""Signing of requests."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from requests.auth import AuthBase
from typing_extensions import override

from target_constant_contact.exceptions import SettingsError

if TYPE_CHECKING:
    from requests import PreparedRequest


_TOKEN: Final = re.compile(r"[!-~]+")
"""Visible ASCII: nothing that could break a header, whose error would then quote the token."""


class BearerToken(AuthBase):
    """Signs requests with an access token that is managed elsewhere; it is not refreshed.

    The token is never shown, also not by ``repr``.

    Args:
        access_token: OAuth 2.0 access token with the scope ``contact_data``; blanks around it
            are dropped.

    Raises:
        SettingsError: The text cannot be a token. The message does not quote it.
    """

    def __init__(self, access_token: str) -> None:
        self._access_token = access_token.strip()
        if not _TOKEN.fullmatch(self._access_token):
            raise SettingsError(
                ["access_token is blank or holds characters that no token has; paste it alone"]
            )

    @override
    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        r.headers["Authorization"] = f"Bearer {self._access_token}"
        return r

    @override
    def __repr__(self) -> str:
        return f"{type(self).__name__}(***)"
