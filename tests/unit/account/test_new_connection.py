"""Judging what was granted, and keeping what it makes."""

from __future__ import annotations

import pytest

from target_constant_contact.account import new_connection
from target_constant_contact.api.models import AccountSummary
from target_constant_contact.api.oauth.connection import Application
from target_constant_contact.api.oauth.grants import SCOPES, Grant
from target_constant_contact.api.oauth.renewal import ConnectionToken
from target_constant_contact.api.oauth.tokens import StoredConnections
from target_constant_contact.api.oauth.transport import GrantRefusedError, NoGrantError
from target_constant_contact.exceptions import SettingsError, SignInError, TryLaterError
from target_constant_contact.store.sqlite import SqliteFile
from target_constant_contact.store.versions import prepare

APPLICATION = Application("app", None, "https://auth.example.com")


def granted(scope: str = "contact_data offline_access account_read", refresh_token: str = "next"):
    return Grant("access", refresh_token, 86_400, scope)


@pytest.mark.parametrize("scope", ["contact_data offline_access", ""])
def test_a_grant_with_contacts_and_a_refresh_token_is_enough(scope):
    new_connection.check_grant(granted(scope))


def test_a_grant_without_refresh_token_says_how_to_get_one():
    with pytest.raises(SignInError, match=r"offline_access was not granted.*developer portal"):
        new_connection.check_grant(granted("contact_data", refresh_token=""))


def test_a_grant_without_contacts_is_not_enough():
    with pytest.raises(SignInError, match="contact_data was not granted"):
        new_connection.check_grant(granted("offline_access account_read"))


@pytest.mark.parametrize("expected", [None, "Example Co", "EXAMPLE CO", "a1"])
def test_the_account_that_was_meant_is_accepted(expected):
    new_connection.check_account(AccountSummary("a1", "Example Co"), expected)


@pytest.mark.parametrize(
    ("found", "said"),
    [(AccountSummary("a2", "Other Co"), "'Other Co' .a2."), (None, "account_read")],
)
def test_another_account_or_an_unknown_one_is_refused(found, said):
    with pytest.raises(SettingsError, match=said):
        new_connection.check_account(found, "Example Co")


def test_a_connection_counts_from_the_moment_of_its_grant():
    connection = new_connection.connection_of("shop", APPLICATION, granted(), 1_000.0)
    assert connection.expires_at == 1_000.0 + 86_400
    assert connection.refreshed_at == 1_000.0
    assert connection.rotating is None
    assert connection.is_fresh(1_000.0 + 86_000)


def test_an_agreement_names_the_moment_in_utc():
    made = new_connection.agreement("Ada", "all of it", 1_767_603_600.4)
    assert (made.by, made.at, made.text) == ("Ada", "2026-01-05T09:00:00+00:00", "all of it")


def test_the_agreement_names_data_service_application_and_scopes():
    text = new_connection.agreement_text(APPLICATION, "https://api.cc.email/v3")
    for words in ("e-mail address", "names", "api.cc.email", "app", "permission", *SCOPES):
        assert words in text


@pytest.fixture
def store(tmp_path):
    """A store in a file, and a way to make it as one on a full disk."""
    prepare(database := SqliteFile(tmp_path / "store.sqlite"))

    def fill_disk():
        with database._engine.connect() as connection:
            connection.connection.dbapi_connection.execute("PRAGMA query_only = ON")

    made = StoredConnections(database)
    made.fill_disk = fill_disk
    yield made
    database.close()


def test_a_store_is_proved_without_a_trace(store):
    new_connection.prove_writable(store, "shop")
    assert store.names() == []


def test_a_disk_that_takes_nothing_is_noticed_before_the_sign_in(store):
    store.fill_disk()
    said = r"'shop' could not be stored \(the store in .*readonly.*nobody was asked to sign in"
    with pytest.raises(SettingsError, match=said):
        new_connection.prove_writable(store, "shop")


def test_a_connection_that_cannot_be_kept_after_the_sign_in_is_said(store):
    connection = new_connection.connection_of("shop", APPLICATION, granted(), 1_000.0)
    store.fill_disk()
    said = r"the sign-in worked, but connection 'shop' could not be stored \(the store.*readonly"
    with pytest.raises(SettingsError, match=said):
        new_connection.keep(store, connection)


class BrokenToken(ConnectionToken):
    """A renewal that fails of what is given."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def renew(self, rejected: str) -> bool:
        assert rejected == "access"
        raise self._error


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (SettingsError(["wrong secret"]), SettingsError, "expires: wrong secret"),
        (GrantRefusedError("It is used up. Sign in again", key="x"), SignInError, "It is used up"),
        (NoGrantError("Run again later", answer_lost=True), TryLaterError, "Run again later"),
    ],
)
def test_a_renewal_that_fails_says_what_is_stored_and_what_to_do(error, kind, said):
    connection = new_connection.connection_of("shop", APPLICATION, granted(), 1_000.0)
    with pytest.raises(kind) as caught:
        new_connection.prove_renewal(BrokenToken(error), connection)
    assert "Connection 'shop' is stored, but could not be renewed just now" in str(caught.value)
    assert said in str(caught.value)
    assert caught.value.exit_code == error.exit_code
