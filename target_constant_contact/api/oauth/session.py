"""Authlib's session, with answers as they came.

Imported only where somebody signs in or a token is renewed: Authlib takes longer to load than all
of a run that needs none of it, in the sandbox or with an access token.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from authlib.integrations.requests_client import OAuth2Session
from typing_extensions import override

from target_constant_contact.api.http.exchange import guard

if TYPE_CHECKING:
    import requests

    from target_constant_contact.api.oauth.connection import Application

_TIMEOUT: Final = (10.0, 30.0)


class ApplicationSession(OAuth2Session):
    """A session of one application, to be closed by whoever makes it.

    Args:
        application: The application.
    """

    def __init__(self, application: Application) -> None:
        super().__init__(
            application.client_id,
            application.client_secret,
            code_challenge_method="S256",
            default_timeout=_TIMEOUT,
        )
        guard(self)

    @override
    def parse_response_token(self, resp: requests.Response) -> requests.Response:
        """The answer itself: Authlib raises for an odd member, and the token would be lost."""
        return resp
