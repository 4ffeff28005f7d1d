"""The command `adopt`: who is on a list counts as put there by the stream that it follows."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click

from target_constant_contact.commands.common import configured, listen_all, parse_settings, say
from target_constant_contact.wording import counted


@click.command("adopt")
@configured
@click.argument("reference", metavar="LIST")
@click.option("--stream", metavar="NAME", help="The stream, where the settings leave it open.")
def adopt(config: dict[str, Any], reference: str, stream: str | None) -> None:
    """Take who is on the list LIST now for put there, so that sweeps take leavers off."""
    settings = parse_settings(config, for_export=True)
    ownership = import_module("target_constant_contact.run.ownership")
    done = ownership.adopt(settings, listen_all, reference, stream)
    say(
        f"{counted(done.people, 'person', 'people')} on {done.list_name!r} now "
        f"{'counts' if done.people == 1 else 'count'} as put there by stream {done.stream!r}, "
        "which the list follows."
    )
