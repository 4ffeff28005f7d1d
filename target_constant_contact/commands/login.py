"""The command `login`: a person connects an account."""

from __future__ import annotations

import getpass
import time
import webbrowser
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import click

from target_constant_contact.account import new_connection, sign_in
from target_constant_contact.api.client import ConstantContactClient
from target_constant_contact.api.oauth.redirect import loopback_address
from target_constant_contact.api.oauth.renewal import ConnectionToken
from target_constant_contact.api.oauth.tokens import open_connections
from target_constant_contact.commands.application import asked_application, known_application
from target_constant_contact.commands.asking import ask, at_terminal, confirm, conversation
from target_constant_contact.commands.common import (
    configured,
    open_account,
    parse_settings,
    say,
    say_address,
)
from target_constant_contact.exceptions import (
    InterruptedRunError,
    SettingsError,
    TargetError,
)
from target_constant_contact.redaction import trust

if TYPE_CHECKING:
    from collections.abc import Iterator

    from target_constant_contact.account.account import Account
    from target_constant_contact.api.models import AccountSummary
    from target_constant_contact.api.oauth.connection import Agreement, Application, Connection
    from target_constant_contact.api.oauth.grants import AuthorizationServer, DeviceCode, Grant
    from target_constant_contact.api.oauth.tokens import StoredConnections
    from target_constant_contact.events.events import Events
    from target_constant_contact.settings.settings import Settings

_say: Final = partial(say, err=True)


@dataclass(frozen=True, slots=True)
class _Options:
    """The options of the command, named as they are."""

    connection: str | None
    client_id: str | None
    account: str | None
    redirect_uri: str
    no_browser: bool
    device: bool
    agree: bool
    agreed_by: str | None
    yes: bool

    def over(self, config: dict[str, Any]) -> dict[str, Any]:
        """The settings, with the options that win over them."""
        given = {name: getattr(self, name) for name in ("connection", "client_id", "account")}
        return config | {name: value for name, value in given.items() if value is not None}


@click.command("login")
@configured
@click.option("--connection", metavar="NAME", help="Name of the connection. [default: default]")
@click.option("--client-id", metavar="ID", help="API key of the application.")
@click.option(
    "--redirect-uri",
    metavar="URI",
    default=sign_in.REDIRECT_URI,
    show_default=True,
    help="As it is registered for the application.",
)
@click.option("--no-browser", is_flag=True, help="Print the address; paste the one it ends on.")
@click.option("--device", is_flag=True, help="Sign in on another device, with a code.")
@click.option("--account", metavar="NAME-OR-ID", help="Accept this account only.")
@click.option("--agree", is_flag=True, help="Agree to the transfer of data without being asked.")
@click.option("--agreed-by", metavar="NAME", help="Who agrees. [default: the user's name]")
@click.option("--yes", is_flag=True, help="Connect to the account without being asked.")
def login(config: dict[str, Any], **options: Any) -> None:
    """Connect to an account: sign in, and keep the connection for later runs.

    A client secret is no option, because others could see it: set client_secret, or the variable
    TARGET_CONSTANT_CONTACT_CLIENT_SECRET, for this command and for runs. One that you type in is
    stored with the connection.
    """
    given = _Options(**options)
    settings = parse_settings(given.over(config))
    with open_connections(settings.store) as store:
        _login(config, settings, given, store)


def _login(
    config: dict[str, Any], settings: Settings, given: _Options, store: StoredConnections
) -> None:
    known = known_application(settings, store)
    _refuse_in_vain(settings, given, known)
    # Before the sign-in: each token serves once, and one that cannot be kept is lost.
    new_connection.prove_writable(store, settings.credentials.connection)
    with conversation():
        try:
            connection = _sign_in(settings, given, asked_application(settings, known))
        except (click.Abort, KeyboardInterrupt):
            _say("")  # The question stands on a line of its own.
            raise InterruptedRunError(
                "The sign-in was stopped before its end; nothing was stored"
            ) from None
    connection = replace(connection, seed=_seed(config, settings))
    new_connection.keep(store, settings.credentials.to_store(connection))
    connection = _renewed(settings, connection)
    say(*_closing_words(config, connection, store))


def _renewed(settings: Settings, connection: Connection) -> Connection:
    """The stored connection, renewed once as runs do it: what fails now would fail at night."""
    client_id = connection.application.client_id
    # The seed of the settings is of the connection that this one has replaced.
    said = replace(settings.credentials, client_id=client_id, refresh_token=None)
    with open_account(replace(settings, access_token=None, credentials=said)) as account:
        token = ConnectionToken(said, account.store, account.authorization_server)
        return new_connection.prove_renewal(token, connection)


def _seed(config: dict[str, Any], settings: Settings) -> str:
    """Fingerprint of the seed in the settings, as runs see it, which know no options."""
    client_id = str(config.get("client_id") or "").strip()
    return replace(settings.credentials, client_id=client_id).seed


def _refuse_in_vain(settings: Settings, given: _Options, known: Application | None) -> None:
    """Raise for all that stands in the way, before anybody signs in in vain."""
    faults = [*_faults(settings, given, known)]
    if faults:
        raise SettingsError(faults)


def _faults(settings: Settings, given: _Options, known: Application | None) -> Iterator[str]:
    if settings.sandbox:
        yield (
            "sandbox is true: the sandbox needs no sign-in. Take sandbox out of the settings to "
            "connect to an account"
        )
        return
    if given.device and given.no_browser:
        yield "--device and --no-browser are two ways to sign in: pass one of them"
    yield from _redirect_faults(given)
    if at_terminal():
        return
    if known is None:
        yield (
            "client_id is missing: set client_id, and client_secret if the application has one; "
            "or pass --client-id"
        )
    if not given.agree:
        yield (
            "--agree is missing: there is no terminal at which somebody could agree that personal "
            "data leaves. Pass --agree, and --agreed-by NAME, if that was agreed to"
        )
    if not given.yes and not settings.account:
        yield (
            "--account is missing: there is no terminal at which somebody could confirm the "
            "account. Pass --account NAME-OR-ID, or --yes to take whichever it is"
        )


def _redirect_faults(given: _Options) -> Iterator[str]:
    if not given.device and not given.no_browser:
        try:
            loopback_address(given.redirect_uri)
        except SettingsError as error:
            yield from error.faults


def _sign_in(settings: Settings, given: _Options, application: Application) -> Connection:
    """Ask, sign in, and show the account; nothing is stored yet."""
    agreement = _agreed(new_connection.agreement_text(application, settings.api_url), given)
    said = replace(
        settings.credentials,
        client_id=application.client_id,
        client_secret=application.client_secret,
    )
    with open_account(replace(settings, access_token=None, credentials=said)) as account:
        grant = _granted(account.authorization_server(application), given, account.events)
        # Tokens age from here on, while the person is still asked.
        now = time.time()
        new_connection.check_grant(grant)
        found = _account(settings, grant, account)
    new_connection.check_account(found, settings.account)
    _confirm(found, given, settings)
    connection = new_connection.connection_of(said.connection, application, grant, now)
    if found:
        connection = connection.leading_to(found.account_id, found.name)
    return replace(connection, agreement=agreement)


def _agreed(text: str, given: _Options) -> Agreement:
    by = given.agreed_by or _user_name()
    trust(by)
    _say(*text.split("\n"))
    _say(f"The agreement of {by} is stored with the connection.")
    if not given.agree and not confirm("Do you agree?", default=False):
        raise TargetError("Not agreed; nothing was sent or stored.")
    return new_connection.agreement(by, text, time.time())


def _user_name() -> str:
    with suppress(Exception):  # It differs between systems which error says that there is none.
        return getpass.getuser()
    return "unknown"


def _granted(server: AuthorizationServer, given: _Options, events: Events) -> Grant:
    if given.device:
        return sign_in.with_device(server, _show_device, events)
    way = sign_in.pasting(_show_address, _pasted)
    if not given.no_browser:
        way = sign_in.listening(given.redirect_uri, _open_browser, events)
    return sign_in.with_code(server, given.redirect_uri, way)


def _show_device(device: DeviceCode) -> None:
    _say("Open this address on any device:")
    say_address(device.url)
    _say(f"and compare or type in the code {device.user_code}. Waiting ...")


def _show_address(url: str) -> None:
    _say("Open this address in any browser, sign in and approve:")
    say_address(url)
    _say("At its end the browser shows a page that may fail to load. Copy the address of that one.")


def _pasted() -> str:
    return ask("Address", optional=True)


def _open_browser(url: str) -> None:
    _say("Sign in and approve in the browser. If none has opened, open this address:")
    say_address(url)
    opened = False
    with suppress(webbrowser.Error, OSError):
        opened = webbrowser.open(url)
    if not opened:
        _say("No browser could be opened here. On a machine without one, use --no-browser.")


def _account(settings: Settings, grant: Grant, account: Account) -> AccountSummary | None:
    client = ConstantContactClient(
        settings.api_url, auth=new_connection.NewToken(grant.access_token), limiter=account.limiter
    )
    try:
        return new_connection.account_of(client, grant)
    finally:
        client.close()


def _confirm(found: AccountSummary | None, given: _Options, settings: Settings) -> None:
    if found:
        _say(f"This is the account {found.name or 'without a name'} ({found.account_id}).")
    else:
        _say("Which account this is cannot be told: that takes the scope account_read.")
    if given.yes or (settings.account and not at_terminal()):
        return
    if not confirm("Connect to this account?", default=True):
        raise TargetError("Not connected; nothing was stored.")


def _closing_words(
    config: dict[str, Any], connection: Connection, store: StoredConnections
) -> Iterator[str]:
    yield f"Connection {connection.name!r} is stored in {store.place}"
    yield "Its tokens were renewed once, as runs will do it."
    yield "That store has to last: each renewal puts the next token there. Runs take it with"
    yield from (f"  connection: {connection.name}", "  accept_data_transfer: true")
    if config.get("client_secret"):
        yield "Leave client_secret in the settings or the environment: it is not stored."
    elif connection.application.client_secret:
        yield "The client secret is stored there too."
    client_id = config.get("client_id")
    if client_id and client_id != connection.application.client_id:
        yield f"Take client_id out of the settings, or correct it: there it is {client_id}."
    if config.get("refresh_token"):
        yield "Take refresh_token out of the settings: this sign-in has taken its place."
    if config.get("access_token"):
        yield "Take access_token out of the settings: runs would use it in place of the connection."
