"""What singer-sdk itself writes into the log: without its noise, and with fields."""

from __future__ import annotations

import logging
import os
from typing import Any, Final

from singer_sdk.metrics import get_metrics_logger

from target_constant_contact.log_fields import fields

_READ: Final = "Reader '%s' completed processing %d lines of input "
_MESSAGES: Final = ("lines", "schemas", "records", "batches", "states", "activate_versions")
"""What that line counts, in its order."""


def configured_level() -> int:
    """The level that somebody has given to the METRIC lines; 0 when nobody has."""
    return get_metrics_logger().level


def show_metrics(program: str, level: int) -> None:
    """Show METRIC lines, or leave them out, whatever singer-sdk has made of their level.

    It gives them the level of the log when a tap or target is made, also where a file of
    ``SINGER_SDK_LOG_CONFIG`` has another one for them. They are shown if such a file says so, if
    one of the variables does, or if the log shows everything.

    Args:
        program: Name of the tap or target.
        level: The :func:`configured_level` before singer-sdk has changed it.
    """
    logger = get_metrics_logger()
    own_level = f"{program.upper().replace('-', '_')}_LOGLEVEL"
    asked = (
        any(map(os.environ.get, (own_level, "LOGLEVEL")))
        or logging.getLogger().level == logging.DEBUG
    )
    if level:
        logger.setLevel(level)
    elif not asked:
        logger.setLevel(logging.WARNING)


def edit(record: logging.LogRecord) -> bool:
    """Give a line of singer-sdk the fields of what it counts; a filter for the target's logger.

    Returns:
        Whether the line is true: it says "Skipping parse of env var settings..." where it has not
        read settings itself.
    """
    message = str(record.msg)
    if message.startswith(_READ) and isinstance(record.args, tuple):
        counts: dict[str, Any] = dict(zip(_MESSAGES, record.args[1:], strict=False))
        vars(record).update(fields(messages=counts))
    return message != "Skipping parse of env var settings..."
