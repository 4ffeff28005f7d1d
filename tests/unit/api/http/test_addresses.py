"""Where tokens and addresses of members may go."""

from __future__ import annotations

import pytest

from target_constant_contact.api.client import ConstantContactClient
from target_constant_contact.api.http.addresses import address_fault, is_this_machine
from target_constant_contact.api.oauth.connection import Application
from target_constant_contact.api.oauth.grants import AuthorizationServer
from target_constant_contact.exceptions import SettingsError
from tests.support.fakes import Limiter

HERE = ["http://localhost", "http://127.0.0.1:8080/v3", "http://127.8.9.10/", "http://[::1]:80/v3"]
ELSEWHERE = [
    "http://api.example.com/v3",
    "http://localhost.example.com",
    "http://127.0.0.1.example.com",
    "http://127.example.com/v3",
    "http://1.127.0.0",
    "http://10.0.0.1/v3",
    "http://[2001:db8::1]/v3",
]
NO_ADDRESS = [
    "",
    "api.cc.email/v3",
    "ftp://localhost",
    "http:///v3",
    "https://",
    "http://localhost@evil.example/",
    "http://127.0.0.1\\@evil.example/",
    "http://evil.example\\.localhost/",
    "http://127.0.0.1 .evil.example/",
    "http://localhost\n.evil.example",
    "https://[::1/v3",
    "https://me:secret-word@api.example.com",
    "https://api.example.com/?key=secret-word",
    "https://api.example.com/#secret-word",
]


@pytest.mark.parametrize("url", [*HERE, "https://api.cc.email/v3", "https://10.0.0.1:8443/a/b-c"])
def test_what_is_encrypted_or_on_this_machine_may_be_an_address(url):
    assert address_fault("api_url", url) == ""


@pytest.mark.parametrize("url", ELSEWHERE)
def test_another_machine_gets_nothing_without_encryption(url):
    assert "begins with http://, and is not on this machine" in address_fault("api_url", url)
    assert not is_this_machine(url)


@pytest.mark.parametrize("url", NO_ADDRESS)
def test_what_parsers_may_read_differently_is_no_address_and_is_not_quoted(url):
    fault = address_fault("auth_url", url)
    assert fault.startswith("auth_url is no address of a server")
    assert "secret-word" not in fault


def test_neither_client_is_made_for_such_an_address():
    """Also where the address comes from Python, or from the file of a connection."""
    with pytest.raises(SettingsError, match="api_url begins with http://"):
        ConstantContactClient("http://api.example.com/v3", auth=None, limiter=Limiter())
    with pytest.raises(SettingsError, match="auth_url begins with http://"):
        AuthorizationServer(Application("an-app", None, "http://example.com"), limiter=None)
