"""The command `alerts`: who is told of runs, and whether they can be reached."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from target_constant_contact.commands.common import (
    configured,
    json_option,
    parse_settings,
    print_json,
    print_table,
)
from target_constant_contact.exceptions import SettingsError, TargetError
from target_constant_contact.reports.told import Alert
from target_constant_contact.settings.alert_urls import apprise_faults

if TYPE_CHECKING:
    from collections.abc import Sequence


@click.command("alerts")
@configured
@click.option("--test", "is_test", is_flag=True, help="Send each of them a message.")
@json_option
def alerts(config: dict[str, Any], *, is_test: bool, as_json: bool) -> None:
    """Show who is told of runs, or try whether they can be."""
    settings = parse_settings(config).alerts
    if not settings.wanted:
        raise SettingsError(
            ["alert_urls is not set, and neither is alert_webhooks, so nobody is told. Set either"]
        )
    # Not before: the help of a command need not load what sends.
    receivers = import_module("target_constant_contact.alerts.receivers").receivers(settings)
    if not is_test:
        _refuse_unknown(settings.urls)
        on = ", ".join(sorted(settings.on)) or "nothing"
        _show(("receiver", "told of"), [(each.place, on) for each in receivers], as_json=as_json)
        return
    deliver = import_module("target_constant_contact.alerts.delivery").deliver
    tried = deliver((each, [_message()]) for each in receivers)
    results = [(each.receiver.place, each.fault or "told") for each in tried]
    _show(("receiver", "result"), results, as_json=as_json)
    if failed := [each.receiver.place for each in tried if each.fault]:
        raise TargetError(
            f"{len(failed)} of {len(tried)} could not be told: {', '.join(failed)}. Correct the "
            "URL, or see that this machine reaches it, and try again"
        )


def _refuse_unknown(urls: Sequence[str]) -> None:
    """A run does not begin with such a URL, and so nobody would be told.

    Raises:
        SettingsError: Apprise does not know one.
    """
    if faults := [*apprise_faults(urls)]:
        raise SettingsError(faults)


def _message() -> Alert:
    now = datetime.now(UTC)
    return Alert(
        id=f"test-{now:%Y%m%dT%H%M%S%fZ}",
        event="test",
        run="",
        kind="",
        export="",
        connection="",
        account="",
        time=now.isoformat(timespec="seconds"),
        text="This is a test: here you are told when a run to Constant Contact needs you.",
    )


def _show(headers: Sequence[str], rows: Sequence[tuple[str, str]], *, as_json: bool) -> None:
    if as_json:
        print_json([dict(zip(headers, row, strict=True)) for row in rows])
    else:
        print_table(headers, rows)
