"""Which application a sign-in is for: of the settings, of a stored connection, or asked for."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from target_constant_contact.api.oauth.connection import Application
from target_constant_contact.commands.asking import ask, at_terminal
from target_constant_contact.exceptions import SignInError

if TYPE_CHECKING:
    from target_constant_contact.api.oauth.tokens import StoredConnections
    from target_constant_contact.settings.settings import Settings


def known_application(settings: Settings, store: StoredConnections) -> Application | None:
    """The application of the settings, or else of the connection that is being replaced."""
    said = settings.credentials
    stored = None
    with suppress(SignInError):  # A damaged one is about to be replaced.
        stored = store.read(said.connection)
    kept = stored.application if stored and stored.application.auth_url == said.auth_url else None
    client_id = said.client_id or (kept.client_id if kept else None)
    if client_id is None:
        return None
    # Another application has another secret.
    secret = kept.client_secret if kept and kept.client_id == client_id else None
    return Application(client_id, said.client_secret or secret, said.auth_url)


def asked_application(settings: Settings, known: Application | None) -> Application:
    """The application, with what a person at the terminal has to add to what is known of it."""
    said = settings.credentials
    application = known or Application(
        ask("Client id (API key) of your application"), said.client_secret, said.auth_url
    )
    if application.client_secret or not at_terminal():
        return application
    # Nothing but the person tells which kind of application it is.
    secret = ask("Client secret (blank for a public application)", optional=True, hidden=True)
    return replace(application, client_secret=secret or None)
