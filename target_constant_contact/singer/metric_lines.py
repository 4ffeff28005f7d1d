"""Whether the METRIC lines of singer-sdk are in the log: only where somebody asks for them."""

from __future__ import annotations

import logging
import os
from typing import Final

from singer_sdk.metrics import get_metrics_logger

LEVELS: Final = ("TARGET_CONSTANT_CONTACT_LOGLEVEL", "LOGLEVEL")
"""Variables that singer-sdk takes the level of the log from, the first before the second."""


def configured_level() -> int:
    """The level that somebody has given to the METRIC lines; 0 when nobody has."""
    return get_metrics_logger().level


def show_metrics(level: int) -> None:
    """Show METRIC lines, or leave them out, whatever singer-sdk has made of their level.

    It gives them the level of the log when a target is made, also where a file of
    ``SINGER_SDK_LOG_CONFIG`` has another one for them. They are shown if such a file says so, if
    one of the variables does, or if the log shows everything.

    Args:
        level: The :func:`configured_level` before singer-sdk has changed it.
    """
    logger = get_metrics_logger()
    asked = any(map(os.environ.get, LEVELS)) or logging.getLogger().level == logging.DEBUG
    if level:
        logger.setLevel(level)
    elif not asked:
        logger.setLevel(logging.WARNING)
