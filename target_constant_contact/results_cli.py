"""The command line of the tap: every error is one line and an exit code, as of the target."""

from __future__ import annotations

import logging
import sys

from target_constant_contact.program import command_of, flush, give_up_stdout, prepare, report_error
from target_constant_contact.results_tap.tap import TapConstantContactResults

_logger = logging.getLogger(TapConstantContactResults.name)


def main() -> None:
    """Entry point of ``tap-constant-contact-results``."""
    prepare()
    try:
        run()
    finally:
        flush()


def run() -> None:
    """Do what the words of the command line ask for, and end with an exit code."""
    singer = command_of(TapConstantContactResults)
    singer.help = "Write what has become of the rows of past runs to stdout, as Singer messages."
    try:
        singer()
    except Exception as error:  # noqa: BLE001 - the last place where it can be explained
        if isinstance(error.__cause__, BrokenPipeError):
            give_up_stdout()
        sys.exit(report_error(error, _logger))
