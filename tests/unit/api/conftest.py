"""A client of a server on this machine, which tries again at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from target_constant_contact.api.client import ConstantContactClient
from target_constant_contact.api.oauth.credentials import BearerToken
from tests.support.fakes import Limiter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_httpserver import HTTPServer


@pytest.fixture
def limiter() -> Limiter:
    """Lets everything pass."""
    return Limiter()


@pytest.fixture
def api_url(httpserver: HTTPServer) -> str:
    """Where the client asks unless a test says otherwise."""
    return httpserver.url_for("/v3")


@pytest.fixture
def client_options() -> dict[str, Any]:
    """What a module wants to be different for all of its clients."""
    return {}


@pytest.fixture
def make(api_url: str, limiter: Limiter, client_options: dict[str, Any]) -> Iterator[Any]:
    """Make clients, and close them: `make(url, **options)`."""
    usual = {
        "auth": BearerToken("t"),
        "limiter": limiter,
        "retry_seconds": 0,
        "timeout": (5, 5),
        "max_tries": 3,
    }
    clients: list[ConstantContactClient] = []

    def make(url: str = api_url, **options: Any) -> ConstantContactClient:
        clients.append(ConstantContactClient(url, **usual | client_options | options))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def client(make: Any) -> ConstantContactClient:
    """A client with the usual options."""
    return make()
