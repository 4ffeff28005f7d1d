"""The command `sweep`: people who have left a segment leave the list that follows it."""

from __future__ import annotations

from dataclasses import asdict
from importlib import import_module
from typing import Any, Final

import click

from target_constant_contact.commands.common import (
    configured,
    json_option,
    listen_all,
    parse_settings,
    print_json,
    say,
)

NOTHING_FOLLOWS: Final = (
    "No list follows a segment by these settings. One does with load_method: overwrite for its "
    "stream, from the next load on."
)


@click.command("sweep")
@configured
@click.option("--plan", is_flag=True, help="Say what would happen, and change nothing.")
@click.option(
    "--yes-remove",
    type=click.IntRange(min=1),
    metavar="N",
    help="Take off so many people of a list, the number that a brake has named.",
)
@json_option
def sweep(config: dict[str, Any], yes_remove: int | None, *, plan: bool, as_json: bool) -> None:
    """Take people off the lists who have left the segments that these lists follow."""
    if plan:
        config["dry_run"] = True
    settings = parse_settings(config, for_export=True)
    # It opens the store; the help of a command need not load SQLAlchemy.
    sweeping = import_module("target_constant_contact.run.sweeping")
    with sweeping.open_sweep(settings, listen_all, plan=plan, allowed=yes_remove) as run:
        run.sweep()
        if as_json:
            print_json({"run": run.name or None, "lists": [asdict(one) for one in run.found]})
        else:
            lines = [line for one in run.found for line in one.lines()]
            say(*lines or [NOTHING_FOLLOWS])
        run.raise_refusals()
