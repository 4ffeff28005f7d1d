"""The command `connections`: the stored connections, and how long they are good for."""

from __future__ import annotations

import logging
import math
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import click

from target_constant_contact.api.oauth.connection import (
    REFRESH_TOKEN_DAYS,
    WARN_AFTER_DAYS,
    is_fingerprint,
)
from target_constant_contact.api.oauth.tokens import open_connections
from target_constant_contact.commands.common import (
    configured,
    json_option,
    print_json,
    print_table,
    say,
)
from target_constant_contact.exceptions import TargetError
from target_constant_contact.store.place import StorePlace

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

    from target_constant_contact.api.oauth.connection import Connection
    from target_constant_contact.api.oauth.tokens import StoredConnections

_DAY: Final = 86_400
_NOT_READ: Final = "cannot be read"
_logger = logging.getLogger("target-constant-contact")


# A plain record: what `connections --json` prints of each connection.
@dataclass(frozen=True, slots=True)
class Condition:
    """What can be told of a stored connection without asking anybody; it holds no secret.

    Attributes:
        name: Name of the connection.
        status: ``ok``, or what to do.
        account_id: The service's id of the account; empty when it is not known.
        account_name: The account's name; empty when it is not known.
        client_id: The application that it was made with.
        agreed_by: Who agreed to the transfer when it was made; None for a seeded connection.
        agreed_at: When, in ISO 8601.
        agreed_to: To what.
        refresh_token_kind: ``rotating``, ``long-lived`` or ``unknown``.
        refresh_token_age_days: Whole days since it was issued or last used; None before that.
        refresh_token_good_until: When it dies unless it is used, in ISO 8601.
        access_token_good_until: When the access token expires, in ISO 8601.
    """

    name: str
    status: str
    account_id: str = ""
    account_name: str = ""
    client_id: str = ""
    agreed_by: str | None = None
    agreed_at: str | None = None
    agreed_to: str | None = None
    refresh_token_kind: str = ""
    refresh_token_age_days: int | None = None
    refresh_token_good_until: str | None = None
    access_token_good_until: str | None = None

    @classmethod
    def of(cls, connection: Connection, now: float) -> Condition:
        """The condition of a connection.

        Args:
            connection: The connection.
            now: Seconds since the epoch.
        """
        agreement = connection.agreement
        used = bool(connection.refreshed_at)
        return cls(
            name=connection.name,
            status=_status(connection, now),
            account_id=connection.account_id,
            account_name=connection.account_name,
            client_id=connection.application.client_id,
            agreed_by=agreement.by if agreement else None,
            agreed_at=agreement.at if agreement else None,
            agreed_to=agreement.text if agreement else None,
            refresh_token_kind=connection.refresh_token_kind,
            refresh_token_age_days=int(connection.unused_seconds(now) / _DAY) if used else None,
            refresh_token_good_until=_iso(connection.refresh_token_expires_at) if used else None,
            access_token_good_until=_iso(connection.expires_at)
            if connection.access_token
            else None,
        )


def stored_connections(
    config: Mapping[str, Any],
) -> AbstractContextManager[StoredConnections]:
    """The connections of settings that are not checked: only where they are matters.

    Raises:
        SettingsError: It is said in another form than a text.
    """
    return open_connections(StorePlace.of_settings(config))


def moment(value: str | None) -> str:
    """A moment in ISO 8601, for people: UTC, to the minute. Another text stays as it is."""
    try:
        return f"{datetime.fromisoformat(value or '').astimezone(UTC):%Y-%m-%d %H:%M}"
    except ValueError:
        return value or ""


@click.command("connections")
@configured
@json_option
def connections(config: dict[str, Any], *, as_json: bool) -> None:
    """List the stored connections, without asking Constant Contact; runs renew their tokens."""
    with stored_connections(config) as store:
        found, errors = _conditions(store, time.time())
    if as_json:
        print_json([asdict(condition) for condition in found])
    elif found:
        _print(found)
    else:
        say(f"There are no connections in {store.place}. Make one: target-constant-contact login")
    # The first one is raised, so that it decides the exit code; the caller logs that one.
    for error in errors[1:]:
        _logger.error("%s", error)
    if errors:
        raise errors[0]


def _conditions(store: StoredConnections, now: float) -> tuple[list[Condition], list[TargetError]]:
    found, errors = [], []
    for name in store.names():
        try:
            if connection := store.read(name):
                found.append(Condition.of(connection, now))
        except TargetError as error:
            errors.append(error)
            found.append(Condition(name, f"{_NOT_READ}: {error}"))
    return found, errors


def _status(connection: Connection, now: float) -> str:
    used = bool(connection.refreshed_at)
    left = REFRESH_TOKEN_DAYS - connection.unused_seconds(now) / _DAY
    if used and left <= 0:
        return "expired: sign in again"
    # A long-lived token serves again whatever became of the answer.
    if _is_sent(connection) and connection.rotating is not False:
        return "last renewal not finished: the next run tells whether to sign in again"
    if not used:
        return "not used yet"
    if left <= REFRESH_TOKEN_DAYS - WARN_AFTER_DAYS:
        days = math.ceil(left)
        return f"sign in again within {days} day{'s' if days > 1 else ''}"
    return "ok"


def _is_sent(connection: Connection) -> bool:
    """Whether the refresh token was sent and brought no answer yet."""
    # A token of the settings is not in the store to be compared.
    token = connection.refresh_token
    return bool(connection.sent) and (not token or is_fingerprint(connection.sent, token))


def _print(found: list[Condition]) -> None:
    headers = ("name", "account", "signed in (UTC)", "application", "refresh token (UTC)")
    rows = [(*_cells(item), _short(item.status)) for item in found]
    print_table((*headers, "access token until (UTC)", "status"), rows)


def _cells(item: Condition) -> tuple[str, ...]:
    # It could not be read, so nothing else of it is known.
    if not item.client_id:
        return item.name, "", "", "", "", ""
    account = f"{item.account_name} ({item.account_id})" if item.account_id else "not known"
    agreed = f"{moment(item.agreed_at)} by {item.agreed_by}" if item.agreed_at else "seeded"
    token = [item.refresh_token_kind]
    if item.refresh_token_age_days is not None:
        token += [
            f"{item.refresh_token_age_days} days old",
            f"good until {moment(item.refresh_token_good_until)}",
        ]
    until = moment(item.access_token_good_until)
    return item.name, account.strip(), agreed, item.client_id, ", ".join(token), until


def _short(status: str) -> str:
    """A status that fits into a table; what cannot be read is explained below the table."""
    return f"{_NOT_READ}: see below" if status.startswith(_NOT_READ) else status


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
