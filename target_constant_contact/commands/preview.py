"""The command `preview`: what a run would make of the first rows of a tap."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from target_constant_contact.commands.common import (
    configured,
    input_option,
    json_option,
    opened,
    parse_settings,
    say,
    write_lines,
)
from target_constant_contact.redaction import without_secrets

if TYPE_CHECKING:
    from pathlib import Path

    from target_constant_contact.checks.rehearsal import Rehearsed


@click.command("preview")
@configured
@input_option("A tap's output, or the beginning of it; - for standard input.")
@click.option(
    "--rows",
    type=click.IntRange(min=1),
    default=5,
    show_default=True,
    help="How many rows of each stream.",
)
@json_option
def preview(config: dict[str, Any], messages: Path, rows: int, *, as_json: bool) -> None:
    """Show the first rows beside the contacts that they become; it prints their personal data."""
    settings = parse_settings(config)
    # Not before: the help of a command need not load what a run needs.
    previewing = import_module("target_constant_contact.checks.preview")
    rehearsal = import_module("target_constant_contact.checks.rehearsal")
    accounts = import_module("target_constant_contact.account.unconnected")
    shown = import_module("target_constant_contact.checks.side_by_side")
    with opened(messages) as tap, accounts.connected_or_not(settings) as (account, note):
        rehearsed, seen = previewing.preview(config, account, tap, rows)
        name = account.name or account.connection_name
    faults = list(rehearsal.faults(rehearsed))
    if as_json:
        found = {
            "account": None if note else name,
            "note": note,
            "streams": shown.as_json(rehearsed, seen),
            "faults": [line for line, _ in faults],
        }
        encoding = import_module("target_constant_contact.singer.encoding")
        # Not redacted: the rows are what was asked for.
        lines = map(without_secrets, encoding.readable_lines(found))
        write_lines((f"{line}\n" for line in lines), None)
    else:
        remarks = [note] if note else []
        write_lines((f"{line}\n" for line in shown.lines_of(rehearsed, seen, *remarks)), None)
        say(*(f"Failed: {line}" for line, _ in faults))
        say(*_next(rehearsed))
    click.get_current_context().exit(faults[0][1] if faults else 0)


def _next(rehearsed: Rehearsed) -> list[str]:
    if not rehearsed.plans and not rehearsed.faults:
        return ["The input holds no SCHEMA; a run would send nothing."]
    return ["Nothing was sent. What a whole run would change: target-constant-contact plan"]
