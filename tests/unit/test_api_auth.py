"""Signing with a token that is managed elsewhere."""

from __future__ import annotations

import requests

from target_constant_contact.api.auth import BearerToken


def test_a_request_is_signed_with_the_token():
    request = requests.Request("GET", "https://api.example.com", auth=BearerToken("abc")).prepare()
    assert request.headers["Authorization"] == "Bearer abc"


def test_the_token_is_never_shown():
    signer = BearerToken("token-that-nobody-may-see")
    assert "nobody" not in f"{signer!r} {signer!s} {[signer]}"
