"""The one way to try again: what passes, how long to wait for it, and when to give up."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeVar

import backoff

from target_constant_contact.events.events import Events
from target_constant_contact.events.kinds import LimitWaited
from target_constant_contact.log_fields import fields

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

RETRY_SECONDS: Final = 1.0
"""First of the growing waits between tries; the waits are jittered."""

THROTTLED_SECONDS: Final = 1.0
"""How long everybody who shares a limit is held back when the service throttles one of them."""

_logger = logging.getLogger(__name__)


class PassingError(Exception):
    """A request failed in a way that another try may mend.

    Args:
        message: What has happened.
        maybe_taken: Whether the service may have carried the request out.
    """

    def __init__(self, message: str, *, maybe_taken: bool = True) -> None:
        super().__init__(message)
        self.maybe_taken = maybe_taken


class ThrottledError(PassingError):
    """The service has not looked at a request, because it came too early."""

    def __init__(self, message: str) -> None:
        super().__init__(message, maybe_taken=False)


@dataclass(frozen=True, slots=True)
class Retry:
    """How often something is tried, and how long the waits between the tries are.

    Attributes:
        max_tries: The first try counts too.
        max_wait_seconds: Longest wait.
        first_wait_seconds: First of the growing waits; None takes ``RETRY_SECONDS``.
        stopped: Asked before each wait; true ends the trying.
        events: Who is told that the service asks to wait.
    """

    max_tries: int
    max_wait_seconds: float
    first_wait_seconds: float | None = None
    stopped: Callable[[], bool] = lambda: False
    events: Events = field(default_factory=Events)

    def call(self, attempt: Callable[[], T], what: str) -> T:
        """Try until something is returned, or until another try is of no use.

        Args:
            attempt: One try.
            what: What log lines call it.

        Raises:
            PassingError: Of the last try.
        """

        def tell(details: Any) -> None:
            error, wait = details["exception"], details["wait"]
            told = fields(request=what, http_status=_status_in(error), wait_seconds=wait)
            _logger.warning("%s: %s; trying again in %.1f s", what, error, wait, extra=told)
            if isinstance(error, ThrottledError):
                self.events.tell(LimitWaited("throttled", wait))

        first = RETRY_SECONDS if self.first_wait_seconds is None else self.first_wait_seconds
        retrying = backoff.on_exception(
            backoff.expo,
            PassingError,
            max_tries=self.max_tries,
            giveup=lambda _: self.stopped(),
            factor=first,
            max_value=self.max_wait_seconds,
            # The library's own log lines would print the arguments of the call.
            logger=None,
            on_backoff=tell,
        )
        return retrying(attempt)()


def _status_in(error: PassingError) -> int | None:
    """The status that an error is about: what it says begins with it, if there was an answer."""
    status = str(error).partition(" ")[0]
    return int(status) if status.isdecimal() else None
