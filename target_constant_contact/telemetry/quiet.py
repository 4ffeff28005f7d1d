"""What the SDK of OpenTelemetry has to say of itself, kept out of the log of a run."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from target_constant_contact.redaction import said

if TYPE_CHECKING:
    from collections.abc import Iterable
    from threading import Thread

_LOGGER: Final = "opentelemetry"
_logger = logging.getLogger("target-constant-contact")


class Quiet(logging.Handler):
    """Takes the lines of the SDK, which repeats itself with each attempt, to level DEBUG.

    Attributes:
        last: Its last warning, as it may be shown; empty when there was none.
    """

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.last = ""
        self._sdk = logging.getLogger(_LOGGER)
        self._propagated = self._sdk.propagate
        self._sdk.addHandler(self)
        self._sdk.propagate = False

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line, and pass it on to whoever reads everything."""
        # It may quote what the collector has answered, or an address with a key in it.
        self.last = said(record.getMessage())
        _logger.debug("OpenTelemetry: %s", self.last)

    def close_after(self, threads: Iterable[Thread]) -> None:
        """Leave the lines to others when these have ended, and have said all they had to say."""
        for thread in threads:
            thread.join()
        self.close()

    def close(self) -> None:
        """Leave the lines to others again."""
        self._sdk.removeHandler(self)
        self._sdk.propagate = self._propagated
        super().close()
