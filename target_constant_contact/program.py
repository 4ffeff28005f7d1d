"""What the programs of this package begin and end with, whatever they do in between."""

from __future__ import annotations

import logging
import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Final

from singer_sdk.exceptions import ConfigValidationError, SingerSDKError

from target_constant_contact.exceptions import SettingsError, TargetError
from target_constant_contact.log_fields import fields
from target_constant_contact.log_records import redact_handlers, redact_log
from target_constant_contact.redaction import trust
from target_constant_contact.terminal.stderr import patient

if TYPE_CHECKING:
    import click
    from singer_sdk.plugin_base import PluginBase

NOBODY_READS: Final = 128 + 13
"""Exit code as of a program that SIGPIPE has ended."""

_TARGET: Final = logging.getLogger("target-constant-contact")


def prepare() -> None:
    """Make the standard streams what Singer takes them for, and the log something that holds."""
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


def command_of(plugin: type[PluginBase]) -> click.Command:
    """The command of a tap or target, with whatever it logs redacted from now on."""
    redact_log()
    trust(str(Path("~").expanduser()))
    singer: click.Command = plugin.cli
    # singer-sdk has made the log's handlers on the way.
    redact_handlers(plugin.name)
    return singer


def report_error(error: Exception, logger: logging.Logger = _TARGET) -> int:
    """Log what went wrong, a line for each fault; return the exit code.

    The text of an error that nobody foresaw may quote a record, so only its type and place are
    shown.

    Args:
        error: What has ended the program.
        logger: The program's.
    """
    if isinstance(error, ConfigValidationError):
        error = SettingsError(error.errors)
    exit_code: int = getattr(error, "exit_code", 1)
    told = fields(exit_code=exit_code)
    if isinstance(error, SettingsError):
        for fault in error.faults:
            logger.error("%s", fault, extra=told)
    elif isinstance(error, (TargetError, SingerSDKError)):
        logger.error("%s", " ".join(str(error).split()), extra=told)
    elif isinstance(error, OSError):
        logger.error(
            "%s%s. STATE covers only what has landed; start the run again.",
            f"{error.filename}: " if error.filename else "",
            error.strerror or type(error).__name__,
            extra=told,
        )
    else:
        place = traceback.extract_tb(error.__traceback__)[-1]
        logger.error(
            "Unexpected %s in %s, line %s. STATE covers only what has landed. Please report this "
            "with the log at level DEBUG.",
            type(error).__name__,
            place.name,
            place.lineno,
            extra=told,
        )
        for frame in traceback.format_tb(error.__traceback__):
            for line in frame.splitlines():
                logger.debug("%s", line)
    return exit_code


def give_up_stdout() -> None:
    """Python would flush stdout once more at its end, fail, and choose the exit code."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def flush() -> None:
    """Write what was printed and is still in a buffer; end as any program whose reader is gone."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        give_up_stdout()
        sys.exit(NOBODY_READS)
    except OSError as error:
        give_up_stdout()
        # What has failed already, of this perhaps, has been said.
        if not getattr(error.__context__, "code", None):
            error.filename = "stdout"
            sys.exit(report_error(error))


def _hold_standard_streams() -> None:
    """Let no file and no connection get the place of a standard stream that is closed."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            # The lowest that is free, so that one.
            os.open(os.devnull, os.O_RDWR)
