"""Signing requests, and what the settings say of the way to sign in."""

from __future__ import annotations

from dataclasses import replace

import pytest
import requests

from target_constant_contact.api.oauth.connection import Application, Connection
from target_constant_contact.api.oauth.credentials import BearerToken, Credentials
from target_constant_contact.exceptions import SettingsError, SignInError

AUTH_URL = "https://auth.example.com"
SEEDED = Credentials("default", AUTH_URL, "an-app", "secret-1", "secret-seed")
BARE = Credentials("default", AUTH_URL)
STORED = Connection(
    name="default",
    application=Application("an-app", "secret-kept", AUTH_URL),
    refresh_token="secret-refresh",
    access_token="secret-access",
    seed=SEEDED.seed,
    account_name="Example Ltd.",
)


def test_a_request_is_signed_with_the_token():
    request = requests.Request("GET", "https://api.example.com", auth=BearerToken("abc")).prepare()
    assert request.headers["Authorization"] == "Bearer abc"


def test_the_token_is_never_shown():
    signer = BearerToken("token-that-nobody-may-see")
    assert "nobody" not in f"{signer!r} {signer!s} {[signer]}"


def test_a_token_that_is_managed_elsewhere_is_not_renewed():
    signer = BearerToken("abc")
    signer.make_ready()
    assert not signer.renew("abc")
    assert signer.access_token == "abc"


def test_its_refusal_says_to_set_another_or_a_connection():
    error = BearerToken("secret").refusal("GET /x: 401 (unauthorized)")
    assert isinstance(error, SignInError)
    assert str(error).startswith("GET /x: 401 (unauthorized). ")
    assert "access_token" in str(error)
    assert "secret" not in str(error)


def test_credentials_show_no_secret():
    assert "secret" not in f"{SEEDED!r} {SEEDED} {SEEDED.seed}"


def test_a_seed_is_known_by_its_token_and_application():
    others = [
        SEEDED,
        replace(SEEDED, client_id="another-app"),
        replace(SEEDED, refresh_token="secret-seed-2"),
    ]
    assert len({credentials.seed for credentials in others}) == 3
    assert replace(SEEDED, client_secret="secret-2").seed == SEEDED.seed
    assert BARE.seed == ""


def test_a_seed_makes_the_first_connection():
    assert SEEDED.resolve(None) == Connection(
        name="default",
        application=Application("an-app", "secret-1", AUTH_URL),
        refresh_token="secret-seed",
        seed=SEEDED.seed,
    )


def test_the_same_seed_again_goes_on_with_the_stored_chain():
    assert SEEDED.resolve(STORED).refresh_token == "secret-refresh"


def test_a_changed_seed_wins_over_the_stored_chain():
    """It may lead to another account, so nothing of the stored one is taken over."""
    changed = replace(SEEDED, refresh_token="secret-seed-2")
    assert changed.resolve(replace(STORED, sent="x")) == Connection(
        name="default",
        application=Application("an-app", "secret-1", AUTH_URL),
        refresh_token="secret-seed-2",
        seed=changed.seed,
        sent="x",
    )


def test_without_a_seed_the_stored_connection_is_used():
    assert BARE.resolve(STORED) == STORED


@pytest.mark.parametrize("credentials", [BARE, replace(BARE, client_id="an-app")])
def test_without_seed_and_connection_there_is_nothing_to_sign_in_with(credentials):
    with pytest.raises(SignInError, match=r"no connection 'default'.*login --connection default"):
        credentials.resolve(None)


@pytest.mark.parametrize("credentials", [SEEDED, replace(BARE, client_secret="secret-1")])
def test_the_client_secret_of_the_settings_wins_over_the_stored_one(credentials):
    """It was replaced in the developer portal."""
    assert credentials.resolve(STORED).application.client_secret == "secret-1"


@pytest.mark.parametrize(
    ("setting", "value"), [("client_id", "another-app"), ("auth_url", "https://other.example.com")]
)
def test_a_connection_of_another_application_is_refused(setting, value):
    credentials = replace(BARE, **{setting: value})
    with pytest.raises(SettingsError, match=f"{setting} is '{value}'") as caught:
        credentials.resolve(STORED)
    assert "secret" not in str(caught.value)


def test_a_seed_does_not_move_to_another_authorization_server():
    with pytest.raises(SettingsError, match="auth_url"):
        replace(SEEDED, auth_url="https://other.example.com").resolve(STORED)
