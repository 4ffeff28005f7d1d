"""The request limits of an API key, kept by everyone who uses the key together.

A key may send 4 requests a second and 10,000 a day, whatever the number of accounts, tokens and
programs behind it, and the service tells nobody how many are left: they are counted here.
Source: https://developer.constantcontact.com/api_guide/rate_limits.html
"""

from __future__ import annotations

import hashlib
import logging
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from target_constant_contact.events.events import Events
from target_constant_contact.events.kinds import LimitWaited
from target_constant_contact.exceptions import QuotaExceededError
from target_constant_contact.log_fields import fields
from target_constant_contact.store.slot import DAY_SECONDS, LONGEST_PENALTY, day_of
from target_constant_contact.wording import are, counted

if TYPE_CHECKING:
    from collections.abc import Callable

    from target_constant_contact.store.slot import Slot
    from target_constant_contact.store.slots import Slots

REQUESTS_PER_SECOND: Final = 4
"""Of a standard key; partner keys have more."""
REQUESTS_PER_DAY: Final = 10_000
"""Of a standard key, from 00:00 UTC to 00:00 UTC."""
MAX_RESERVED: Final = 150
"""Requests of a day that are kept for asking after what is in flight: at one every 30 seconds
they last for more than an hour."""

_MARGIN: Final = 1.04
"""N intervals last 40 ms longer than a second: a late request does not meet an early one."""
_LATE: Final = 0.02
"""Half of the margin. A caller who wakes later takes a new slot; the rest is for the way there."""
_MOST_EXCHANGES: Final = 5
"""A machine that is always late must go on some time; it then takes its chance of a 429."""

_SET_BACK: Final = 1.0
"""Seconds. By less, clocks are corrected every day."""
_logger = logging.getLogger("target-constant-contact")


def reserved(requests_per_day: int) -> int:
    """How many requests at the end of a day are kept for work in flight."""
    return min(requests_per_day // 4, MAX_RESERVED)


class RateLimiter:
    """Lets requests pass in evenly spaced slots, and no more than a day's worth of them.

    Slots are handed out in the order of asking, so everyone with the same store and key shares one
    limit. A caller that dies keeps nobody waiting for longer than its slot. A caller that the
    machine wakes too late takes a new slot, because its request would meet those of the
    punctual ones.

    The last requests of a day (see `reserved`) only serve those who ask after work in flight, so
    that a run can still learn what became of the rows that it has sent.

    Args:
        slots: Where they are counted. It has the clock.
        key: What the limit belongs to, such as a client id. Only a hash of it is stored.
        requests_per_second: The most requests in any one second.
        requests_per_day: The most requests in one UTC day.
        sleep: Waits for a number of seconds.

    Attributes:
        events: Who is told of each wait; nobody at first.
        requests_per_day: The most requests in one UTC day.
        used: Requests of the day, over all callers, as the last slot told; None before the first.

    Raises:
        TargetError: From every method, when the store cannot be used.
    """

    def __init__(
        self,
        slots: Slots,
        key: str,
        *,
        requests_per_second: int = REQUESTS_PER_SECOND,
        requests_per_day: int = REQUESTS_PER_DAY,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self.events = Events()
        self.requests_per_day = requests_per_day
        self.used: int | None = None
        self._key = hashlib.sha256(key.encode()).hexdigest()
        self._interval = _MARGIN / requests_per_second
        self._sleep = sleep
        self._slots = slots
        self._told_of_clock = False

    def acquire(self, *, in_flight: bool = False) -> None:
        """Reserve the next slot, and return when it has come.

        A reserved slot counts as a request, also when its caller is interrupted while it waits.

        Args:
            in_flight: The request asks after work in flight, and may use the last requests of
                the day.

        Raises:
            QuotaExceededError: The requests of the day that are open to this one are used up.
        """
        missed = None
        for _ in range(_MOST_EXCHANGES):
            slot = self._reserve(in_flight=in_flight, missed=missed)
            # At most what it was when the slot was reserved: the clock may be set back since.
            wait = min(slot.due - self._slots.clock(), slot.time - slot.asked_at)
            if wait > 0:
                self._sleep(wait)
                self.events.tell(LimitWaited("rate", wait))
            # A loaded machine wakes sleepers late, and two late requests may come as one burst.
            if self._slots.clock() - slot.due <= _LATE:
                return
            missed = slot.time

    def penalize(self, seconds: float) -> None:
        """Hold back the slots that are not reserved yet, for every caller of the key.

        Args:
            seconds: How long from now; at most a minute.
        """
        self._slots.postpone(self._key, self._interval, min(seconds, LONGEST_PENALTY))

    def used_today(self) -> int:
        """Return how many requests of the current UTC day are used up."""
        return self._slots.used_today(self._key)

    def _reserve(self, *, in_flight: bool, missed: float | None) -> Slot:
        kept = 0 if in_flight else reserved(self.requests_per_day)
        most = self.requests_per_day - kept
        slot = self._slots.reserve(self._key, self._interval, most, missed=missed)
        self.used = slot.used
        if not slot.granted:
            raise QuotaExceededError(_used_up(slot, self.requests_per_day))
        if slot.set_back > _SET_BACK and not self._told_of_clock:
            self._told_of_clock = True
            _logger.warning(
                "The clock that requests are counted by was set back by %.0f s; requests go on at "
                "the same rate.",
                slot.set_back,
                extra=fields(seconds=slot.set_back),
            )
        return slot


def _used_up(slot: Slot, per_day: int) -> str:
    day, midnight = day_of(slot.time), (slot.time // DAY_SECONDS + 1) * DAY_SECONDS
    again = _again(midnight, slot.asked_at)
    if slot.used >= per_day:
        return (
            f"all {counted(slot.used, 'request')} of {day} (UTC) {are(slot.used)} used up for this "
            f"API key; run again after {again}"
        )
    return (
        f"{counted(slot.used, 'request')} of {day} (UTC) {are(slot.used)} used up for this API "
        f"key, and the last {reserved(per_day):,} of the day are kept for asking after what is in "
        f"flight; run again after {again}"
    )


def _again(midnight: float, now: float) -> str:
    minutes = round((midnight - now) / 60)
    when = datetime.fromtimestamp(midnight, UTC)
    return f"{when:%Y-%m-%d %H:%M} UTC, in {minutes // 60} h {minutes % 60} min"
