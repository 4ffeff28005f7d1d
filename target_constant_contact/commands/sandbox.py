"""The command `sandbox`: the account on this machine, in the browser."""

from __future__ import annotations

import socket
from typing import Any, Final

import click

from target_constant_contact.account.account import load_sandbox
from target_constant_contact.commands.common import configured, say
from target_constant_contact.data_folder import DataFolder
from target_constant_contact.exceptions import SettingsError

SANDBOX_PORT: Final = 8765


@click.command("sandbox")
@configured
@click.option("--port", type=int, default=SANDBOX_PORT, show_default=True)
def sandbox(config: dict[str, Any], port: int) -> None:
    """Serve the sandbox's account until stopped."""
    path = DataFolder.of_setting(config.get("data_dir")).sandbox
    _refuse_if_taken(port)
    account = load_sandbox()(path, port=port).start()
    say(f"The sandbox is at {account.url} (account in {path}). Stop it with Ctrl-C.")
    account.serve_forever()


def _refuse_if_taken(port: int) -> None:
    # The server's library would print lines of its own, and end the program.
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or "there is no such port"
            fault = f"--port: {port} cannot be used ({reason}); stop what uses it, or pass another"
            raise SettingsError([fault]) from None
