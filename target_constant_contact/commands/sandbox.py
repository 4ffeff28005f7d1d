"""The command `sandbox`: the account on this machine, in the browser."""

from __future__ import annotations

from typing import Any, Final

import click

from target_constant_contact.account.account import load_sandbox
from target_constant_contact.commands.common import configured, say
from target_constant_contact.data_folder import DataFolder

SANDBOX_PORT: Final = 8765


@click.command("sandbox")
@configured
@click.option("--port", type=int, default=SANDBOX_PORT, show_default=True)
def sandbox(config: dict[str, Any], port: int) -> None:
    """Serve the sandbox's account until stopped."""
    path = DataFolder.of_setting(config.get("data_dir")).sandbox
    account = load_sandbox()(path, port=port).start()
    say(f"The sandbox is at {account.url} (account in {path}). Stop it with Ctrl-C.")
    account.serve_forever()
