"""The command line: the Singer command, and commands for people beside it."""

from __future__ import annotations

import gc
import logging
import os
import select
import sys
import time
from importlib import import_module
from typing import IO, TYPE_CHECKING, Any, Final

import click
from singer_sdk.exceptions import ConfigValidationError

from target_constant_contact.commands.group import CommandGroup
from target_constant_contact.exceptions import SettingsError
from target_constant_contact.program import (
    NOBODY_READS,
    command_of,
    flush,
    give_up_stdout,
    prepare,
    report_error,
)
from target_constant_contact.sdk_lines import configured_level, show_metrics
from target_constant_contact.singer.target import TargetConstantContact
from target_constant_contact.terminal.live import LIVE

if TYPE_CHECKING:
    from collections.abc import Callable

COMMANDS: Final = (
    "adopt",
    "alerts",
    "check",
    "connections",
    "erase",
    "fields",
    "lists",
    "login",
    "logout",
    "plan",
    "preview",
    "rejects",
    "release",
    "runs",
    "sandbox",
    "store",
    "sweep",
)
"""Names of the commands beside the Singer command, and of their modules."""
DRAIN_SECONDS: Final = 3.0
_SWITCH_SECONDS: Final = 0.001
"""How long a thread may run while another one wants to. Each of the short calls that send an import
would else wait 5 ms for the thread that reads, which then waits for them: a tenth of the time of
a run to a hundred lists."""
_NEW_OBJECTS: Final = 10_000
"""After how many new objects Python looks for circles of them. Reading a chunk makes thousands that
are in none; looking for them as often as usual is a twentieth of the time of a run."""
_SETTINGS_ERRORS: Final = (SettingsError, ConfigValidationError)


class Cli(CommandGroup):
    """The Singer command when no other is named; every error is one line and an exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of the commands."""
        return [*COMMANDS, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """A command, loaded when it is needed: together they take longer than singer-sdk."""
        if cmd_name not in COMMANDS:
            return super().get_command(ctx, cmd_name)
        module = import_module(f"target_constant_contact.commands.{cmd_name}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was named, or the target."""
        logging.captureWarnings(capture=True)
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:  # noqa: BLE001 - the last place where it can be explained
            if isinstance(error, BrokenPipeError) and sys.stdout is not None:
                give_up_stdout()
                # What only prints has nothing to say to somebody who has read enough.
                if ctx.invoked_subcommand is not None or ctx.params["about"]:
                    ctx.exit(NOBODY_READS)
            code = report_error(error)
            if ctx.invoked_subcommand is None and isinstance(error, _SETTINGS_ERRORS):
                _drain(sys.stdin)
            ctx.exit(code)


def _drain(source: IO[str] | None, seconds: float = DRAIN_SECONDS) -> None:
    """Read the tap's output a little longer, and drop it.

    A tap whose target is gone fails with a broken pipe, and Meltano then hides the fault that
    matters behind the tracebacks of both.
    """
    if source is None:
        return
    deadline = time.monotonic() + seconds
    try:
        descriptor = source.fileno()
        while (left := deadline - time.monotonic()) > 0:
            ready, _, _ = select.select([descriptor], [], [], left)
            if not ready or not os.read(descriptor, 1 << 16):
                return
    except (OSError, ValueError):
        # Not a pipe: there is no tap to spare.
        return


def command() -> Cli:
    """The whole command line, with singer-sdk's logging set up."""
    singer = command_of(TargetConstantContact)
    show_metrics(TargetConstantContact.name, configured_level())

    def run(**options: Any) -> None:
        if click.get_current_context().invoked_subcommand is None:
            _callback(singer)(**options)

    return Cli(
        name=TargetConstantContact.name,
        callback=run,
        params=singer.params,
        invoke_without_command=True,
        help="Turn Singer messages on stdin into Constant Contact lists.",
        context_settings=singer.context_settings,
    )


def main() -> None:
    """Entry point of ``target-constant-contact``."""
    sys.setswitchinterval(_SWITCH_SECONDS)
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS)
    prepare()
    try:
        command()()
    finally:
        LIVE.end()
        flush()


def _callback(singer: click.Command) -> Callable[..., Any]:
    assert singer.callback is not None  # noqa: S101 - singer-sdk always sets it
    return singer.callback
