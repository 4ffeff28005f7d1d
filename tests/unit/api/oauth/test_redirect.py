"""Reading what a browser comes back with."""

from __future__ import annotations

import pytest

from target_constant_contact.api.oauth.redirect import (
    ForeignAnswerError,
    RefusedError,
    code_of,
    has_answer,
    loopback_address,
    query_of,
)
from target_constant_contact.exceptions import SettingsError, SignInError


@pytest.mark.parametrize(
    "pasted",
    [
        "http://localhost:8710/callback?code=c1&state=s1",
        "  'https://www.example.com/?code=c1&state=s1#top'\n",
        "?code=c1&state=s1",
        "code=c1&state=s1",
        "<http://localhost:8710/callback?state=s1&code=c1>",
    ],
)
def test_a_code_is_found_in_an_address_or_in_its_query(pasted):
    assert code_of(query_of(pasted), "s1") == "c1"


@pytest.mark.parametrize(
    "pasted", ["", "   ", "yes", "http://localhost:8710/callback", "https://example.com/?code=&a=b"]
)
def test_an_address_without_code_and_error_is_no_answer(pasted):
    assert not has_answer(query_of(pasted))


@pytest.mark.parametrize("query", ["code=c1&state=s2", "code=c1", "error=access_denied", "state=é"])
def test_the_state_is_compared_before_anything_else_is_read(query):
    with pytest.raises(ForeignAnswerError, match="belongs to another sign-in") as raised:
        code_of(query, "s1")
    assert "c1" not in str(raised.value)


def test_a_refusal_says_so():
    with pytest.raises(RefusedError, match="access was not given"):
        code_of("error=access_denied&error_description=Somebody&state=s1", "s1")


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        ("invalid_scope", "invalid_scope"),
        ("%1b[31mred", "an error that cannot be shown"),
        ("m1%40example.com", "an error that cannot be shown"),
    ],
)
def test_another_error_is_shown_when_it_can_be_a_key(error, shown):
    with pytest.raises(RefusedError) as raised:
        code_of(f"error={error}&state=s1", "s1")
    assert f"({shown})" in str(raised.value)


def test_an_answer_without_code_is_an_error():
    with pytest.raises(SignInError, match="holds no code"):
        code_of("state=s1", "s1")


@pytest.mark.parametrize(
    ("redirect_uri", "address"),
    [
        ("http://localhost:8710/callback", ("127.0.0.1", 8710, "/callback")),
        ("http://127.0.0.1:9000", ("127.0.0.1", 9000, "/")),
        ("http://[::1]:9000/a/b?c=d", ("::1", 9000, "/a/b")),
    ],
)
def test_a_redirect_to_this_machine_is_listened_for(redirect_uri, address):
    assert loopback_address(redirect_uri) == address


@pytest.mark.parametrize(
    "redirect_uri",
    [
        "https://localhost:8710/callback",
        "http://localhost/callback",
        "http://localhost:0/callback",
        "http://www.example.com:8710/callback",
        "http://localhost:99999/",
        "http://[::1/",
        "http://localhost:8710/#callback",
        "callback",
    ],
)
def test_another_redirect_needs_another_way(redirect_uri):
    with pytest.raises(SettingsError, match="--no-browser"):
        loopback_address(redirect_uri)
