"""What signs requests."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from requests.auth import AuthBase
from typing_extensions import override

from target_constant_contact.known_secrets import keep_secret

if TYPE_CHECKING:
    from requests import PreparedRequest

    from target_constant_contact.exceptions import SignInError


class Signer(AuthBase):
    """Signs requests with an access token, which is never shown, also not by ``repr``."""

    @property
    @abstractmethod
    def access_token(self) -> str:
        """The token that requests are signed with."""

    def make_ready(self) -> None:
        """Renew the token if it is about to expire. Called before each request."""

    def renew(self, rejected: str) -> bool:
        """Get another token than the one that was not accepted; return whether there is one."""
        del rejected
        return False

    @abstractmethod
    def refusal(self, said: str) -> SignInError:
        """The error for a request whose token was not accepted, and could not be renewed."""

    @override
    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        token = self.access_token
        keep_secret(token)
        r.headers["Authorization"] = f"Bearer {token}"
        return r

    @override
    def __repr__(self) -> str:
        return f"{type(self).__name__}(***)"
