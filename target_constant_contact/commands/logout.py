"""The command `logout`: take a connection away, and say what remains at Constant Contact."""

from __future__ import annotations

import difflib
import logging
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from target_constant_contact.api.oauth.connection import REFRESH_TOKEN_DAYS
from target_constant_contact.commands.asking import at_terminal, confirm
from target_constant_contact.commands.common import configured, say
from target_constant_contact.commands.connections import Condition, moment, stored_connections
from target_constant_contact.exceptions import SettingsError, TargetError
from target_constant_contact.settings.settings import defaults
from target_constant_contact.singer.target import TargetConstantContact

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from target_constant_contact.api.oauth.connection import Connection
    from target_constant_contact.api.oauth.tokens import StoredConnections

_logger = logging.getLogger("target-constant-contact")


@click.command("logout")
@configured
@click.option("--connection", metavar="NAME", help="Name of the connection; else the setting's.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def logout(config: dict[str, Any], connection: str | None, *, yes: bool) -> None:
    """Remove a connection and its tokens from the store."""
    configured_name = _configured_name(config)
    name = configured_name if connection is None else connection
    with stored_connections(config) as store:
        _refuse_if_unknown(name, store)
        known = _known(name, store)
        if not yes and not _confirmed(name, known):
            say("Nothing was removed.", err=True)
            click.get_current_context().exit(1)
        store.remove(name)
        say(f"Connection {name!r} is removed from {store.place}.")
    # Deleting tokens takes no access away, so people are told what still works, and until when.
    for line in _remains(known, time.time()):
        say(line)
    for warning in _warnings(config, is_configured=name == configured_name):
        _logger.warning("%s", warning)


def _configured_name(config: Mapping[str, Any]) -> str:
    usual = defaults(TargetConstantContact.config_jsonschema)["connection"]
    return str(config.get("connection") or usual)


def _refuse_if_unknown(name: str, store: StoredConnections) -> None:
    # Whether it can be read does not matter: a damaged one can be removed too.
    if store.has(name):
        return
    names = store.names()
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.6)
    hint = f"; did you mean {' or '.join(map(repr, close))}?" if close else ""
    raise SettingsError([f"there is no connection {name!r} in {store.place}{hint}"])


def _known(name: str, store: StoredConnections) -> Connection | None:
    """The connection, if it can be read: one that cannot is removed all the same."""
    with suppress(TargetError):
        return store.read(name)
    return None


def _confirmed(name: str, known: Connection | None) -> bool:
    if not at_terminal():
        raise SettingsError([f"logout asks before it removes connection {name!r}; pass --yes"])
    account = f" to {known.account_name}" if known and known.account_name else ""
    try:
        return confirm(f"Remove connection {name!r}{account}?")
    except click.Abort:
        return False


def _remains(known: Connection | None, now: float) -> Iterator[str]:
    """What Constant Contact still holds, and how a person ends it there."""
    yield "Constant Contact was not told, as it documents no way to do so. There remain:"
    yield from _remaining_tokens(known, now)
    yield "- all lists and contacts, as they are"
    application = f" {known.application.client_id}" if known else ""
    yield (
        f"To end the tokens there, disconnect the application{application} in the settings of the "
        "account, where its connected applications are. If the application has a secret, a new "
        "secret in the developer portal stops every machine that has the old one from renewing, "
        "for all accounts."
    )
    yield "A run that is under way ends when it next has to renew its token."


def _remaining_tokens(known: Connection | None, now: float) -> Iterator[str]:
    if known is None:
        yield "- an access token, good for up to 24 hours"
        yield f"- a refresh token, good for up to {REFRESH_TOKEN_DAYS} days unless it is revoked"
        return
    condition = Condition.of(known, now)
    if known.access_token and known.expires_at > now:
        yield f"- the access token, good until {moment(condition.access_token_good_until)} UTC"
    if not known.refreshed_at:
        yield "- the refresh token of the settings, which has brought no other yet"
    elif known.refresh_token_expires_at > now:
        until = moment(condition.refresh_token_good_until)
        yield f"- the refresh token, good until {until} UTC unless it is revoked"


def _warnings(config: Mapping[str, Any], *, is_configured: bool) -> Iterator[str]:
    if config.get("refresh_token") and is_configured:
        yield (
            "refresh_token is still in the settings: the next run makes the connection again. "
            "Take it out of the settings and of the environment"
        )
    if config.get("access_token"):
        yield "access_token is still in the settings: runs go on with it until it expires"
