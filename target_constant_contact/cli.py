"""The command line: the Singer command, and commands for people beside it."""

from __future__ import annotations

import gc
import logging
import os
import select
import sys
import time
import traceback
from importlib import import_module
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

import click
from singer_sdk.exceptions import ConfigValidationError, SingerSDKError

from target_constant_contact.commands.group import CommandGroup
from target_constant_contact.exceptions import SettingsError, TargetError
from target_constant_contact.redaction import redact_log, trust
from target_constant_contact.singer.output import patient
from target_constant_contact.singer.target import TargetConstantContact

if TYPE_CHECKING:
    from collections.abc import Callable

COMMANDS: Final = (
    "adopt",
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
_NOBODY_READS: Final = 128 + 13
"""As for a program that SIGPIPE has ended."""
_SETTINGS_ERRORS: Final = (SettingsError, ConfigValidationError)
_logger = logging.getLogger(TargetConstantContact.name)


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
                _give_up_stdout()
                # What only prints has nothing to say to somebody who has read enough.
                if ctx.invoked_subcommand is not None or ctx.params["about"]:
                    ctx.exit(_NOBODY_READS)
            code = report_error(error)
            if ctx.invoked_subcommand is None and isinstance(error, _SETTINGS_ERRORS):
                _drain(sys.stdin)
            ctx.exit(code)


def report_error(error: Exception) -> int:
    """Log what went wrong, a line for each fault; return the exit code.

    The text of an error that nobody foresaw may quote a record, so only its type and place are
    shown.
    """
    if isinstance(error, ConfigValidationError):
        error = SettingsError(error.errors)
    if isinstance(error, SettingsError):
        for fault in error.faults:
            _logger.error("%s", fault)
    elif isinstance(error, (TargetError, SingerSDKError)):
        _logger.error("%s", " ".join(str(error).split()))
    elif isinstance(error, OSError):
        _logger.error(
            "%s%s. STATE covers only what has landed; start the run again.",
            f"{error.filename}: " if error.filename else "",
            error.strerror or type(error).__name__,
        )
    else:
        place = traceback.extract_tb(error.__traceback__)[-1]
        _logger.error(
            "Unexpected %s in %s, line %s. STATE covers only what has landed. Please report this "
            "with the log at level DEBUG.",
            type(error).__name__,
            place.name,
            place.lineno,
        )
        for frame in traceback.format_tb(error.__traceback__):
            for line in frame.splitlines():
                _logger.debug("%s", line)
    return getattr(error, "exit_code", 1)


def _give_up_stdout() -> None:
    """Python would flush stdout once more at its end, fail, and choose the exit code."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


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
    redact_log()
    trust(str(Path("~").expanduser()))
    singer = TargetConstantContact.cli

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
    _hold_standard_streams()
    for stream in (sys.stdin, sys.stdout):
        # Singer is UTF-8 whatever the locale.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8")
    # Where a caller has put something else in its place, that is left alone.
    if sys.__stderr__ is not None and sys.stderr is sys.__stderr__:
        sys.stderr = patient(sys.__stderr__)
    # An error in the log would be told in the log, and a signal may come while a line is written.
    logging.raiseExceptions = False
    try:
        command()()
    finally:
        _flush()


def _flush() -> None:
    """Write what was printed and is still in a buffer; end as any program whose reader is gone."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        _give_up_stdout()
        sys.exit(_NOBODY_READS)


def _hold_standard_streams() -> None:
    """Let no file and no connection get the place of a standard stream that is closed."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            # The lowest that is free, so that one.
            os.open(os.devnull, os.O_RDWR)


def _callback(singer: click.Command) -> Callable[..., Any]:
    assert singer.callback is not None  # noqa: S101 - singer-sdk always sets it
    return singer.callback
