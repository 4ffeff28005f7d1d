"""The command `release`: a list follows no stream any more."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click

from target_constant_contact.commands.common import configured, listen_all, parse_settings, say


@click.command("release")
@configured
@click.argument("reference", metavar="LIST")
def release(config: dict[str, Any], reference: str) -> None:
    """Let the list LIST follow no stream any more, and forget who is in its segment."""
    settings = parse_settings(config, for_export=True)
    ownership = import_module("target_constant_contact.run.ownership")
    done = ownership.release(settings, listen_all, reference)
    if done.stream:
        say(f"{done.list_name!r} does not follow stream {done.stream!r} any more.")
    else:
        say(f"{done.list_name!r} follows no stream.")
